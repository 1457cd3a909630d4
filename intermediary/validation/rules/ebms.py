"""Rules on the ebMS header beside the EDM message that it carries (EDM-ebMS; TDD 4.7.2), from the prose.

Known by number: 017 and 037 (ConversationId and ExchangeId are UUIDs), 018 and 019 (the message properties of
1.x and of 2.0), 038 (SpecificationId is the version). What has no known number is called by its subject.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from intermediary.validation.model import Finding, Severity
from intermediary.validation.rules.forms import BARE_UUID
from intermediary.validation.rules.model import Kind

CORNERS: Final = frozenset({"originalSender", "finalRecipient"})
ACTIONS: Final[Mapping[str, str]] = {
    Kind.REQUEST: "ExecuteQueryRequest",
    Kind.RESPONSE: "ExecuteQueryResponse",
    Kind.ERROR: "ExceptionResponse",
}
_PROPERTIES: Final = "/eb:UserMessage/eb:MessageProperties"
_INFO: Final = "/eb:UserMessage/eb:CollaborationInfo"
_SOURCE: Final = "TDD 4.7.2, EDM-ebMS (prose)"


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the rules need of a header and of the message below it.

    `parts` are the Content-IDs in order, `references` those that the EDM message names; `exchange_id` says
    whether the version has the properties ExchangeId and SpecificationId (2.0).
    """

    kind: str
    release: str
    action: str
    conversation_id: str
    properties: Mapping[str, str]
    parts: tuple[str, ...]
    references: tuple[str, ...] = ()
    exchange_id: bool = False


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """One rule on the header; words are (text, remedy) by language."""

    id: str
    place: str
    holds: Callable[[HeaderFacts], bool]
    words: Mapping[str, tuple[str, str]]


def header_findings(facts: HeaderFacts) -> tuple[Finding, ...]:
    """Everything that the rules have to say about a header."""
    return tuple(_findings(facts))


def _findings(facts: HeaderFacts) -> Iterator[Finding]:
    for rule in HEADER_RULES:
        if not rule.holds(facts):
            text, remedy = rule.words["en"]
            others = tuple((language, *words) for language, words in rule.words.items() if language != "en")
            yield Finding(
                rule.id,
                Severity.ERROR,
                rule.place,
                None,
                text,
                remedy,
                _SOURCE,
                kind="EDM-ebMS",
                translations=others,
            )


def _is_uuid(value: str) -> bool:
    return re.match(BARE_UUID[0], value) is not None


def _present(facts: HeaderFacts, names: Iterable[str]) -> bool:
    return all(facts.properties.get(name) for name in names)


def _first_or_absent(facts: HeaderFacts) -> bool:
    return not facts.exchange_id or _present(facts, ("ExchangeId", "SpecificationId"))


HEADER_RULES: Final = (
    HeaderRule(
        "EDM-ebMS#action",
        f"{_INFO}/eb:Action",
        lambda facts: facts.action == ACTIONS.get(facts.kind, facts.action),
        {
            "en": (
                "The action must fit the EDM message.",
                "Use ExecuteQueryRequest, ExecuteQueryResponse or ExceptionResponse, as the message is.",
            ),
            "de": (
                "Die Action muss zur EDM-Nachricht passen.",
                "ExecuteQueryRequest, ExecuteQueryResponse oder ExceptionResponse, je nach Nachricht.",
            ),
        },
    ),
    HeaderRule(
        "EDM-ebMS#parts",
        "/eb:UserMessage/eb:PayloadInfo",
        lambda facts: sorted(facts.parts[1:]) == sorted(facts.references),
        {
            "en": (
                "The EDM message must be the first part, and each further part one that it refers to.",
                "Send a request alone; with a response, one part for each RepositoryItemRef.",
            ),
            "de": (
                "Die EDM-Nachricht muss der erste Teil sein; auf jeden weiteren Teil muss sie verweisen.",
                "Eine Anfrage allein senden, bei einer Antwort je RepositoryItemRef einen Teil.",
            ),
        },
    ),
    HeaderRule(
        "R-EDM-ebMS-018",
        _PROPERTIES,
        lambda facts: _present(facts, CORNERS),
        {
            "en": (
                "The message properties originalSender and finalRecipient must be present.",
                "Add both, each with its type.",
            ),
            "de": (
                "Die Message Properties originalSender und finalRecipient müssen vorhanden sein.",
                "Beide mit ihrem Typ ergänzen.",
            ),
        },
    ),
    HeaderRule(
        "R-EDM-ebMS-019",
        _PROPERTIES,
        _first_or_absent,
        {
            "en": (
                "The message properties ExchangeId and SpecificationId must be present.",
                "Add SpecificationId with the version of the message, and ExchangeId with a UUID.",
            ),
            "de": (
                "Die Message Properties ExchangeId und SpecificationId müssen vorhanden sein.",
                "SpecificationId mit der Version der Nachricht und ExchangeId mit einer UUID ergänzen.",
            ),
        },
    ),
    HeaderRule(
        "R-EDM-ebMS-017",
        f"{_INFO}/eb:ConversationId",
        lambda facts: not facts.exchange_id or _is_uuid(facts.conversation_id),
        {
            "en": ("ConversationId must be a UUID.", "Use a UUID (RFC 4122) for the user's session."),
            "de": (
                "ConversationId muss eine UUID sein.",
                "Für die Sitzung der Person eine UUID (RFC 4122) verwenden.",
            ),
        },
    ),
    HeaderRule(
        "R-EDM-ebMS-037",
        f"{_PROPERTIES}/eb:Property[@name='ExchangeId']",
        lambda facts: not facts.properties.get("ExchangeId") or _is_uuid(facts.properties["ExchangeId"]),
        {
            "en": ("ExchangeId must be a UUID.", "Use a UUID (RFC 4122), the same for the whole exchange."),
            "de": (
                "ExchangeId muss eine UUID sein.",
                "Eine UUID (RFC 4122) verwenden, dieselbe für den ganzen Austausch.",
            ),
        },
    ),
    HeaderRule(
        "R-EDM-ebMS-038",
        f"{_PROPERTIES}/eb:Property[@name='SpecificationId']",
        lambda facts: (
            not facts.exchange_id or facts.properties.get("SpecificationId") in (None, "", facts.release)
        ),
        {
            "en": (
                "SpecificationId must be the version that the message names in its slot.",
                "Make both equal.",
            ),
            "de": (
                "SpecificationId muss die Version sein, die die Nachricht in ihrem Slot nennt.",
                "Beide angleichen.",
            ),
        },
    ),
)
"""In the order in which they are told."""
