"""What was said, without what belongs to a person: transcripts that may stay as long as the log. Pure.

A transcript is written when its message is handled. It has the structure of the message and, of its values,
only codes, identifiers, classifications and names of authorities, and those only where they are well formed.
All else is masked («••• (12 characters)»): what the rules below do not name is masked, unknown elements lose
even their names. A value that would be kept is masked all the same where a person's value occurs in it.
"""

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Final, NamedTuple

from lxml import etree

from intermediary.national.model import NationalAnswer, NationalRequest

MOST_LINES = 1000
"""Of one transcript; a request has some eighty."""
_LEAST = 4
"""Characters of a person's value that is looked for elsewhere: shorter ones are codes that many share."""


class Kind(StrEnum):
    """Whose message it is."""

    REQUEST = "request"
    """EDM, from the partner."""
    ANSWER = "answer"
    """EDM, to the partner."""
    NATIONAL_REQUEST = "national-request"
    NATIONAL_ANSWER = "national-answer"


class Line(NamedTuple):
    """One element or attribute (`@`); a value is shown, masked (its length in characters), or not there."""

    depth: int
    name: str
    value: str | None = None
    masked: int | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """One message of an exchange without what belongs to a person."""

    exchange_id: str
    kind: Kind
    at: datetime
    message_id: str
    """AS4 MessageId, or the id of the national request."""
    lines: tuple[Line, ...]


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def pack(lines: tuple[Line, ...]) -> bytes:
    """For the store: some 800 bytes for a request."""
    return zlib.compress(_ENCODER.encode(lines).encode(), 1)


def unpack(packed: bytes) -> tuple[Line, ...]:
    """What `pack` packed."""
    return tuple(Line(*each) for each in json.loads(zlib.decompress(packed)))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NAMESPACES: Final = frozenset(
    {
        "{urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0",
        "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0",
        "{urn:oasis:names:tc:ebxml-regrep:xsd:rs:4.0",
        "{urn:oasis:names:tc:ebxml-regrep:xsd:lcm:4.0",
        "{http://data.europa.eu/p4s",
    }
)
_NAMES: Final = _words("""
    Address AdminUnitLevel1 AdminUnitLevel2 AdminUnitLevel3 Agent AssociatedDocumentRequest
    AttributeName AttributeURI AttributeValue AuthorizedRepresentative
    AuthorizedRepresentativeLegalPerson BirthName Classification ConformsTo CountryOfBirth
    CountryOfResidence CurrentAddress DataServiceEvidenceType DateOfBirth Description DistributedAs
    Distribution EmailAddress EndDate ErrorProvider Evidence EvidenceMetadata EvidenceProvider
    EvidenceProviderClassification EvidenceProviderClassificationValues EvidenceRequest
    EvidenceRequester EvidenceResponseIdentifier EvidenceTypeClassification Exception
    ExplicitRequestGiven ExtrinsicObject FamilyName Format FullAddress Gender GivenName Identifier
    IsAbout IsConformantTo IssueDateTime IssuingAuthority IssuingDate Language LegalName LegalPerson
    LegalPersonIdentifier LevelOfAssurance LocalizedString LocatorDesignator Name Nationality
    NaturalPerson Person PhoneNumber PlaceOfBirth PossibilityForPreview PostCityName PostCode
    PreviewDescription PreviewLocation PreviewMethod Procedure Query QueryRequest QueryResponse
    RegisteredAddress RegistryObject RegistryObjectList RegistryPackage RepositoryItemRef Requirement
    Requirements ResponseAvailableDateTime ResponseOption ReturnLocation ReturnMethod
    SectorSpecificAttribute Slot SpecificationIdentifier StartDate StringValue SupportedValue
    Thoroughfare Timestamp Title TownOfBirth Transformation Type ValidityPeriod ValueExpression
    VersionInfo Association
""")
"""Elements and slots of the Exchange Data Model (TDD 4.5), all versions: other names are not repeated."""
_ATTRIBUTES: Final = frozenset({"@href", "@title", "@detail", "@value", "@sourceObject", "@targetObject"})
"""Masked, but named."""
_PASSED: Final = frozenset({"SlotValue", "Value", "Element"})
"""Wrappers of RegRep that say nothing themselves."""
_PERSONS: Final = _words("""
    Person LegalPerson NaturalPerson IsAbout AuthorizedRepresentative
    AuthorizedRepresentativeLegalPerson EvidenceProviderClassification
    EvidenceProviderClassificationValues
""")
"""Elements and slots in which every value may tell of a person."""
_PERSON_TAGS: Final = ("{*}Slot", *(f"{{*}}{name}" for name in sorted(_PERSONS)))
_EVIDENCE: Final = frozenset({"Evidence", "EvidenceMetadata", "ExtrinsicObject"})
_LEVEL: Final = re.compile("Low|Substantial|High")
_CODE: Final = re.compile(r"[\w.:/#+;=@-]{1,200}")
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f]{1,300}")
_KEPT: Final = {
    **dict.fromkeys(
        _words("""
    SpecificationIdentifier IssueDateTime Procedure PossibilityForPreview ExplicitRequestGiven
    EvidenceResponseIdentifier ResponseAvailableDateTime Timestamp PreviewMethod ReturnMethod Identifier
    EvidenceTypeClassification Classification ConformsTo Transformation Language Format
    AssociatedDocumentRequest AdminUnitLevel1 @id @requestId @status @code @severity @schemeID @lang
    @queryDefinition @returnType @classificationScheme @classificationNode
    """),
        _CODE,
    ),
    **dict.fromkeys(("Name", "Title", "Description", "@message", "LocalizedString"), _TEXT),
}
"""What is kept where no person is spoken of."""
_KEPT_OF_EVIDENCE: Final = dict.fromkeys(
    _words("""
    EvidenceTypeClassification Format ConformsTo Transformation Language @lang @schemeID
    @classificationScheme @classificationNode
    """),
    _CODE,
)
"""What is kept of the metadata of a document, whose number, date and title may tell of a person."""
_KEPT_OF_PERSON: Final = {"LevelOfAssurance": _LEVEL}


