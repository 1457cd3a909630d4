"""EDM 2.0 (TDD 2.0.0, 2.0.1): packages of classified documents, plain Procedure, ReturnLocation, GET only."""

from dataclasses import replace

from intermediary.edm.profiles.v1_2 import V1_2

V2_0 = replace(
    V1_2,
    specification_identifier="oots-edm:v2.0",
    exchange_id_property=True,
    specification_id_property=True,
    plain_procedure=True,
    packaged=True,
    return_location=True,
    preview_method=False,
    transformation=False,
    request_language=False,
)
