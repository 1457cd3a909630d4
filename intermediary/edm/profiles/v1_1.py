"""EDM 1.1: the Semantic Repository moves, requirements get descriptions.

Declines stay as in 1.0: an empty response is valid under the rules of every version, error 0002 is not.
"""

from dataclasses import replace

from intermediary.edm.profiles.v1_0 import V1_0

V1_1 = replace(
    V1_0,
    specification_identifier="oots-edm:v1.1",
    semantic_repository="https://sr.oots.tech.ec.europa.eu",
    data_model_path="datamodels",
    severity_preview_required="urn:sr.oots.tech.ec.europa.eu:codes:ErrorSeverity:EDMErrorResponse:PreviewRequired",
    requirement_descriptions=True,
    legal_representative=True,
)
