"""Forms and lists that many rules share."""

from collections.abc import Callable
from typing import Final

from lxml import etree

from intermediary.validation.codelists import code_list
from intermediary.validation.model import Severity
from intermediary.validation.rules.model import Check, Rule
from intermediary.validation.rules.predicates import demand

_UUID: Final = "[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}"
UUID: Final = (rf"{_UUID}\Z", "UUID (RFC 4122)")
URN_UUID: Final = (rf"(?i:urn:uuid:){_UUID}\Z", "urn:uuid:UUID (RFC 4122)")
BARE_UUID: Final = (rf"\A{_UUID}\Z", "UUID (RFC 4122)")
LOWER_UUID: Final = _UUID.replace("A-F", "")
DATE: Final = ("[0-9]{4}-[0-9]{2}-[0-9]{2}", "YYYY-MM-DD")
DATE_TIME: Final = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}",
    "YYYY-MM-DDThh:mm:ssZ (xsd:dateTime)",
)
HTTPS: Final = ("^https://", "https://…")
EIDAS: Final = ("[a-zA-Z]{2}/[a-zA-Z]{2}/[a-zA-Z0-9]{9}", "XX/YY/ZZZZZZZZZ")
"""Country of the identifier, country asked, at least nine characters."""

AGENTS: Final = code_list("agent-classification").codes
COUNTRIES: Final = code_list("country-identification-code").codes
EAS: Final = code_list("eas").codes
FORMATS: Final = code_list("oots-media-types").codes
LANGUAGES: Final = code_list("language-code").codes
LEVELS: Final = code_list("levels-of-assurance").codes
AGENT_LIST, COUNTRY_LIST, FORMAT_LIST = "AgentClassification", "CountryIdentificationCode", "OOTSMediaTypes"
LANGUAGE_LIST, LEVEL_LIST = "LanguageCode", "LevelsOfAssurance"

_EAS_SCHEME: Final = "urn:cef.eu:names:identifier:EAS:"
_UNREGISTERED: Final = "urn:oasis:names:tc:ebcore:partyid-type:unregistered"


def agent_scheme() -> Check:
    """`schemeID` is an Electronic Address Scheme or an unregistered party id type."""

    def holds(element: etree._Element) -> bool:
        scheme = element.get("schemeID", "")
        return scheme.partition(_EAS_SCHEME)[2] in EAS or scheme.startswith(_UNREGISTERED)

    expected = f"{_EAS_SCHEME}[EAS] | {_UNREGISTERED}…"
    check = demand("agent_scheme", holds, "/@schemeID", expected)
    return Check(check.says, check.holds, check.words, check.at, check.expected, lambda e: e.get("schemeID"))


def root_name(local: str) -> Check:
    """The message's root element has that local name."""
    return demand("root_name", lambda e: etree.QName(e).localname == local, expected=local)


def root_namespace() -> Check:
    """The message's root element is in the namespace of RegRep queries."""
    uri = "urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0"
    return demand("root_namespace", lambda e: etree.QName(e).namespace == uri, expected=uri)


Declare = Callable[..., Rule]


def series(prefix: str, kind: str, source: str, *, prose: bool = False) -> Declare:
    """A short hand for the declarations of one rule file: number, context, check, severity, versions."""

    def declare(
        number: str,
        context: str,
        check: Check,
        severity: Severity = Severity.ERROR,
        versions: frozenset[str] = frozenset(),
    ) -> Rule:
        # A rule without a published id is called by its place in the file: `EDM-REQ-S#p4r1a11`.
        identity = number if "#" in number else prefix + number
        return Rule(identity, kind, context, check, severity, versions, source, prose)

    return declare