def persons_values(root: etree._Element) -> frozenset[str]:
    """What a message says of persons, folded, to be masked wherever else it occurs."""
    found: set[str] = set()
    taken: set[etree._Element] = set()
    for node in root.iter(*_PERSON_TAGS):
        if node in taken or (_named(node.tag).local == "Slot" and node.get("name") not in _PERSONS):
            continue
        for each in node.iter(etree.Element):
            taken.add(each)
            found.update((each.text or "", each.tail or ""))
            if _named(each.tag).local != "Slot":
                found.update(map(str, each.values()))
    return frozenset(folded for value in found if len(folded := _folded(value)) >= _LEAST) - _SHARED


_SHARED: Final = frozenset({"low", "substantial", "high", "eidas", "rim:anyvaluetype", "rim:stringvaluetype"})


def of_edm(root: etree._Element, secrets: frozenset[str]) -> tuple[Line, ...]:
    """The lines of an EDM message; `secrets`: its `persons_values`, and those of the request it answers."""
    lines: list[Line] = []
    _walk(root, 0, _KEPT, lines)
    # Most messages repeat nothing: one look at all of it, and only where it finds something one at each line.
    folded = _folded("\n".join(line.value for line in lines if line.value))
    telling = tuple(secret for secret in secrets if secret in folded)
    return _bounded([_unless_telling(line, telling) for line in lines] if telling else lines)


def _unless_telling(line: Line, secrets: tuple[str, ...]) -> Line:
    if line.value is None or line.name == "LevelOfAssurance" or not _tells(line.value, secrets):
        return line
    return Line(line.depth, line.name, None, len(line.value))


class _Name(NamedTuple):
    """What the name of an element says."""

    local: str
    known: bool
    passed: bool


@lru_cache(512)
def _named(tag: object) -> _Name:
    if not isinstance(tag, str):  # a comment
        return _Name("", known=False, passed=False)
    namespace, _, local = tag.rpartition("}")
    known = namespace in _NAMESPACES
    return _Name(local, known, known and local in _PASSED)


@lru_cache(512)
def _label(attribute: object) -> str:
    return f"@{str(attribute).rpartition('}')[2]}"


_Kept = dict[str, re.Pattern[str]]


def _walk(node: etree._Element, depth: int, kept: _Kept, lines: list[Line]) -> None:
    """An element with all that is in it; `kept`: what may be shown here."""
    if len(lines) > MOST_LINES:
        return
    name, known, passed = _named(node.tag)
    if not name:
        return
    if passed:
        for child in node:
            _walk(child, depth, kept, lines)
        if name == "Element" and (text := (node.text or "").strip()):
            lines.append(Line(depth, "Value", None, len(text)))
        return
    slot = name == "Slot"
    text = (_value(node) if slot else node.text or "").strip()
    if slot and known:
        name = node.get("name") or ""
    known = known and name in _NAMES
    kept = _kept_within(name, kept) if known else _KEPT_OF_PERSON
    lines.append(_line(depth, name if known else "•••", text, kept.get(name)))
    if not slot:
        for attribute, value in node.items():
            label = _label(attribute)
            if label != "@type":
                shown = label if label in _KEPT or label in _ATTRIBUTES else "@•••"
                lines.append(_line(depth + 1, shown, str(value).strip(), kept.get(label)))
    if len(node):
        for child in node:
            _walk(child, depth + 1, kept, lines)


def _line(depth: int, name: str, value: str, pattern: re.Pattern[str] | None) -> Line:
    """`pattern`: what may be shown of it."""
    if not value:
        return Line(depth, name)
    if pattern is not None and pattern.fullmatch(value):
        return Line(depth, name, value)
    return Line(depth, name, None, len(value))


