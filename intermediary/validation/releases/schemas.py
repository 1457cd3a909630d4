"""The schemas of an official set, made to stand alone: every import by a local, relative name.

Published schemas import each other by remote address, or without any (stack page, pitfall 2). Here each
import is led to the file of the set that declares the namespace, each include to the file of that name; what
the set lacks is refused. The result needs no resolver and no network.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from lxml import etree

from intermediary.validation.releases.errors import ReleaseRefused

DRIVER: Final = "driver.xsd"
_XS: Final = "http://www.w3.org/2001/XMLSchema"
_IMPORT, _INCLUDE = f"{{{_XS}}}import", (f"{{{_XS}}}include", f"{{{_XS}}}redefine")


def stand_alone(schemas: Mapping[str, etree._Element]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """File name to content, `DRIVER` among them, for schemas given by their path in the set.

    With them the paths that are not used, because a newer schema declares the same namespace. Empty
    where there is nothing but drivers without declarations. Raises ReleaseRefused.
    """
    declaring = {path: root for path, root in schemas.items() if root.get("targetNamespace")}
    if not declaring:
        return {}, ()
    included = {
        target
        for path, root in declaring.items()
        for element in root.iterchildren(*_INCLUDE)
        if (target := _by_name(path, element.get("schemaLocation") or "", declaring))
    }
    chosen: dict[str, str] = {}
    for path in sorted(set(declaring) - included, key=_natural):
        # Later wins: of two versions of one namespace the set is judged by the newer.
        chosen[str(declaring[path].get("targetNamespace"))] = path
    names = {path: f"{number:02}-{PurePosixPath(path).name}" for number, path in enumerate(declaring)}
    used = included | set(chosen.values())
    made = {
        names[p]: _rewritten(p, root, chosen, names, declaring) for p, root in declaring.items() if p in used
    }
    made[DRIVER] = _driver(chosen, names)
    return made, tuple(path for path in declaring if path not in used)


def _rewritten(
    path: str,
    root: etree._Element,
    chosen: Mapping[str, str],
    names: Mapping[str, str],
    known: Mapping[str, etree._Element],
) -> bytes:
    root = copy.deepcopy(root)
    for element in root.iterchildren(_IMPORT):
        namespace = element.get("namespace") or ""
        if namespace not in chosen:
            raise ReleaseRefused(
                f"{path} imports the namespace {namespace}, for which the set has no schema; add that file"
            )
        element.set("schemaLocation", names[chosen[namespace]])
    for element in root.iterchildren(*_INCLUDE):
        target = _by_name(path, element.get("schemaLocation") or "", known)
        if target is None:
            raise ReleaseRefused(f"{path} includes a file that the set lacks; add it")
        element.set("schemaLocation", names[target])
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _by_name(path: str, location: str, known: Mapping[str, etree._Element]) -> str | None:
    """The file that a location means: the relative path, else the only file of that base name."""
    local = unquote(urlsplit(location).path)
    joined = _normal((PurePosixPath(path).parent / local).as_posix())
    if joined in known:
        return joined
    same = [other for other in known if PurePosixPath(other).name == PurePosixPath(local).name]
    return max(same, key=_natural) if same else None


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", ""):
            parts.append(part)
    return "/".join(parts)


def _natural(path: str) -> list[tuple[int, str]]:
    return list(_pieces(path))


def _pieces(path: str) -> Iterator[tuple[int, str]]:
    for piece in re.split(r"(\d+)", path):
        yield (int(piece), "") if piece.isdigit() else (-1, piece)


def _driver(chosen: Mapping[str, str], names: Mapping[str, str]) -> bytes:
    root = etree.Element(f"{{{_XS}}}schema", nsmap={"xs": _XS})
    for namespace, path in chosen.items():
        etree.SubElement(root, _IMPORT, namespace=namespace, schemaLocation=names[path])
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
