"""Rules of the evidence request that are known by description only (EDM 2.0; TDD 4.5.1, 4.6)."""

from lxml import etree

from intermediary.validation.rules import forms
from intermediary.validation.rules.editions import FROM_2, Edition
from intermediary.validation.rules.forms import series
from intermediary.validation.rules.model import Kind, Rule
from intermediary.validation.rules.predicates import (
    WHITE,
    attribute_filled,
    attribute_in,
    child_matches,
    clark,
    demand,
    has,
    string,
    typed,
    value_in,
)
from intermediary.validation.rules.request_content import DISTRIBUTION, REQUESTER, REQUIREMENT
from intermediary.validation.rules.request_slots import query, value

_r = series("R-EDM-REQ-", Kind.REQUEST, "TDD 2.0, 4.5.1 and 4.6 (prose)", prose=True)
_CLASSIFICATION = clark("sdg:Classification")
_COUNTRY = f"{clark('sdg:Address')}/{clark('sdg:AdminUnitLevel1')}"


def rules(edition: Edition) -> tuple[Rule, ...]:
    """The rules of that release."""
    representative = query("AuthorizedRepresentativeLegalPerson")
    return (
        _r("C010", f"{REQUIREMENT}/sdg:Name", attribute_filled("lang"), versions=FROM_2),
        _r(
            "C093",
            f"{REQUIREMENT}/sdg:Description",
            attribute_in("lang", edition.languages, forms.LANGUAGE_LIST),
            versions=FROM_2,
        ),
        _r("C094", f"{REQUIREMENT}/sdg:Description", attribute_filled("lang"), versions=FROM_2),
        _r("C073", REQUESTER, demand("requester_country", _has_country, "/sdg:Address"), versions=FROM_2),
        _r(
            "C118",
            f"{DISTRIBUTION}/sdg:Language",
            value_in(edition.languages, forms.LANGUAGE_LIST),
            versions=FROM_2,
        ),
        _r("S056", representative, typed("rim:AnyValueType"), versions=FROM_2),
        _r("EDM-REQ#representative", representative, has("sdg:LegalPerson"), versions=FROM_2),
        _r(
            "EDM-REQ#ReturnLocation",
            value("ReturnLocation"),
            child_matches("rim:Value", *forms.HTTPS),
            versions=FROM_2,
        ),
    )


def _has_country(agent: etree._Element) -> bool:
    """The authority that asks says where it is; an intermediary platform need not."""
    roles = {string(role).strip(WHITE) for role in agent.iterchildren(_CLASSIFICATION)}
    return "ER" not in roles or bool(agent.findtext(_COUNTRY, "").strip(WHITE))
