"""What the HTTP API takes and gives of mappings."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from intermediary.console.mappings import listing, paths
from intermediary.console.mappings.listing import Row
from intermediary.console.mappings.matrix import EuropeanThing
from intermediary.console.refusals import finding
from intermediary.mapping import Difference, Entry, LintFinding, State, Step, Usage, Version

_DEPTH = 32


def _storable(value: Any, depth: int = 0) -> Any:
    """JSON that a database keeps: no half of a character, no NUL, no depth that nobody needs."""
    if depth > _DEPTH:
        raise ValueError(f"more than {_DEPTH} levels")
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise ValueError("a text holds NUL, or half of a surrogate pair")
    if isinstance(value, dict):
        for name, item in value.items():
            _storable(name)
            _storable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _storable(item, depth + 1)
    return value


Text = Annotated[str, AfterValidator(_storable)]
Reason = Annotated[
    Text,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    Field(description="Why: kept for ever"),
]
Said = Annotated[dict[str, Any], AfterValidator(_storable)]
Name = Annotated[str, Field(pattern=f"^(?:{paths.NAME})$", description="evidence/<key>, provider/<key>, …")]
StepName = Literal["submit", "approve", "reject", "go-live", "retire", "roll-back"]


class VersionOut(BaseModel):
    """One version of an entry, without what it says."""

    entry: str
    version: int
    state: State
    author: str
    authors: list[str]
    """Who drafted it, and who drafted what it is made of: none of them may approve it."""
    reason: str
    drafted_at: datetime
    valid_from: date | None
    valid_until: date | None
    based_on: int | None
    reviewer: str | None
    published_at: datetime | None
    changed_at: datetime | None

    @classmethod
    def of(cls, version: Version) -> Self:
        return cls(**_life(version))


class VersionWithDocument(VersionOut):
    """One version and what it says."""

    document: dict[str, Any]

    @classmethod
    def full(cls, version: Version, document: Mapping[str, Any]) -> Self:
        return cls(**_life(version), document=dict(document))


class EntryOut(BaseModel):
    """One entry as it stands today."""

    entry: str
    titles: dict[str, str]
    standing: str = Field(description="in-force, ending, to-follow, over, new, retired")
    national_id: str
    evidence_types: list[str] = Field(description="Short form: country and UUID")
    procedures: list[str]
    providers: list[str]
    in_force: VersionOut | None
    scheduled: list[VersionOut]
    pending: VersionOut | None
    newest: int = Field(description="Number of the newest version: `expected` of the next draft")

    @classmethod
    def of(cls, row: Row) -> Self:
        entry = row.entry
        return cls(
            entry=entry.name,
            titles=titles(entry),
            standing=row.standing,
            national_id=row.national_id,
            evidence_types=list(row.classifications),
            procedures=list(row.procedures),
            providers=list(row.providers),
            in_force=VersionOut.of(entry.in_force) if entry.in_force else None,
            scheduled=[VersionOut.of(v) for v in entry.scheduled],
            pending=VersionOut.of(entry.pending) if entry.pending else None,
            newest=entry.newest.number,
        )


class EntriesOut(BaseModel):
    """A page of entries."""

    page: int
    pages: int
    count: int
    entries: list[EntryOut]


class FindingOut(BaseModel):
    """What a rule says of an entry."""

    rule: str
    severity: str
    entry: str
    path: list[str | int]
    text: str
    remedy: str

    @classmethod
    def of(cls, found: LintFinding) -> Self:
        return cls(**finding(found))


class DifferenceOut(BaseModel):
    """One field that differs between two versions."""

    path: list[str | int] = Field(description="Numbers count from 0 in the new list, of `removed` in the old")
    kind: str = Field(description="added, removed, changed")
    old: Any = None
    new: Any = None

    @classmethod
    def of(cls, found: Difference) -> Self:
        return cls(path=list(found.path), kind=found.kind, old=found.old, new=found.new)


class StepOut(BaseModel):
    """Who did what, when, why, and by which way."""

    change: int
    action: str
    entry: str
    version: int
    state: State
    actor: str
    reason: str
    at: datetime
    via: str

    @classmethod
    def of(cls, step: Step) -> Self:
        return cls(**{name: getattr(step, name) for name in cls.model_fields})


class UsageOut(BaseModel):
    """The exchanges of an entry."""

    count: int
    first: datetime | None
    last: datetime | None
    by_version: dict[str, int] = Field(description="Empty key: from before versions were recorded")
    exchanges: list[str] = Field(description="Ids, the newest first")

    @classmethod
    def of(cls, usage: Usage) -> Self:
        by_version = {"" if n is None else str(n): count for n, count in usage.by_version.items()}
        return cls(
            count=usage.count,
            first=usage.first,
            last=usage.last,
            by_version=by_version,
            exchanges=list(usage.exchanges),
        )


class EuropeanOut(BaseModel):
    """An EU evidence type or a requirement, and what answers or proves it here."""

    id: str = Field(description="The end of its identifier that tells it from others")
    identifiers: list[str]
    names: list[str]
    procedures: list[str]
    requirements: list[str]
    mappings: list[str] = Field(description="Entries; empty: not mapped")
    mapped: bool = Field(description="Something is in force today")

    @classmethod
    def of(cls, thing: EuropeanThing) -> Self:
        return cls(
            id=thing.short,
            identifiers=list(thing.uris),
            names=list(thing.names),
            procedures=list(thing.procedures),
            requirements=list(thing.requirements),
            mappings=[row.entry.name for row in thing.rows],
            mapped=thing.mapped,
        )


class DraftIn(BaseModel):
    """What an entry shall say: as JSON or as YAML."""

    expected: int = Field(ge=0, le=paths.MOST, description="Newest version that you saw; 0: a new entry")
    reason: Reason
    based_on: int | None = Field(None, ge=1, le=paths.MOST, description="Default: the newest")
    document: Said | None = None
    yaml: Text | None = Field(None, max_length=1 << 20, description="The document as it stands in its file")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.document is None) == (self.yaml is None):
            raise ValueError("give either `document` or `yaml`")
        return self


class RefIn(BaseModel):
    """One version."""

    entry: Name
    version: int = Field(ge=1, le=paths.MOST)


class ChangeIn(BaseModel):
    """A step with one version, or with several that go together: all or none."""

    action: StepName
    versions: list[RefIn] = Field(min_length=1, max_length=500)
    reason: Reason


class FilesOut(BaseModel):
    """What is in force as the files of `mappings/`."""

    revision: int
    files: dict[str, str] = Field(description="Relative name → YAML")


class FilesIn(BaseModel):
    """Files of `mappings/`: all of them; an entry that is not among them stays."""

    files: dict[Text, Annotated[Text, Field(max_length=1 << 20)]] = Field(max_length=5000)
    reason: Reason


def titles(entry: Entry) -> dict[str, str]:
    """The titles of an entry, so far as they are texts."""
    return {code: text for code, text in entry.titles.items() if listing.text(text)}


def _life(version: Version) -> dict[str, Any]:
    return {
        "entry": version.entry,
        "version": version.number,
        "state": version.state,
        "author": version.author,
        "authors": list(version.authors),
        "reason": version.reason,
        "drafted_at": version.drafted_at,
        "valid_from": version.valid_from,
        "valid_until": version.valid_until,
        "based_on": version.based_on,
        "reviewer": version.reviewer,
        "published_at": version.published_at,
        "changed_at": version.changed_at,
    }