def _kept_within(name: str, kept: _Kept) -> _Kept:
    """What may be shown in an element of that name; within a person nothing else ever."""
    if kept is _KEPT_OF_PERSON or name in _PERSONS:
        return _KEPT_OF_PERSON
    if name in _EVIDENCE:
        return _KEPT_OF_EVIDENCE
    return _KEPT if name == "IssuingAuthority" else kept


def _value(slot: etree._Element) -> str:
    """The simple value in a slot."""
    values = [
        value.text or ""
        for slot_value in slot
        if _named(slot_value.tag).local == "SlotValue"
        for value in slot_value
        if _named(value.tag).local == "Value"
    ]
    return " ".join(values)


def _tells(value: str, secrets: Iterable[str]) -> bool:
    folded = _folded(value)
    for secret in secrets:  # noqa: SIM110 - `any` takes three times as long
        if secret in folded:
            return True
    return False


def _folded(value: str) -> str:
    return " ".join(value.casefold().split())


def _bounded(lines: Iterable[Line]) -> tuple[Line, ...]:
    kept = tuple(islice(lines, MOST_LINES + 1))
    return kept if len(kept) <= MOST_LINES else (*kept[:MOST_LINES], Line(0, "…"))


_ASKED: Final = (
    *("message_id", "request_id", "conversation_id", "issued_at", "sender", "recipient", "evidence_type"),
    *("purpose", "level_of_assurance", "explicit_request", "preview_by_consumer", "language", "formats"),
)


def of_national_request(request: NationalRequest) -> tuple[Line, ...]:
    """What the provider is asked; of persons the names of the attributes only."""
    secrets = frozenset(
        folded
        for part in (request.subject, request.representative, [value for _, value in request.additional])
        for value in _leaves(part)
        if len(folded := _folded(value)) >= _LEAST
    )

    def lines() -> Iterator[Line]:
        yield Line(0, "request")
        for name in _ASKED:
            yield from _plain(1, name, getattr(request, name), secrets)
        for name in ("subject", "representative"):
            yield from _masked(1, name, getattr(request, name))
        for key, value in request.additional:
            yield Line(1, f"additional: {key}", masked=len(value))

    return _bounded(lines())


def of_national_answer(answer: NationalAnswer) -> tuple[Line, ...]:
    """What the provider said; of evidence the kind, issuer, forms and sizes."""

    def lines() -> Iterator[Line]:
        yield Line(0, "answer")
        for name in ("request_id", "outcome", "code", "available_at"):
            yield from _plain(1, name, getattr(answer, name), frozenset())
        yield from _masked(1, "reason", answer.reason)
        for evidence in answer.evidences:
            yield Line(1, "evidence")
            yield from _masked(2, "evidence_id", evidence.evidence_id)
            yield from _plain(2, "evidence_type", evidence.evidence_type, frozenset())
            yield from _plain(2, "issuing_authority", evidence.issuing_authority, frozenset())
            for name in ("issuing_date", "valid_from", "valid_until"):
                yield from _masked(2, name, getattr(evidence, name))
            for form in evidence.representations:
                yield from _plain(2, "representation", form.format, frozenset())
                yield Line(3, "bytes", str(len(form.content)))

    return _bounded(lines())


def _parts(value: object) -> tuple[str, ...]:
    """The fields of a dataclass's value; none of any other."""
    kind: Any = type(value)
    return _fields(kind)


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(part.name for part in fields(kind)) if is_dataclass(kind) else ()


def _plain(depth: int, name: str, value: object, secrets: frozenset[str]) -> Iterator[Line]:
    """A value of ours, or of the register's message, with all that is in it."""
    if value is None or value == ():
        return
    if isinstance(value, tuple):
        for each in value:
            yield from _plain(depth, name, each, secrets)
    elif parts := _parts(value):
        yield Line(depth, name)
        for part in parts:
            yield from _plain(depth + 1, part, getattr(value, part), secrets)
    else:
        text = value.isoformat() if isinstance(value, date | datetime) else str(value)
        shown = _TEXT.fullmatch(text) is not None and not _tells(text, secrets)
        yield Line(depth, name, text) if shown else Line(depth, name, masked=len(text))


def _masked(depth: int, name: str, value: object) -> Iterator[Line]:
    if value is None or value in ((), ""):
        return
    if parts := _parts(value):
        yield Line(depth, name)
        for part in parts:
            yield from _masked(depth + 1, part, getattr(value, part))
    elif isinstance(value, tuple):
        for key, text in value:  # identifiers of a legal person, by scheme
            yield Line(depth, f"{name}: {key}", masked=len(text))
    else:
        yield Line(depth, name, masked=len(str(value)))


def _leaves(value: object) -> Iterator[str]:
    if value is None:
        return
    if parts := _parts(value):
        for part in parts:
            yield from _leaves(getattr(value, part))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _leaves(each)
    else:
        yield str(value)
