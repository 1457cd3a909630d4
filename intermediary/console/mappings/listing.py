"""The lists of mappings and providers: each entry in a row, searched, sorted, in pages. Pure.

A draft may say anything: what has another shape than it should is left out here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from intermediary.mapping import Document, Entry, State, Version
from intermediary.mapping.life import same_person
from intermediary.web import Tongue

_T = TypeVar("_T")
PAGE = 50
"""Rows of a page."""
SOON = timedelta(days=30)
"""What ends within so long, and nothing follows, needs somebody's attention."""
STANDING = ("in-force", "ending", "to-follow", "over", "new", "retired")
PENDING_OF = ("any", "mine", "for-me")
SORTS = ("attention", "title", "national", "changed", "ends")


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a list."""

    entry: Entry
    standing: str
    """One of `STANDING`."""
    titles: Mapping[str, str]
    national_id: str
    classifications: tuple[str, ...]
    """The EU evidence types in short form, e.g. `DE/00000000-0000-4000-8000-000000000003`."""
    procedures: tuple[str, ...]
    providers: tuple[str, ...]
    """Keys of those who may be asked, the fixed one or the fallback first."""
    protocol: str = ""
    address: str = ""
    """Of a provider: how and where it is asked."""

    @property
    def shown(self) -> Version:
        """The version of which the row tells."""
        return self.entry.in_force or next(iter(self.entry.scheduled), None) or self.entry.newest

    @property
    def changed(self) -> Any:
        """The last step of any of its versions that the list knows."""
        return max(
            v.changed_at or v.drafted_at for v in (self.shown, self.entry.pending, self.entry.newest) if v
        )


@dataclass(frozen=True, slots=True)
class Search:
    """What to list; every field narrows, an empty one does not."""

    kind: str = "evidence"
    text: str = ""
    state: State | None = None
    standing: str = ""
    procedure: str = ""
    provider: str = ""
    pending: str = ""
    """`any`: something is being made; `mine`: by me; `for-me`: in review, and I wrote nothing of it."""
    sort: str = "attention"


def row(entry: Entry, day: date, references: Mapping[str, Sequence[str]]) -> Row:
    """The row of an entry."""
    said = entry.document
    uris = [
        uri for name in texts(said.get("evidence_type_classifications")) for uri in resolved(name, references)
    ]
    return Row(
        entry=entry,
        standing=standing(entry, day),
        titles={code: said for code, said in entry.titles.items() if text(said)},
        national_id=text(said.get("national_id")),
        classifications=tuple(dict.fromkeys(map(short, uris))),
        procedures=texts(said.get("procedures")),
        providers=routed(said),
        protocol=text(said.get("protocol")),
        address=text(said.get("url")),
    )


def standing(entry: Entry, day: date) -> str:
    """How an entry stands on a day: one of `STANDING`."""
    if (now := entry.in_force) is not None:
        ends = now.valid_until is not None and now.valid_until <= day + SOON
        return "ending" if ends and not entry.scheduled else "in-force"
    if entry.scheduled:
        return "to-follow"
    if (
        entry.newest.published is None
        and entry.pending is not None
        and entry.pending.number == entry.newest.number
    ):
        return "new" if entry.newest.based_on is None else "retired"
    return "over" if entry.newest.state is State.LIVE else "retired"


def find(
    entries: Iterable[Entry], search: Search, who: str, day: date, tongue: Tongue, *, reviewer: bool = False
) -> list[Row]:
    """The rows that a search of somebody finds, in its order; what a reviewer may review comes first."""
    listed = tuple(entries)
    references = references_of(listed)
    rows = [row(e, day, references) for e in listed if e.fits(search.text, search.kind or None, search.state)]
    rows = [r for r in rows if _fits(r, search, who)]
    return sorted(rows, key=_order(search.sort, who, tongue, reviewer=reviewer))


def references_of(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """What the names (`$name`) in documents stand for."""
    said = next((e.document for e in entries if e.name == "references"), {})
    return {name: list(texts(uris)) for name, uris in said.items()}


def _fits(found: Row, search: Search, who: str) -> bool:
    pending = found.entry.pending
    wanted = {
        "": True,
        "any": pending is not None,
        "mine": pending is not None and wrote(pending, who),
        "for-me": pending is not None and may_review(pending, who),
    }
    return (
        wanted.get(search.pending, False)
        and (not search.standing or found.standing == search.standing or _running(found, search.standing))
        and (not search.procedure or search.procedure in found.procedures)
        and (not search.provider or search.provider in found.providers)
    )


def _running(found: Row, wanted: str) -> bool:
    """What ends soon is in force, too."""
    return wanted == "in-force" and found.standing == "ending"


def _order(sort: str, who: str, tongue: Tongue, *, reviewer: bool) -> Callable[[Row], Any]:
    def title(found: Row) -> tuple[str, str]:
        return tongue.pick(found.titles).text.casefold(), found.entry.name

    def attention(found: Row) -> tuple[Any, ...]:
        pending = found.entry.pending
        review = reviewer and pending is not None and may_review(pending, who)
        return (not review, pending is None, found.standing not in ("ending", "over"), title(found))

    def changed(found: Row) -> tuple[Any, ...]:
        return (-found.changed.timestamp(), found.entry.name)

    def ends(found: Row) -> tuple[Any, ...]:
        return (found.shown.valid_until or date.max, title(found))

    def national(found: Row) -> tuple[Any, ...]:
        return (found.national_id, found.entry.name)

    return {"title": title, "changed": changed, "ends": ends, "national": national}.get(sort, attention)


def page(rows: Sequence[_T], number: int) -> tuple[Sequence[_T], int]:
    """The rows of a page (from 1), and how many pages there are."""
    pages = max(1, -(-len(rows) // PAGE))
    start = (min(number, pages) - 1) * PAGE
    return rows[start : start + PAGE], pages


def wrote(version: Version, who: str) -> bool:
    """Whether somebody is among the authors of a version."""
    return any(same_person(who, author) for author in version.authors)


def may_review(version: Version, who: str) -> bool:
    """Whether somebody else's eyes would be these."""
    return version.state is State.IN_REVIEW and not wrote(version, who)


# ------------------------------------------------------------------------------------------ reading documents


def text(value: object) -> str:
    """A text, else nothing."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def table(value: object) -> dict[str, Any]:
    """A map, else an empty one."""
    return value if isinstance(value, dict) else {}


def routed(said: Document) -> tuple[str, ...]:
    """The providers to which a mapping may lead."""
    routing = table(said.get("routing"))
    targets = (routing.get("provider"), *table(routing.get("table")).values())
    return tuple(dict.fromkeys(text(target) for target in targets if text(target)))


def resolved(name: str, references: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """What a `$name` stands for; anything else stands for itself."""
    return references.get(name[1:], (name,)) if name.startswith("$") else (name,)


def short(uri: str) -> str:
    """The end of an identifier that tells it from others: country and UUID."""
    parts = uri.rstrip("/").split("/")
    if "evidencetypeclassifications" in parts[:-2]:
        return "/".join(parts[-2:])
    return parts[-1].removeprefix("urn:uuid:")
