"""EDM 1.0 (TDD 1.0.x, state of April 2023; samples tdd-4.5.4 and Projectathon 2023)."""

from intermediary.edm.profiles.profile import Profile

V1_0 = Profile(
    specification_identifier="oots-edm:v1.0",
    semantic_repository="https://sr.oots.tech.europa.eu",
    data_model_path="distributions",
    severity_preview_required="urn:sr.oots.tech.europa.eu:codes:ErrorSeverity:EDMErrorResponse:PreviewRequired",
    decline_is_empty_response=True,
    set_collections=frozenset({"Requirements"}),
    requirement_descriptions=False,
)
