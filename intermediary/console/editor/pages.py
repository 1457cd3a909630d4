"""The pages on which an entry is written: new, as a copy, or as the next version of what there is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from intermediary.console.access import Operator, Role
from intermediary.console.desk import Desk, Submitted
from intermediary.console.editor import nodes
from intermediary.console.editor.forms import act, form_of, new_tree
from intermediary.console.editor.guard import Given, Guard
from intermediary.console.editor.sheet import PLACE, Note, Sheet, by_place, notes_of, opened, sheet_from
from intermediary.console.editor.vocabulary import CONTENTS, pending_providers, vocabulary
from intermediary.console.errors import NotThere
from intermediary.console.mappings import comparing
from intermediary.console.mappings.paths import MOST, EntryName, page_of
from intermediary.console.pages import _N
from intermediary.mapping import (
    PENDING,
    Document,
    LintFinding,
    MappingConflict,
    MappingInvalid,
    MappingMissing,
    MappingStore,
    Severity,
    State,
    Version,
)

_NOT_COPIED = ("evidence_type_classifications", "national_id", "agent_id")
"""What tells one entry from another."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page says about a sheet."""

    notes: tuple[Note, ...] = ()
    checked: bool = False
    resumed: bool = False
    at: str = ""
    """The part that was just changed."""
    theirs: Version | None = None
    """Who saved meanwhile."""
    changes: tuple[comparing.Changed, ...] = ()


class Editor:
    """Shows, checks and keeps sheets."""

    def __init__(self, desk: Desk, store: MappingStore, guard: Guard) -> None:
        self.desk, self.store, self.guard = desk, store, guard

    def blank(self, request: Request, operator: Operator, kind: str, copied: str) -> Response:
        """A new entry, empty or as a copy of another of its kind."""
        form = form_of(kind)
        sheet = Sheet(kind, "", True, False, new_tree(form, self.desk.settings.languages))
        if not copied:
            return self.page(request, operator, sheet, Shown())
        if copied.partition("/")[0] != kind:
            raise NotThere(copied)
        document = self._document(copied, self._versions(copied)[0].number)
        kept = {name: value for name, value in document.items() if name not in _NOT_COPIED}
        sheet, notes = opened(sheet, kept)
        return self.page(request, operator, sheet, Shown(notes))

    def begun(self, request: Request, operator: Operator, entry: str, number: int | None) -> Response:
        """The next version of an entry, beginning with one of its versions."""
        known = self._versions(entry)
        number = number or _first_choice(known).number
        kind, _, key = entry.partition("/")
        sheet = Sheet(
            kind,
            key,
            False,
            False,
            nodes.empty(form_of(kind).root),
            expected=known[0].number,
            based_on=number,
        )
        sheet, notes = opened(sheet, self._document(entry, number))
        return self.page(request, operator, sheet, Shown(notes))

    def acted(self, request: Request, given: Given, kind: str, key: str | None) -> Response:
        """What the operator pressed."""
        sheet = sheet_from(kind, key, given.fields)
        if given.operator is None:
            return self.desk.page(
                request,
                None,
                "editor/signed_out.html",
                status=403,
                fields=[*sheet.fields(), ("pass", given.value("pass"))],
                to=request.url.path.removeprefix(self.desk.settings.base_path),
            )
        if given.sent is None:
            return self.page(request, given.operator, sheet, Shown(resumed=True))
        if not sheet.new:
            self._versions(sheet.entry)
        verb, _, place = given.value("do").partition(":")
        given.sent.recorded = True  # only what is kept is an act
        match verb:
            case "expert" | "form":
                sheet, notes = sheet.turned(verb == "expert")
                return self.page(request, given.operator, sheet, Shown(notes))
            case "add" | "remove" | "up" if not sheet.expert:
                at = act(sheet.form, sheet.tree, verb, place.removeprefix(PLACE).removeprefix("."))
                return self.page(request, given.operator, sheet, Shown(at=nodes.under(PLACE, at)))
            case "save" | "over":
                if verb == "over" and place.isdecimal():
                    sheet = replace(sheet, expected=min(int(place), MOST))
                return self.saved(request, given.sent, sheet)
            case _:
                notes = self.findings(sheet)
                return self.page(request, given.operator, sheet, Shown(notes, checked=True))

    def saved(self, request: Request, sent: Submitted, sheet: Sheet) -> Response:
        """Kept as a draft, whatever the rules say; only what nobody could read is refused."""
        document, notes = sheet.document()
        if sheet.new:
            notes = (*self._key_notes(sheet), *notes)
        if not sheet.reason:
            notes = (*notes, Note("reason", "", _N("Say why: it is kept with the version.")))
        if document is None or notes:
            return self.page(request, sent.operator, sheet, Shown(notes))
        try:
            version = self.store.draft(
                sheet.entry,
                document,
                expected=sheet.expected,
                actor=sent.operator.subject,
                reason=sheet.reason,
                at=self.desk.clock(),
                based_on=sheet.based_on,
            )
        except MappingMissing as missing:
            raise NotThere(str(missing)) from None
        except MappingConflict:
            return self._overtaken(request, sent.operator, sheet, document)
        except MappingInvalid as invalid:
            return self.page(request, sent.operator, sheet, Shown(notes_of(sheet, invalid.findings)))
        sent.record("mapping-drafted", entry=version.entry, version=version.number)
        errors = [f for f in self._rules(sheet, document) if f.severity is Severity.ERROR]
        if errors:
            text = _N("Version %(number)s is kept as a draft. What is to be mended before review: %(count)s.")
            return self.desk.to(
                page_of(version.entry), "warning", text, number=version.number, count=len(errors)
            )
        text = _N("Version %(number)s is kept as a draft. Try it, then hand it in for review.")
        return self.desk.to(page_of(version.entry), "success", text, number=version.number)

    def findings(self, sheet: Sheet) -> tuple[Note, ...]:
        """What is to be mended or looked at."""
        document, notes = sheet.document()
        if sheet.new:
            notes = (*self._key_notes(sheet), *notes)
        if document is None:
            return notes
        return (*notes, *notes_of(sheet, self._rules(sheet, document)))

    def page(self, request: Request, operator: Operator, sheet: Sheet, shown: Shown) -> Response:
        """The sheet, with what is said of it."""
        entries = self.store.entries(self._day())
        known = self._versions(sheet.entry) if not sheet.new else ()
        grave = [note for note in shown.notes if note.grave]
        return self.desk.page(
            request,
            operator,
            "editor/editor.html",
            status=409 if shown.theirs else 200,
            sheet=sheet,
            shown=shown,
            notes=by_place(shown.notes),
            marks={note.place or "elsewhere" for note in grave},
            words=vocabulary(entries, sheet.tree),
            contents=CONTENTS,
            kind_of=lambda node: type(node).__name__,
            PLACE=PLACE,
            guard=self.guard.pass_for(operator),
            action=request.url.path,
            pending=next((v for v in known if v.state in PENDING), None),
            newest=known[0] if known else None,
            titles=next((e.titles for e in entries if e.name == sheet.entry), {}),
            others=[e for e in entries if e.kind == sheet.kind] if sheet.new else [],
        )

    def _rules(self, sheet: Sheet, document: Document) -> Iterable[LintFinding]:
        entry = sheet.entry if sheet.named else f"{sheet.kind}/0"
        refs = pending_providers(self.store.entries(self._day(), kind="provider"), document)
        try:
            found = self.store.findings_if(entry, document, *refs, day=self._day())
        except MappingInvalid as invalid:
            found = invalid.findings
        return found if sheet.named else [replace(f, entry=sheet.entry) for f in found if f.entry == entry]

    def _key_notes(self, sheet: Sheet) -> tuple[Note, ...]:
        if not sheet.named:
            text = _N("Use lower-case letters, digits, _ and -, beginning with a letter or digit.")
            return (Note("key", "", text),)
        try:
            self.store.versions(sheet.entry)
        except MappingMissing:
            return ()
        if sheet.expected:
            return ()
        return (
            Note(
                "key",
                "",
                _N("There is an entry of this name already: edit that one, or choose another."),
            ),
        )

    def _overtaken(self, request: Request, operator: Operator, sheet: Sheet, document: Document) -> Response:
        theirs = self._versions(sheet.entry)[0]
        said = self.store.document(sheet.entry, theirs.number)
        changes = comparing.changes(said, document)
        return self.page(request, operator, sheet, Shown(theirs=theirs, changes=changes))

    def _versions(self, entry: str) -> tuple[Version, ...]:
        try:
            return self.store.versions(entry)
        except MappingMissing:
            raise NotThere(entry) from None

    def _document(self, entry: str, number: int) -> Document:
        try:
            return self.store.document(entry, number)
        except MappingMissing:
            raise NotThere(entry) from None

    def _day(self) -> Any:
        return self.desk.clock().date()


