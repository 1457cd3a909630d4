"""What answers of the Data Service Directory and submissions to it say alike: evidence types and services.

The same demands bear other numbers in each rule file, so the numbers come in as a table; where there are two,
they stand in the order of the checks.
"""

from collections.abc import Mapping
from typing import Final

from intermediary.validation.rules import forms
from intermediary.validation.rules.eb_forms import (
    CLASSIFICATION,
    DATA_MODEL,
    JURISDICTION_LIST,
    LEVELS_OF_JURISDICTION,
    UUID,
    country,
    none_empty,
    some_filled,
    transformed_from_model,
    with_model,
)
from intermediary.validation.rules.forms import agent_scheme
from intermediary.validation.rules.model import Check, Rule
from intermediary.validation.rules.predicates import (
    attribute,
    attribute_filled,
    attribute_in,
    child_is,
    filled,
    text_matches,
    value_in,
    value_matches,
)

LANGUAGE: Final = attribute_in("lang", forms.LANGUAGES, forms.LANGUAGE_LIST)
_FILLED: Final = attribute_filled("lang")


def type_content(kind: str, source: str, base: str, numbers: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules on a DataServiceEvidenceType at `base`."""
    distribution = f"{base}/sdg:DistributedAs"
    concept = f"{base}/sdg:EvidenceProviderClassification"
    question = f"{base}/sdg:EvidenceProviderJurisdictionDetermination"
    model = text_matches(*DATA_MODEL, technical=True)
    levels = value_in(LEVELS_OF_JURISDICTION, JURISDICTION_LIST)
    table: tuple[tuple[str, str, tuple[Check, ...]], ...] = (
        ("identifier", f"{base}/sdg:Identifier", (value_matches(*UUID, technical=True),)),
        ("classification", f"{base}/sdg:EvidenceTypeClassification",
         (value_matches(*CLASSIFICATION, technical=True),)),
        ("title", f"{base}/sdg:Title", (LANGUAGE, _FILLED)),
        ("description", f"{base}/sdg:Description", (LANGUAGE, _FILLED)),
        ("format", f"{distribution}/sdg:Format", (value_in(forms.FORMATS, forms.FORMAT_LIST),)),
        ("model", f"{distribution}/sdg:ConformsTo", (model,)),
        ("transformation", f"{distribution}/sdg:Transformation", (model,)),
        ("xml", distribution, (with_model("xml"),)),
        ("json", distribution, (with_model("json"),)),
        ("transformed", distribution, (transformed_from_model(),)),
        *_concept(concept),
        ("context_id", f"{question}/sdg:JurisdictionContextId", (value_matches(*UUID, technical=True),)),
        ("context", f"{question}/sdg:JurisdictionContext", (LANGUAGE, _FILLED)),
        ("level", f"{question}/sdg:JurisdictionLevel", (levels,)),
        ("assurance", f"{base}/sdg:AuthenticationLevelOfAssurance",
         (value_in(forms.LEVELS, forms.LEVEL_LIST),)),
    )  # fmt: skip
    return _declared(kind, source, table, numbers)


def service_content(kind: str, source: str, base: str, numbers: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules on an AccessService at `base`."""
    publisher = f"{base}/sdg:Publisher"
    concept = f"{publisher}/sdg:ClassificationConcept"
    # The rules on answers ask only that a publisher has a scheme, those on submissions that it is not empty.
    present = attribute("schemeID") if kind == "DSD-RESP" else attribute_filled("schemeID")
    table: tuple[tuple[str, str, tuple[Check, ...]], ...] = (
        ("scheme", f"{base}/sdg:Identifier", (attribute_filled("schemeID"), agent_scheme())),
        ("versions", base, (child_is("sdg:ConformsTo", "oots-edm:v1.0"),)),
        ("publisher", f"{publisher}/sdg:Identifier", (present, agent_scheme())),
        ("address", f"{publisher}/sdg:Address/sdg:AdminUnitLevel1", (value_in(*country()),)),
        ("jurisdiction", f"{publisher}/sdg:Jurisdiction/sdg:AdminUnitLevel1", (value_in(*country()),)),
        *_concept(concept),
        ("supported", concept, (some_filled("sdg:SupportedValue"),)),
    )
    return _declared(kind, source, table, numbers)


def _concept(base: str) -> tuple[tuple[str, str, tuple[Check, ...]], ...]:
    return (
        ("concept_id", f"{base}/sdg:Identifier", (value_matches(*UUID, technical=True),)),
        ("concept_type", base, (filled("sdg:Type"),)),
        ("concept_description", base, (none_empty("sdg:Description"),)),
        ("concept_language", f"{base}/sdg:Description", (LANGUAGE, _FILLED)),
    )


def _declared(
    kind: str,
    source: str,
    table: tuple[tuple[str, str, tuple[Check, ...]], ...],
    numbers: Mapping[str, str],
) -> tuple[Rule, ...]:
    made = []
    for name, context, checks in table:
        if name in numbers:
            for number, check in zip(numbers[name].split(), checks, strict=True):
                made.append(Rule(f"R-{kind}-C{number}", kind, context, check, source=source))
    return tuple(made)
