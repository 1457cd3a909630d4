"""Rules on what the slots of the evidence request say, but for the persons (EDM-REQ-C)."""

from typing import Final

from intermediary.validation.rules import forms
from intermediary.validation.rules.editions import BEFORE_2, Edition
from intermediary.validation.rules.forms import agent_scheme, series
from intermediary.validation.rules.model import Kind, Rule
from intermediary.validation.rules.predicates import (
    attribute,
    attribute_filled,
    attribute_in,
    attribute_is,
    child_is,
    child_matches,
    count,
    filled,
    text_matches,
    value_in,
    value_matches,
)
from intermediary.validation.rules.request_slots import REQUEST, value

_c = series("R-EDM-REQ-C", Kind.REQUEST, "TDD 4.6, EDM-REQ-C")
REQUIREMENT: Final = f"{value('Requirements')}/rim:Element/sdg:Requirement"
REQUESTER: Final = f"{value('EvidenceRequester')}/rim:Element/sdg:Agent"
PROVIDER: Final = f"{value('EvidenceProvider')}/sdg:Agent"
CLASSIFICATION: Final = (
    f"{value('EvidenceProviderClassification')}/rim:Element/sdg:EvidenceProviderClassification"
)
EVIDENCE: Final = (
    f"{REQUEST}/query:Query/rim:Slot[@name='EvidenceRequest']/rim:SlotValue/sdg:DataServiceEvidenceType"
)
DISTRIBUTION: Final = f"{EVIDENCE}/sdg:DistributedAs"


def rules(edition: Edition) -> tuple[Rule, ...]:
    """The rules of that release."""
    return (*_head(edition), *_agents(edition), *_evidence(edition))


def _head(edition: Edition) -> tuple[Rule, ...]:
    localized = f"{value('Procedure')}/rim:Value/rim:LocalizedString"
    language = attribute_in("lang", edition.languages, forms.LANGUAGE_LIST)
    return (
        _c("001", value("SpecificationIdentifier"), child_is("rim:Value", edition.release)),
        _c("002", f"{value('IssueDateTime')}/rim:Value", text_matches(*forms.DATE_TIME, technical=True)),
        _c("003", localized, attribute_in("value", edition.procedures, "Procedures"), versions=BEFORE_2),
        _c(
            "004",
            localized,
            attribute_in("xml:lang", forms.LANGUAGES, forms.LANGUAGE_LIST),
            versions=BEFORE_2,
        ),
        _c("005", value("PreviewLocation"), child_matches("rim:Value", *forms.HTTPS)),
        # Official context: a slot «Requirement», which is none of the message's.
        _c("008", f"{REQUIREMENT}/sdg:Identifier", text_matches(*edition.requirement), edition.mended),
        _c("009", f"{REQUIREMENT}/sdg:Name", language, edition.mended),
        _c(
            "024",
            f"{REQUEST}/query:ResponseOption",
            attribute_is("returnType", "LeafClassWithRepositoryItem"),
        ),
        _c("025", f"{REQUEST}/query:Query", attribute_is("queryDefinition", "DocumentQuery")),
    )


def _agents(edition: Edition) -> tuple[Rule, ...]:
    return (
        _c("010", f"{REQUESTER}/sdg:Identifier", attribute("schemeID"), versions=BEFORE_2),
        _c("012", f"{REQUESTER}/sdg:Identifier", agent_scheme()),
        _c("013", REQUESTER, filled("sdg:Classification")),
        _c("014", f"{REQUESTER}/sdg:Classification", value_in(forms.AGENTS, forms.AGENT_LIST)),
        _c(
            "015",
            f"{REQUESTER}/sdg:Address/sdg:AdminUnitLevel1",
            value_in(forms.COUNTRIES, forms.COUNTRY_LIST),
        ),
        _c("017", f"{PROVIDER}/sdg:Identifier", attribute("schemeID")),
        _c("018", f"{PROVIDER}/sdg:Identifier", agent_scheme()),
        _c("019", f"{CLASSIFICATION}/sdg:Identifier", value_matches(*forms.UUID, technical=True)),
        _c("020", CLASSIFICATION, filled("sdg:Type")),
        _c(
            "021",
            f"{CLASSIFICATION}/sdg:Description",
            attribute_in("lang", edition.languages, forms.LANGUAGE_LIST),
        ),
        _c("022", f"{CLASSIFICATION}/sdg:Description", attribute_filled("lang")),
        _c("023", CLASSIFICATION, filled("sdg:SupportedValue")),
    )


def _evidence(edition: Edition) -> tuple[Rule, ...]:
    language = attribute_in("lang", edition.languages, forms.LANGUAGE_LIST)
    return (
        _c("026", f"{EVIDENCE}/sdg:Identifier", value_matches(*edition.service_identifier, technical=True)),
        _c(
            "027",
            f"{EVIDENCE}/sdg:EvidenceTypeClassification",
            value_matches(*edition.evidence_type, technical=True),
        ),
        _c("028", f"{EVIDENCE}/sdg:Title", language),
        _c("029", f"{EVIDENCE}/sdg:Title", attribute_filled("lang")),
        _c("030", f"{EVIDENCE}/sdg:Description", language),
        _c("031", f"{EVIDENCE}/sdg:Description", attribute_filled("lang")),
        _c("032", EVIDENCE, count("sdg:DistributedAs", most=1)),
        _c("033", f"{DISTRIBUTION}/sdg:Format", value_in(forms.FORMATS, forms.FORMAT_LIST)),
        _c("034", f"{DISTRIBUTION}/sdg:ConformsTo", text_matches(*edition.data_model, technical=True)),
        _c(
            "035",
            f"{DISTRIBUTION}/sdg:Transformation",
            text_matches(*edition.data_model, technical=True),
            versions=BEFORE_2,
        ),
    )
