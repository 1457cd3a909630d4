"""The pages on which operators take a step with a version: from handing it in to retiring it.

Each shows what the step changes before it is taken, wants a reason, and loses neither reason nor ticks
when the store refuses, whatever for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from intermediary.console.access import Operator
from intermediary.console.desk import Desk, Submitted
from intermediary.console.errors import NotThere
from intermediary.console.languages import catalogue
from intermediary.console.mappings import acting, comparing, paths, reading
from intermediary.console.mappings.pages import SHARED, found, usage_of, where
from intermediary.console.mappings.paths import EntryName, Number
from intermediary.console.pages import _N
from intermediary.mapping import (
    Action,
    FourEyes,
    LintFinding,
    MappingConflict,
    MappingError,
    MappingInvalid,
    MappingStore,
    Ref,
    State,
    Version,
)

RECORDED = {
    Action.SUBMIT: "mapping-submitted",
    Action.APPROVE: "mapping-approved",
    Action.REJECT: "mapping-rejected",
    Action.GO_LIVE: "mapping-published",
    Action.RETIRE: "mapping-retired",
    Action.ROLL_BACK: "mapping-rolled-back",
}
"""What the operators' log calls a step."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an operator wrote on the form, and why it was refused."""

    reason: str = ""
    together: tuple[Ref, ...] | None = None
    """The other versions that are ticked; None: nobody chose yet."""
    at_once: bool = False
    """After the approval put it in force as well."""
    missing: bool = False
    conflict: str = ""
    four_eyes: str = ""
    findings: tuple[LintFinding, ...] = field(default=())

    @property
    def status(self) -> int:
        """Of the answer that shows the form again."""
        if self.conflict:
            return 409
        if self.four_eyes:
            return 403
        return 422 if self.missing or self.findings else 200


WouldChange = Callable[[tuple[Ref, ...]], object]
"""What versions would have changed for the requests that came, or None."""


def deciding_pages(desk: Desk, reader: reading.Reader, would_change: WouldChange) -> APIRouter:
    """`/mappings/{entry}/versions/{number}/{action}`: look, then do."""
    router = APIRouter(include_in_schema=False)
    show = partial(_form, desk, reader, would_change)
    path = "/mappings/{entry:entry}/versions/{number:int}/{action}"
    everyone = tuple({role for roles in acting.STEPS.values() for role in roles})

    @router.get(path)
    def look(
        request: Request,
        entry: EntryName,
        number: Number,
        action: str,
        *,
        operator: Annotated[Operator, Depends(desk.may(*everyone))],
    ) -> Response:
        return show(request, operator, step=_step(action), ref=(entry, number), said=Said())

    @router.post(path)
    def do(
        request: Request,
        entry: EntryName,
        number: Number,
        action: str,
        *,
        sent: Annotated[Submitted, Depends(desk.form(*everyone))],
    ) -> Response:
        step, ref, operator = _step(action), (entry, number), sent.operator
        together = tuple(known for text in sent.texts("with") if (known := ref_of(text)) is not None)
        said = Said(
            reason=sent.text("reason").replace("\x00", "")[:2000],
            together=together,
            at_once=bool(sent.text("at_once")) and step is Action.APPROVE,
        )
        with found():
            first, *others = (reader.store.version(*each) for each in dict.fromkeys((ref, *together)))
        acting.need(operator, step, (first, *others))
        refused: Said | None = None
        if not said.reason:
            refused = Said(said.reason, together, said.at_once, missing=True)
        elif not any(acting.own_work(operator, step, v) for v in (first, *others)) and sent.text(
            "seen"
        ) != str(seen(reader.store, entry)):
            text = catalogue(desk.tongue(request).language).gettext(
                "Meanwhile something was changed here. Look at it again below; your reason is kept."
            )
            refused = Said(said.reason, together, said.at_once, conflict=text)
        else:
            refused = _take(desk, reader.store, operator, step=step, versions=(first, *others), said=said)
        if refused is not None:
            sent.record(
                "mapping-step-refused", step=step.value, entry=entry, version=number, status=refused.status
            )
            return show(request, operator, step=step, ref=ref, said=refused)
        for version in (first, *others):
            sent.record(RECORDED[step], entry=version.entry, version=version.number)
        if said.at_once:
            for version in (first, *others):
                sent.record(RECORDED[Action.GO_LIVE], entry=version.entry, version=version.number)
        done = acting.WORDS[Action.GO_LIVE].done if said.at_once else acting.words_of(step, first).done
        return desk.to(paths.page_of(entry), "success", done)

    return router


def _take(
    desk: Desk,
    store: MappingStore,
    operator: Operator,
    *,
    step: Action,
    versions: tuple[Version, ...],
    said: Said,
) -> Said | None:
    """Take the step; what was refused, or None."""
    try:
        for each in (step, Action.GO_LIVE) if said.at_once else (step,):
            take(desk, store, operator, each, tuple(v.ref for v in versions), reason=said.reason)
    except MappingInvalid as invalid:
        return Said(said.reason, said.together, said.at_once, findings=invalid.findings)
    except FourEyes as refused:
        return Said(said.reason, said.together, said.at_once, four_eyes=str(refused))
    except MappingConflict as conflict:
        return Said(said.reason, said.together, said.at_once, conflict=str(conflict))
    return None


