"""Rules on what the evidence response says (EDM-RESP-C)."""

from typing import Final

from lxml import etree

from intermediary.validation.model import Severity
from intermediary.validation.rules import forms
from intermediary.validation.rules.editions import BEFORE_2, Edition
from intermediary.validation.rules.forms import agent_scheme, series
from intermediary.validation.rules.model import Check, Kind, Rule
from intermediary.validation.rules.predicates import (
    attribute,
    attribute_in,
    attribute_is,
    child_is,
    clark,
    demand,
    filled,
    required_attribute_matches,
    string,
    text_matches,
    value_in,
    value_matches,
)
from intermediary.validation.rules.response_slots import AVAILABLE, RESPONSE, metadata, value

_c = series("R-EDM-RESP-C", Kind.RESPONSE, "TDD 4.6, EDM-RESP-C")
PROVIDER: Final = f"{value('EvidenceProvider')}/rim:Element/sdg:Agent"
REQUESTER: Final = f"{value('EvidenceRequester')}/sdg:Agent"
_FORMAT, _CONFORMS_TO = clark("sdg:Format"), clark("sdg:ConformsTo")


def rules(edition: Edition) -> tuple[Rule, ...]:
    """The rules of that release."""
    return (*_head(edition), *_evidence(edition), *_subject(edition))


def _head(edition: Edition) -> tuple[Rule, ...]:
    moment = text_matches(*forms.DATE_TIME, technical=True)
    return (
        _c("002", value("SpecificationIdentifier"), child_is("rim:Value", edition.release)),
        _c(
            "003",
            f"{value('EvidenceResponseIdentifier')}/rim:Value",
            value_matches(*forms.UUID, technical=True),
        ),
        _c("004", f"{value('IssueDateTime')}/rim:Value", moment),
        _c("005", f"{value(AVAILABLE)}/rim:Value", moment),
        _c("006", f"{PROVIDER}/sdg:Identifier", attribute("schemeID")),
        _c("007", f"{PROVIDER}/sdg:Identifier", agent_scheme()),
        _c(
            "008",
            f"{PROVIDER}/sdg:Address/sdg:AdminUnitLevel1",
            value_in(forms.COUNTRIES, forms.COUNTRY_LIST),
        ),
        _c("010", PROVIDER, filled("sdg:Classification")),
        _c("011", f"{PROVIDER}/sdg:Classification", value_in(forms.AGENTS, forms.AGENT_LIST)),
        _c("012", f"{REQUESTER}/sdg:Identifier", attribute("schemeID")),
        _c("013", f"{REQUESTER}/sdg:Identifier", agent_scheme()),
    )


def _evidence(edition: Edition) -> tuple[Rule, ...]:
    evidence = f"{metadata(edition)}/sdg:Evidence"
    conformant, distribution = f"{evidence}/sdg:IsConformantTo", f"{evidence}/sdg:Distribution"
    language = attribute_in("lang", edition.languages, forms.LANGUAGE_LIST)
    model = text_matches(*edition.data_model, technical=True)
    day = text_matches(*forms.DATE, technical=True)
    return (
        _c("015", f"{evidence}/sdg:Identifier", value_matches(*forms.UUID, technical=True)),
        _c("016", f"{evidence}/sdg:IssuingDate", day),
        _c(
            "017",
            f"{conformant}/sdg:EvidenceTypeClassification",
            value_matches(*edition.evidence_type, technical=True),
        ),
        _c("018", f"{conformant}/sdg:Title", language),
        _c("019", f"{conformant}/sdg:Title", attribute("lang")),
        _c("020", f"{conformant}/sdg:Description", language),
        _c("021", f"{conformant}/sdg:Description", attribute("lang")),
        _c("022", f"{distribution}/sdg:ConformsTo", model),
        _c("023", f"{distribution}/sdg:Format", value_in(forms.FORMATS, forms.FORMAT_LIST)),
        _c("026", f"{distribution}/sdg:Language", value_in(edition.languages, forms.LANGUAGE_LIST)),
        _c("038", f"{evidence}/sdg:IssuingAuthority/sdg:Identifier", attribute("schemeID")),
        _c("039", f"{evidence}/sdg:IssuingAuthority/sdg:Identifier", agent_scheme()),
        _c("040", f"{evidence}/sdg:ValidityPeriod/sdg:StartDate", day),
        _c("041", f"{evidence}/sdg:ValidityPeriod/sdg:EndDate", day),
        _c(
            "042",
            f"{RESPONSE}/{edition.document}/rim:RepositoryItemRef",
            required_attribute_matches("xlink:href", *edition.cid),
        ),
        _c("043", f"{distribution}/sdg:Transformation", model, versions=BEFORE_2),
        _c("044a", distribution, _with_model("xml")),
        _c("044b", distribution, _with_model("json")),
    )


def _subject(edition: Edition) -> tuple[Rule, ...]:
    about = f"{metadata(edition)}/sdg:Evidence/sdg:IsAbout"
    natural, legal = f"{about}/sdg:NaturalPerson", f"{about}/sdg:LegalPerson"
    identifier = text_matches(*forms.EIDAS)
    scheme, eidas = attribute("schemeID"), attribute_is("schemeID", "eidas")
    return (
        _c("027", natural, filled("sdg:Identifier"), Severity.WARNING),
        _c("028", f"{natural}/sdg:Identifier", identifier),
        _c("030", f"{natural}/sdg:Identifier", scheme),
        _c("031", f"{natural}/sdg:Identifier", eidas),
        _c("032", f"{natural}/sdg:DateOfBirth", text_matches(*forms.DATE)),
        _c("033", legal, filled("sdg:LegalPersonIdentifier")),
        # The official contexts say LegalIdentifier, which the model does not have.
        _c("034", f"{legal}/sdg:LegalPersonIdentifier", identifier, edition.mended),
        _c("036", f"{legal}/sdg:LegalPersonIdentifier", scheme, edition.mended),
        _c("037", f"{legal}/sdg:LegalPersonIdentifier", eidas, edition.mended),
    )


def _with_model(part: str) -> Check:
    """Where the format names `part`, there is a ConformsTo."""

    def holds(element: etree._Element) -> bool:
        if element.find(_CONFORMS_TO) is not None:
            return True
        formats = list(element.iterchildren(_FORMAT))
        return len(formats) < 2 and not (formats and part in string(formats[0]))

    return demand("with_model", holds, "/sdg:ConformsTo", format=part)