def _first_choice(known: tuple[Version, ...]) -> Version:
    """What to begin with: the pending version, else the one that went live last, else the newest."""
    pending = next((v for v in known if v.state in PENDING), None)
    live = next((v for v in known if v.state is State.LIVE), None)
    return pending or live or known[0]


def editor_pages(desk: Desk, store: MappingStore) -> APIRouter:
    """`/mappings/new`, `/providers/new`, `/mappings/{entry}/edit`."""
    router = APIRouter(include_in_schema=False)
    guard = Guard(desk)
    editor = Editor(desk, store, guard)
    Edits = Annotated[Operator, Depends(desk.may(Role.EDITOR))]  # noqa: N806 - a type
    Gives = Annotated[Given, Depends(guard.given())]  # noqa: N806 - a type
    Copied = Annotated[str, Query(alias="copy", max_length=100)]  # noqa: N806 - a type

    def new_ones(path: str, kind: str) -> None:
        @router.get(path)
        def blank(request: Request, operator: Edits, copied: Copied = "") -> Response:
            return editor.blank(request, operator, kind, copied)

        @router.post(path)
        def made(request: Request, given: Gives) -> Response:
            return editor.acted(request, given, kind, None)

    new_ones("/mappings/new", "evidence")
    new_ones("/providers/new", "provider")

    @router.get("/mappings/{entry:entry}/edit")
    def begun(
        request: Request,
        entry: EntryName,
        operator: Edits,
        version: Annotated[int | None, Query(ge=1, le=MOST)] = None,
    ) -> Response:
        return editor.begun(request, operator, entry, version)

    @router.post("/mappings/{entry:entry}/edit")
    def acted(request: Request, entry: EntryName, given: Gives) -> Response:
        kind, _, key = entry.partition("/")
        return editor.acted(request, given, kind, key)

    return router
