"""Includes of Schematron, from within the set only. Source: ISO/IEC 19757-3 clause 5.4 (include, extends)."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from lxml import etree

from intermediary.validation.releases.errors import UnknownSchematron

_SCH: Final = "{http://purl.oclc.org/dsdl/schematron}"
_MAX_INCLUDES: Final = 500


def with_includes(path: str, schema: etree._Element, files: Mapping[str, etree._Element]) -> etree._Element:
    """The schema with all that it includes put in place; `files` are all rule files by their path.

    Raises UnknownSchematron: the file is not in the set, includes itself, or includes without end.
    """
    if next(_referring(schema), None) is None:
        return schema
    done = copy.deepcopy(schema)
    _fill(path, done, files, (path,), [0])
    return done


def _referring(element: etree._Element) -> Iterator[etree._Element]:
    return (e for e in element.iter(f"{_SCH}include", f"{_SCH}extends") if e.get("href") is not None)


def _fill(
    path: str,
    element: etree._Element,
    files: Mapping[str, etree._Element],
    within: tuple[str, ...],
    count: list[int],
) -> None:
    for reference in list(_referring(element)):
        count[0] += 1
        target, _, fragment = (reference.get("href") or "").partition("#")
        source = _resolve(path, target)
        if source in within or count[0] > _MAX_INCLUDES:
            raise UnknownSchematron(f"{path}: includes that do not come to an end")
        if source not in files:
            raise UnknownSchematron(f"{path} includes {target[:80]}, which the set lacks; add that file")
        found = files[source]
        if fragment:
            marked = [e for e in found.iter(f"{_SCH}*") if e.get("id") == fragment]
            if len(marked) != 1:
                raise UnknownSchematron(
                    f"{path}: {target[:80]} has no single element with the id it includes"
                )
            found = marked[0]
        put = copy.deepcopy(found)
        put.tail = None
        _fill(source, put, files, (*within, source), count)
        parent = reference.getparent()
        if parent is None:
            raise UnknownSchematron(f"{path}: an include as root element")
        # `extends href` takes over the content of a rule, `include` the element itself.
        for part in list(put) if reference.tag == f"{_SCH}extends" else [put]:
            reference.addprevious(part)
        parent.remove(reference)


def _resolve(path: str, target: str) -> str:
    parts = list(PurePosixPath(path).parent.parts)
    for step in unquote(target).split("/"):
        if step == ".." and parts:
            parts.pop()
        elif step not in ("", "."):
            parts.append(step)
    return "/".join(parts)
