"""Which form an entry has, and the way between its document and the form. Pure."""

from collections.abc import Mapping, Sequence

from intermediary.console.editor.conversion import said, shown
from intermediary.console.editor.evidence import EVIDENCE_FORM
from intermediary.console.editor.fields import find, grown
from intermediary.console.editor.nodes import ABSENT, Fields, Tree, Trouble, empty, row_of
from intermediary.console.editor.providers import PLATFORM_FORM, PROVIDER_FORM, REFERENCES_FORM
from intermediary.console.editor.sections import Form
from intermediary.mapping import Document

FORMS: Mapping[str, Form] = {
    form.kind: form for form in (EVIDENCE_FORM, PROVIDER_FORM, PLATFORM_FORM, REFERENCES_FORM)
}


def form_of(entry: str) -> Form:
    """The form of an entry such as `evidence/<key>`. Raises KeyError."""
    return FORMS[entry.partition("/")[0]]


def tree_of(form: Form, document: Document) -> Tree:
    """What the form holds for a document. Raises Unshowable where it has no place for something."""
    return shown(form.root, document)


def document_of(form: Form, tree: Tree) -> tuple[Document, tuple[Trouble, ...]]:
    """The document that a form says; with troubles it must not be kept, since something would be lost."""
    value, troubles = said(form.root, tree)
    return ({} if value is ABSENT else value), troubles


def tree_from(form: Form, fields: Fields) -> Tree:
    """What the form holds, from the fields that a browser sends."""
    return grown(form.root, fields)


def new_tree(form: Form, languages: Sequence[str]) -> Tree:
    """An empty form with a row for each language of texts, and a first row of what is a must."""
    tree = empty(form.root)
    for part in getattr(form.root, "parts", ()):
        if (part.required or getattr(part, "always", False)) and getattr(part, "by_language", False):
            tree[part.name] = [{"key": language, "value": ""} for language in languages]
        elif part.required and tree[part.name] == []:
            tree[part.name] = [row_of(part)]
    return tree


def act(form: Form, tree: Tree, action: str, place: str) -> str:
    """Add, remove or move a row, in place; returns the part to show then. What does not fit does nothing."""
    if action == "add":
        found = find(form.root, tree, place)
        if found is not None and isinstance(found[1], list):
            found[1].append(row_of(found[0]))
            return f"{place}.{len(found[1]) - 1}" if place else str(len(found[1]) - 1)
        return place
    around, _, last = place.rpartition(".")
    found = find(form.root, tree, around)
    if found is None or not isinstance(found[1], list) or not last.isdecimal():
        return place
    rows, n = found[1], int(last)
    if action == "remove" and n < len(rows):
        del rows[n]
        return around
    if action == "up" and 0 < n < len(rows):
        rows[n - 1], rows[n] = rows[n], rows[n - 1]
        return f"{around}.{n - 1}" if around else str(n - 1)
    return place
