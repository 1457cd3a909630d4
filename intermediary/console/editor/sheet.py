"""What lies on an editor's desk: an entry, what is written of it, and what is found there. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from intermediary.console.editor.fields import find, flat, locate
from intermediary.console.editor.forms import document_of, form_of, tree_from, tree_of
from intermediary.console.editor.nodes import Fields, Tree, Unshowable
from intermediary.console.editor.sections import Form
from intermediary.console.mappings.paths import MOST, NAME
from intermediary.console.pages import _N
from intermediary.mapping import Document, LintFinding, MappingInvalid, Severity, parse, render
from intermediary.mapping.rulebook import RULES, SCHEMA_MISSING

PLACE = "d"
"""What the names of the document's fields begin with."""
MOST_FIELDS = 4000
"""A document that needs more is edited as YAML."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to mend or to look at: `place` is the id of a field, empty where no field shows it."""

    place: str
    text: str
    """What data or the rules say."""
    message: str = ""
    """What we say: a message of the catalogue with values."""
    values: Mapping[str, object] | None = None
    remedy: str = ""
    """What to do: a message with the same values."""
    grave: bool = True
    rule: str = ""
    entry: str = ""
    """Another entry that it is about."""
    label: str = ""
    """What the field is called: a message."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One entry as it is being written: in the form (`tree`), or as YAML (`text`) where `expert`."""

    kind: str
    key: str
    new: bool
    expert: bool
    tree: Tree
    text: str = ""
    expected: int = 0
    """The newest version that the author saw; 0: none."""
    based_on: int | None = None
    reason: str = ""

    @property
    def form(self) -> Form:
        """The form of its kind."""
        return form_of(self.kind)

    @property
    def entry(self) -> str:
        """Its name; not yet a good one while the key is not."""
        return f"{self.kind}/{self.key}" if self.kind in ("evidence", "provider") else self.kind

    @property
    def named(self) -> bool:
        """True where an entry may be called so."""
        return re.fullmatch(NAME, self.entry) is not None

    def document(self) -> tuple[Document | None, tuple[Note, ...]]:
        """What it says, or None where nobody could read it; with notes it must not be kept."""
        if not self.expert:
            document, troubles = document_of(self.form, self.tree)
            return document, tuple(Note(f"{PLACE}.{t.place}", "", t.text) for t in troubles)
        try:
            return parse(self.entry if self.named else f"{self.kind}/0", self.text), ()
        except MappingInvalid as invalid:
            return None, tuple(
                Note("yaml", f"{f.text} {f.remedy}", _N("Line %(line)s:"), {"line": f.line})
                for f in invalid.findings
            )

    def turned(self, expert: bool) -> tuple["Sheet", tuple[Note, ...]]:
        """The same as YAML or in the form; as it is, with notes, where that would lose something."""
        document, notes = self.document()
        if document is None or notes or expert == self.expert:
            return self, notes
        if expert:
            return replace(self, expert=True, text=render(document) if document else ""), ()
        return opened(self, document)

    def place_of(self, path: tuple[str | int, ...]) -> str:
        """The id of the field that shows what stands at a path of the document."""
        if self.expert:
            return "yaml"
        found = locate(self.form.root, self.tree, path)
        return f"{PLACE}.{found}" if found else ""

    def fields(self) -> list[tuple[str, str]]:
        """All that the browser sends of it, but for what guards the form."""
        kept = [
            ("mode", "expert" if self.expert else "form"),
            ("key", self.key),
            ("expected", str(self.expected)),
            ("based_on", str(self.based_on or "")),
            ("reason", self.reason),
        ]
        return [*kept, *([("yaml", self.text)] if self.expert else flat(self.form.root, self.tree, PLACE))]


def opened(sheet: Sheet, document: Document) -> tuple[Sheet, tuple[Note, ...]]:
    """A sheet with a document in the form; as YAML, with a note, where the form has no place for it."""
    try:
        tree = tree_of(sheet.form, document)
        if sum(1 for _ in flat(sheet.form.root, tree)) <= MOST_FIELDS:
            return replace(sheet, expert=False, tree=tree, text=""), ()
        note = Note("yaml", "", _N("This is too long for a form: edit it as YAML."), grave=False)
    except Unshowable as refused:
        note = Note(
            "yaml",
            "",
            _N("The form has no place for «%(path)s»: edit it as YAML."),
            {"path": str(refused)},
            grave=False,
        )
    return replace(sheet, expert=True, text=render(document)), (note,)


def sheet_from(kind: str, key: str | None, fields: Fields) -> Sheet:
    """What a browser sent; `key` None: it is new, and names itself."""
    by_name = dict(reversed(fields))
    expert = by_name.get("mode") == "expert"
    ours = [(name.removeprefix(f"{PLACE}."), value) for name, value in fields if name.startswith(f"{PLACE}.")]
    return Sheet(
        kind=kind,
        key=by_name.get("key", "").strip() if key is None else key,
        new=key is None,
        expert=expert,
        tree=tree_from(form_of(kind), ours),
        text=by_name.get("yaml", "").replace("\r\n", "\n") if expert else "",
        expected=_number(by_name.get("expected", "")),
        based_on=_number(by_name.get("based_on", "")) or None,
        reason=by_name.get("reason", "").strip(),
    )


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) and int(text) <= MOST else 0


def notes_of(sheet: Sheet, findings: Iterable[LintFinding]) -> tuple[Note, ...]:
    """What the rules say, at the fields where it is to be mended."""
    return tuple(_note(sheet, finding) for finding in findings)


def _note(sheet: Sheet, found: LintFinding) -> Note:
    ours = found.entry == sheet.entry
    place = sheet.place_of(found.path) if ours else ""
    shown = (
        find(sheet.form.root, sheet.tree, place.removeprefix(f"{PLACE}."))
        if place and not sheet.expert
        else None
    )
    label = shown[0].label if shown else ""
    if label and found.rule == SCHEMA_MISSING.id:
        return Note(place, "", _N("This must be filled in."), rule=found.rule, label=label)
    rule = RULES.get(found.rule)
    return Note(
        place,
        "" if rule else f"{found.text} {found.remedy}",
        rule.text if rule else "",
        dict(found.values),
        rule.remedy if rule else "",
        grave=found.severity is Severity.ERROR,
        rule=found.rule,
        entry="" if ours else found.entry,
        label=label,
    )


def by_place(notes: Iterable[Note]) -> dict[str, list[Note]]:
    """The notes of each field."""
    found: dict[str, list[Note]] = {}
    for note in notes:
        found.setdefault(note.place, []).append(note)
    return found
