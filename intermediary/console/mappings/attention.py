"""What of the mappings needs an operator's attention, on the home page."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from intermediary.console.access import Operator, Role
from intermediary.console.contracts import Notice
from intermediary.console.mappings import listing, paths
from intermediary.console.mappings.reading import Reader
from intermediary.console.pages import _N
from intermediary.mapping import Entry, State, Version


def notices(reader: Reader, operator: Operator, now: datetime) -> Iterable[Notice]:
    """Errors in what is in force, what ends, what waits for this operator, the operator's own drafts."""
    if not operator.has(Role.VIEWER):
        return
    day = now.date()
    entries = reader.store.entries(day)
    yield from _errors(reader, now)
    yield from _ending(entries, now)
    pending = [e.pending for e in entries if e.pending is not None]
    if operator.has(Role.APPROVER):
        yield from _waiting(pending, operator)
    if operator.has(Role.EDITOR):
        mine = [v for v in pending if v.state is State.DRAFT and listing.wrote(v, operator.subject)]
        yield from _some(
            mine,
            "info",
            (
                _N("Your draft of %(entry)s is not handed in for review yet."),
                _N("%(count)s of your drafts are not handed in for review yet."),
            ),
            "/mappings?pending=mine&state=draft",
        )


def _errors(reader: Reader, now: datetime) -> Iterator[Notice]:
    errors = [f for f in reader.flaws(now.date()) if f.severity == "error"]
    if errors:
        entries = sorted({f.entry for f in errors if f.entry})
        path = paths.page_of(entries[0]) if len(entries) == 1 else "/lint?severity=error&state=live"
        text = _N("What is in force breaks the rules (errors: %(count)s): %(entries)s")
        yield Notice("danger", text, path, {"count": len(errors), "entries": _listed(entries)})


def _ending(entries: Iterable[Entry], now: datetime) -> Iterator[Notice]:
    day = now.date()
    for kind, path in (("evidence", "/mappings"), ("provider", "/providers")):
        ending = [e for e in entries if e.kind == kind and listing.standing(e, day) == "ending"]
        if len(ending) == 1 and (version := ending[0].in_force) is not None and version.valid_until:
            text = _N("%(entry)s ends in %(days)s days, and nothing follows.")
            values = {"entry": version.entry, "days": (version.valid_until - day).days}
            yield Notice("warning", text, paths.page_of(version.entry), values)
        elif ending:
            text = _N("%(count)s entries end within 30 days, and nothing follows.")
            yield Notice("warning", text, f"{path}?standing=ending", {"count": len(ending)})


def _waiting(pending: Iterable[Version], operator: Operator) -> Iterator[Notice]:
    listed = list(pending)
    yield from _some(
        [v for v in listed if listing.may_review(v, operator.subject)],
        "warning",
        (_N("A version of %(entry)s waits for your review."), _N("%(count)s versions wait for your review.")),
        "/mappings?pending=for-me",
    )
    yield from _some(
        [v for v in listed if v.state is State.APPROVED],
        "info",
        (
            _N("A version of %(entry)s is approved, and not in force yet."),
            _N("%(count)s versions are approved, and not in force yet."),
        ),
        "/mappings?state=approved",
    )


def _some(found: list[Version], kind: str, texts: tuple[str, str], path: str) -> Iterator[Notice]:
    """One is named and linked; several are counted, and listed where the first of them is."""
    if len(found) == 1:
        (one,) = found
        yield Notice(kind, texts[0], paths.page_of_version(one.entry, one.number), {"entry": one.entry})
    elif found:
        of_providers = all(v.entry.startswith("provider/") for v in found)
        where = path.replace("/mappings", "/providers") if of_providers else f"{path}&kind=all"
        yield Notice(kind, texts[1], where, {"count": len(found)})


def _listed(entries: list[str]) -> str:
    return ", ".join(entries[:3]) + (" …" if len(entries) > 3 else "")
