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
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

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


@dataclass(frozen=True, slots=True)
class Line:
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


def pack(lines: tuple[Line, ...]) -> bytes:
    """For the store: some 700 bytes for a request."""
    plain = [[line.depth, line.name, line.value, line.masked] for line in lines]
    return zlib.compress(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode())


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
_EVIDENCE: Final = frozenset({"Evidence", "EvidenceMetadata", "ExtrinsicObject"})
_LEVELS: Final = frozenset({"Low", "Substantial", "High"})
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


def persons_values(root: etree._Element) -> frozenset[str]:
    """What a message says of persons, folded, to be masked wherever else it occurs."""
    found: set[str] = set()
    for node in root.iter(etree.Element):
        local = _local(node)
        if local in _PERSONS or (local == "Slot" and node.get("name") in _PERSONS):
            for each in node.iter(etree.Element):
                found.update((each.text or "", each.tail or ""))
                if each.attrib and _local(each) != "Slot":
                    found.update(map(str, each.attrib.values()))
    return frozenset(folded for value in found if len(folded := _folded(value)) >= _LEAST) - _SHARED


_SHARED: Final = frozenset({"low", "substantial", "high", "eidas", "rim:anyvaluetype", "rim:stringvaluetype"})


def of_edm(root: etree._Element, secrets: frozenset[str] = frozenset()) -> tuple[Line, ...]:
    """The lines of an EDM message; `secrets`: `persons_values` of the request that it answers."""
    own = persons_values(root)
    return _bounded(_walk(root, 0, _Rules(_KEPT, own | secrets)))


@dataclass(frozen=True, slots=True)
class _Rules:
    """What may be shown here."""

    kept: dict[str, re.Pattern[str]] | None
    """None within a person."""
    secrets: frozenset[str]

    def shows(self, name: str, value: str) -> bool:
        if self.kept is None:
            return name == "LevelOfAssurance" and value in _LEVELS
        pattern = self.kept.get(name)
        return pattern is not None and bool(pattern.fullmatch(value)) and not _tells(value, self.secrets)


def _walk(node: etree._Element, depth: int, rules: _Rules) -> Iterator[Line]:
    local, known = _local(node), str(node.tag).partition("}")[0] in _NAMESPACES
    if known and local in _PASSED:
        for child in node.iterchildren(etree.Element):
            yield from _walk(child, depth, rules)
        if local == "Element":
            yield from (Line(depth, "Value", masked=len(t)) for t in [(node.text or "").strip()] if t)
        return
    name = (node.get("name") or "") if known and local == "Slot" else local
    known = known and name in _NAMES
    if not known or name in _PERSONS:
        rules = replace(rules, kept=None)
    elif name in _EVIDENCE and rules.kept is not None:
        rules = replace(rules, kept=_KEPT_OF_EVIDENCE)
    elif name == "IssuingAuthority" and rules.kept is not None:
        rules = replace(rules, kept=_KEPT)
    text = (_text(node) or "").strip()
    yield _line(depth, name if known else "•••", text, rules.shows(name, text))
    if local != "Slot":
        for attribute, value in node.attrib.items():
            label = f"@{str(attribute).rpartition('}')[2]}"
            if label != "@type":
                shown = label if label in _KEPT or label in _ATTRIBUTES else "@•••"
                given = str(value).strip()
                yield _line(depth + 1, shown, given, rules.shows(label, given))
    for child in node.iterchildren(etree.Element):
        yield from _walk(child, depth + 1, rules)


def _text(node: etree._Element) -> str | None:
    """Of a slot the simple value in it."""
    if _local(node) != "Slot":
        return node.text
    values = [
        value.text or ""
        for slot_value in node.iterchildren("{*}SlotValue")
        for value in slot_value.iterchildren("{*}Value")
    ]
    return " ".join(values)


def _line(depth: int, name: str, value: str, shown: bool) -> Line:
    if not value:
        return Line(depth, name)
    return Line(depth, name, value) if shown else Line(depth, name, masked=len(value))


def _tells(value: str, secrets: frozenset[str]) -> bool:
    folded = _folded(value)
    return any(secret in folded for secret in secrets)


def _folded(value: str) -> str:
    return " ".join(value.casefold().split())


def _local(node: etree._Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _bounded(lines: Iterable[Line]) -> tuple[Line, ...]:
    kept: list[Line] = []
    for line in lines:
        if len(kept) == MOST_LINES:
            return (*kept, Line(0, "…"))
        kept.append(line)
    return tuple(kept)


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


def _plain(depth: int, name: str, value: object, secrets: frozenset[str]) -> Iterator[Line]:
    """A value of ours, or of the register's message, with all that is in it."""
    if value is None or value == ():
        return
    if isinstance(value, tuple):
        for each in value:
            yield from _plain(depth, name, each, secrets)
    elif is_dataclass(value) and not isinstance(value, type):
        yield Line(depth, name)
        for part in fields(value):
            yield from _plain(depth + 1, part.name, getattr(value, part.name), secrets)
    else:
        text = value.isoformat() if isinstance(value, date | datetime) else str(value)
        shown = _TEXT.fullmatch(text) is not None and not _tells(text, secrets)
        yield Line(depth, name, text) if shown else Line(depth, name, masked=len(text))


def _masked(depth: int, name: str, value: object) -> Iterator[Line]:
    if value is None or value in ((), ""):
        return
    if is_dataclass(value) and not isinstance(value, type):
        yield Line(depth, name)
        for part in fields(value):
            yield from _masked(depth + 1, part.name, getattr(value, part.name))
    elif isinstance(value, tuple):
        for key, text in value:  # identifiers of a legal person, by scheme
            yield Line(depth, f"{name}: {key}", masked=len(text))
    else:
        yield Line(depth, name, masked=len(str(value)))


def _leaves(value: object) -> Iterator[str]:
    if value is None:
        return
    if is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            yield from _leaves(getattr(value, part.name))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _leaves(each)
    else:
        yield str(value)
