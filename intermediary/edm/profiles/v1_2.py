"""EDM 1.2 (to TDD 1.2.5): more eIDAS attributes of persons, every collection a Set."""

from dataclasses import replace

from intermediary.edm.profiles.v1_1 import V1_1

V1_2 = replace(
    V1_1,
    specification_identifier="oots-edm:v1.2",
    decline_is_empty_response=False,
    set_collections=frozenset(
        {"Requirements", "EvidenceRequester", "EvidenceProviderClassification", "EvidenceProvider"}
    ),
)
