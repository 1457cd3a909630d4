"""From the files of an official set to what is installed: rules compiled, schemas made to stand alone."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from lxml import etree

from intermediary import xml
from intermediary.validation.codelists import CodeListUnusable, load_genericode
from intermediary.validation.releases.errors import ReleaseRefused
from intermediary.validation.releases.includes import with_includes
from intermediary.validation.releases.installed import RuleFile
from intermediary.validation.releases.kinds import kind_of_file
from intermediary.validation.releases.schemas import stand_alone
from intermediary.validation.releases.schematron import compile_schematron

LIMITS: Final = xml.Limits(nodes=1_000_000, attributes=1_000_000)
"""Code lists are long; whoever installs them has chosen them."""
_VERSION: Final = re.compile(r"oots-edm:v(\d+\.\d+)(?!\d)")
_IN_NAME: Final = re.compile(r"(?<![\d.])v?(\d+\.\d+)(?:\.\d+)*(?![\d])")
_SCHEMA: Final = "{http://purl.oclc.org/dsdl/schematron}schema"


@dataclass(frozen=True, slots=True)
class CompiledSet:
    """Everything that is written for a release; `remarks` say what of the set was passed over, and why."""

    versions: tuple[str, ...]
    rules: tuple[RuleFile, ...]
    sheets: Mapping[str, str]
    schemas: Mapping[str, bytes]
    codes: Mapping[str, tuple[str, ...]]
    remarks: tuple[str, ...]


def compile_set(files: Mapping[str, bytes], name: str) -> CompiledSet:
    """Compile the files of a set (path to content); `name` may tell the version. Raises ReleaseRefused."""
    remarks: list[str] = []
    roots = {path: _parse(path, data) for path, data in files.items() if not path.lower().endswith(".gc")}
    rule_files = {path: root for path, root in roots.items() if path.lower().endswith(".sch")}
    schemas = {path: root for path, root in roots.items() if path.lower().endswith(".xsd")}
    rules, sheets = _rules(rule_files, remarks)
    versions = _versions(rules, {path: files[path] for path in files if path in roots}, name)
    made, unused = stand_alone(schemas)
    remarks += [f"{path}: not used, a newer schema declares its namespace" for path in unused]
    codes = _codes(files, remarks)
    return CompiledSet(versions, rules, sheets, made, codes, tuple(remarks))


def _parse(path: str, data: bytes) -> etree._Element:
    try:
        return xml.parse(data, LIMITS)
    except xml.XmlRefused as refused:
        raise ReleaseRefused(f"{path}: {refused}. {refused.remedy}") from None


def _rules(
    files: Mapping[str, etree._Element], remarks: list[str]
) -> tuple[tuple[RuleFile, ...], dict[str, str]]:
    rules: dict[str, RuleFile] = {}
    sheets: dict[str, str] = {}
    for path, root in files.items():
        if root.tag != _SCHEMA:
            continue
        stem = PurePosixPath(path).stem
        try:
            compiled = compile_schematron(with_includes(path, root, files), stem)
        except ReleaseRefused as refused:
            raise ReleaseRefused(f"{path}: {refused}") from None
        kind = kind_of_file(stem, tuple(test.id for test in compiled.tests))
        if kind is None:
            raise ReleaseRefused(
                f"{path}: neither its name nor its rule ids tell which messages it is for; name it as "
                "the TDD do, such as EDM-REQ-S.sch"
            )
        sheet = f"{re.sub(r'[^A-Za-z0-9._-]', '_', stem)}.{_digest(compiled.sheet)}.xsl"
        if stem in rules:
            if (rules[stem].sheet, rules[stem].tests) != (sheet, compiled.tests):
                raise ReleaseRefused(
                    f"The set holds two different {stem}.sch; give the folder of one version"
                )
            remarks.append(f"{path}: the same again")
            continue
        rules[stem] = RuleFile(stem, kind, sheet, compiled.tests)
        sheets[sheet] = compiled.sheet
    return tuple(rules.values()), sheets


def _versions(rules: tuple[RuleFile, ...], files: Mapping[str, bytes], name: str) -> tuple[str, ...]:
    """The EDM lines that the set is for: what its rules on evidence exchange demand, else what names say."""
    demanded = {
        version
        for file in rules
        if file.kind.startswith("EDM-")
        for test in file.tests
        for version in _VERSION.findall(test.test)
    }
    if demanded:
        return tuple(f"v{version}" for version in sorted(demanded))
    # A plain name beats the schema's: the profile has versions of its own.
    stems = (name, *(PurePosixPath(path).name for path in files if "sdg" in path.lower()))
    for stem in stems:
        if found := _IN_NAME.findall(stem):
            return (f"v{found[-1]}",)
    raise ReleaseRefused(
        "Nothing tells which version of the data model the set is for; say it in its name: --name oots-2.1"
    )


def _codes(files: Mapping[str, bytes], remarks: list[str]) -> dict[str, tuple[str, ...]]:
    lists: dict[str, tuple[str, ...]] = {}
    for path, data in files.items():
        if not path.lower().endswith(".gc"):
            continue
        try:
            lists[PurePosixPath(path).stem] = tuple(sorted(load_genericode(data).codes))
        except (CodeListUnusable, xml.XmlRefused) as refused:
            # The rules carry their lists themselves, so a broken one costs nothing but its line in `diff`.
            remarks.append(f"{path}: {refused}")
    return lists


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