def take(
    desk: Desk, store: MappingStore, operator: Operator, step: Action, refs: tuple[Ref, ...], *, reason: str
) -> tuple[Version, ...]:
    """Take a step with versions, all or none; what became of them. Raises what the store raises."""
    who, at = operator.subject, desk.clock()
    if step is Action.ROLL_BACK:
        if len(refs) != 1:
            raise MappingConflict("Roll back one entry at a time")
        (entry, number) = refs[0]
        return (store.roll_back(entry, number, actor=who, reason=reason, at=at),)
    taken = {
        Action.SUBMIT: store.submit,
        Action.APPROVE: store.approve,
        Action.REJECT: store.reject,
        Action.GO_LIVE: store.go_live,
        Action.RETIRE: store.retire,
    }[step]
    return taken(*refs, actor=who, reason=reason, at=at)


def seen(store: MappingStore, entry: str) -> int:
    """The number of the entry's last change: what a form has seen."""
    return max((step.change for step in store.history(entry, 1)), default=0)


def ref_of(text: str) -> Ref | None:
    """A version as forms name it: `evidence/key@3`."""
    entry, at, number = text.rpartition("@")
    return (
        (entry, int(number)) if at and number.isascii() and number.isdecimal() and len(number) < 10 else None
    )


def _step(name: str) -> Action:
    try:
        step = Action(name)
    except ValueError:
        raise NotThere from None
    if step not in acting.STEPS:
        raise NotThere
    return step


def _form(
    desk: Desk,
    reader: reading.Reader,
    would_change: WouldChange,
    request: Request,
    operator: Operator,
    *,
    step: Action,
    ref: Ref,
    said: Said,
) -> Response:
    day, store = desk.clock().date(), reader.store
    with found():
        shown = reader.shown(*ref, day)
        version, entry = shown.version, shown.entry
        acting.need(operator, step, (version,))
        others = acting.companions(store.entries(day), store, step, version, operator)
        ticked = said.together
        if ticked is None:
            ticked = tuple(c.version.ref for c in others if c.needed and not c.refused)
        findings = said.findings or _foreseen(store, step, (ref, *ticked), day, shown)
    possible = acting.possible(step, version, entry, day)
    own = acting.own_work(operator, step, version)
    replayed = step in (Action.APPROVE, Action.GO_LIVE) and possible and not own
    gettext = catalogue(desk.tongue(request).language).gettext
    return desk.page(
        request,
        operator,
        "mappings/decide.html",
        status=said.status if said.status != 200 or possible else 409,
        **SHARED,
        **where(desk, entry),
        **_difference(store, step, shown),
        step=step,
        step_words=acting.words_of(step, version),
        shown=shown,
        entry=entry,
        version=version,
        entered=said,
        stands=reading.stands(entry),
        possible=possible,
        own_step=own,
        companions=others,
        beside={c.version.ref: _beside(store, c) for c in others if c.needed},
        ticked={f"{name}@{number}" for name, number in ticked},
        findings=findings,
        grave=any(f.severity == "error" for f in findings),
        would_change=would_change((ref, *ticked)) if replayed else None,
        usage=usage_of(store, entry.name) if step is Action.RETIRE and version.published else None,
        seen=seen(store, entry.name),
        used_titles={e: m.titles for e in shown.used_by if (m := shown.used(e))},
        errors={"reason": gettext(_N("Say why: it is kept for ever, and the next person reads it."))}
        if said.missing
        else {},
    )


def _beside(store: MappingStore, other: acting.Companion) -> tuple[int, tuple[comparing.Changed, ...]]:
    """What is in force (0: nothing) of something that goes along, and what it changes in that."""
    now = other.entry.in_force.number if other.entry.in_force else 0
    before = store.document(other.entry.name, now) if now else {}
    return now, comparing.changes(before, store.document(*other.version.ref))


def _foreseen(
    store: MappingStore, step: Action, refs: tuple[Ref, ...], day: Any, shown: reading.Shown
) -> tuple[LintFinding, ...]:
    """What the rules would say after the step, so far as it can be known."""
    if step not in (Action.SUBMIT, Action.APPROVE, Action.GO_LIVE) or shown.version.state is State.RETIRED:
        return ()
    try:
        return store.findings(*refs, day=day)
    except MappingError:
        return shown.findings


def _difference(store: MappingStore, step: Action, shown: reading.Shown) -> dict[str, Any]:
    """What the step changes in what is in force."""
    now = shown.entry.in_force.number if shown.entry.in_force else 0
    number = shown.version.number
    if step is Action.RETIRE:
        return {"old": 0, "new": 0, "changes": (), "same": (), "lines": (), "view": ""}
    if now == number:
        now = 0
    before = store.document(shown.entry.name, now) if now else {}
    return {
        "old": now,
        "new": number,
        "view": "",
        "changes": comparing.changes(before, shown.document),
        "same": comparing.unchanged(before, shown.document),
        "lines": (),
    }
