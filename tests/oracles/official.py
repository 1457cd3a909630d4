"""The Commission's own schemas and rules (TDD 1.0) as oracles; they live outside the repository.

Their known defects are mended in memory when they are loaded, and the 1.0 rules are made to fit 1.1 and 1.2
by substitution of text: both as data, in the tables below.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, Final, cast

import pytest
from lxml import etree

from intermediary import validation
from intermediary.validation.releases.schematron import SEPARATOR, CompiledSchematron, compile_schematron

OOTS: Final = Path(__file__).parents[3] / "shared" / "oots"
SAMPLES: Final = OOTS / "1.0" / "samples"
XSD: Final = Path(__file__).parents[2] / "xsd"

requires_official = pytest.mark.skipif(
    not OOTS.is_dir(), reason="the official OOTS artefacts are not at ../shared/oots"
)

KINDS: Final = ("EDM-REQ", "EDM-RESP", "EDM-ERR")

REPAIRS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        # R-EDM-ERR-C022 compares a slot with a number and so ends the run with FORG0001; the bracket that
        # closes count() belongs before "=1" (README of ../shared/oots).
        "EDM-ERR-C": (
            ("count(rim:Slot[@name='PreviewLocation']=1)", "count(rim:Slot[@name='PreviewLocation'])=1"),
        ),
    }
)
"""File to (published text, mended text)."""


def _newer(version: str) -> tuple[tuple[str, str], ...]:
    return (
        # what the 1.0 rules say                      what holds in 1.1 and 1.2
        ("'oots-edm:v1.0'", f"'oots-edm:{version}'"),  # C001, C002: version identifier
        ("sr.oots.tech.europa.eu", "sr.oots.tech.ec.europa.eu"),  # host of repository and severity URN
        ("/distributions/", "/datamodels/"),  # C022, C034, C035, C043: path of data models
        ("^cid:[a-z0-9]*@[a-z0-9]*", "^cid:[A-Za-z0-9._-]+@[A-Za-z0-9.-]+"),  # RESP-C042: hyphens in a cid
        ("contains('\x7fR1\x7f", "contains('\x7f00\x7fR1\x7f"),  # REQ-C003: system check, since 1.1.2
        # REQ-S048: a representative may be a legal person since 1.1
        ('test="sdg:Person" id="R-EDM-REQ-S048"', 'test="sdg:Person or sdg:LegalPerson" id="R-EDM-REQ-S048"'),
    )


_ORDINARY = "not(matches(@severity,'urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error'))"
# ERR-C015 of later releases is about every code but 0002 (its context is @code != 'EDM:ERR:0002'), as its
# message says; the 1.0 text forbids a decline by 0002. For 1.1 we keep the stricter reading.
_DECLINE = ((_ORDINARY, f"@code='EDM:ERR:0002' or {_ORDINARY}"),)

SUBSTITUTIONS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        "oots-edm:v1.0": (),
        "oots-edm:v1.1": _newer("v1.1"),
        "oots-edm:v1.2": (*_newer("v1.2"), *_DECLINE),
    }
)
"""Release to (text in the 1.0 rules, text in its place). No executable rules of 2.0 are known to us."""


@cache
def official_schema() -> etree.XMLSchema:
    """The published RegRep 4.0 and SDG 1.0.0 schemas; their remote imports are led to the local files."""
    folder = OOTS / "1.0" / "xsd"

    class Local(etree.Resolver):
        # The stubs do not know lxml's third parameter, without which there is no resolve_filename.
        def resolve(self, url: str, _id: str, context: Any) -> Any:  # type: ignore[override]
            if url.startswith(("http:", "https:")):
                local = str(folder / "regrep4" / url.rsplit("/", 1)[1])
                return self.resolve_filename(local, context)  # type: ignore[attr-defined]
            return None

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())
    return etree.XMLSchema(etree.parse(folder / "oots-local.xsd", parser))


@cache
def _saxon() -> Any:
    from saxonche import PySaxonProcessor

    return PySaxonProcessor(license=False)


_lock = Lock()


@cache
def _executable(name: str, release: str) -> tuple[CompiledSchematron, Any]:
    text = (OOTS / "1.0" / "sch" / f"{name}.sch").read_text(encoding="utf-8")
    for published, mended in REPAIRS.get(name, ()):
        if published not in text:
            raise LookupError(f"Nothing to repair in {name}: drop the entry of REPAIRS")
        text = text.replace(published, mended)
    for old, new in SUBSTITUTIONS[release]:
        text = text.replace(old, new)
    compiled = compile_schematron(etree.fromstring(text.encode()), name)
    return compiled, _saxon().new_xslt30_processor().compile_stylesheet(stylesheet_text=compiled.sheet)


def _run(name: str, release: str, text: str) -> list[tuple[str, str, str]]:
    """Id, role and message of everything that one rule file says; a dynamic error is an entry of its own."""
    with _lock:
        compiled, executable = _executable(name, release)
        said = executable.transform_to_string(xdm_node=_saxon().parse_xml(xml_text=text))
    return [_entry(name, compiled, line.partition(SEPARATOR)[0]) for line in (said or "").splitlines()]


def _entry(name: str, compiled: CompiledSchematron, number: str) -> tuple[str, str, str]:
    digits, failed, code = number.partition("!")
    test = compiled.tests[int(digits)]
    if failed:
        return f"{name}#dynamic-error", "error", f"{code} in the rule of {test.id}"
    return test.id, test.role, test.text


def fired(kind: str, root: etree._Element, release: str = "oots-edm:v1.0") -> set[tuple[str, str]]:
    """(rule id, role) of everything that fires: structure and content rules of `kind` (see KINDS) together.

    Roles are error, warning, info. A dynamic XPath error is the entry (`<file>#dynamic-error`, error).
    """
    return {(rule, role) for rule, role, _ in said(kind, root, release)}


def said(kind: str, root: etree._Element, release: str) -> Iterable[tuple[str, str, str]]:
    """Id, role and message of everything that fires, rule by rule; see `fired`."""
    # SaxonC resolves entities, so it only gets what the hardened parser let through, written anew.
    text = etree.tostring(root, encoding="unicode", with_tail=False)
    return [entry for part in "SC" for entry in _run(f"{kind}-{part}", release, text)]


def kind_of(root: etree._Element) -> str:
    """Which rules are for this message: by root element, exceptions and status."""
    if etree.QName(root).localname == "QueryRequest":
        return "EDM-REQ"
    failed = (root.get("status") or "").endswith(":Failure")
    return "EDM-ERR" if failed or root.find("{*}Exception") is not None else "EDM-RESP"


def release_of(root: etree._Element) -> str:
    """The version that the message names in slot SpecificationIdentifier, or an empty text."""
    found = cast("list[str]", root.xpath("*[@name='SpecificationIdentifier']/*/*/text()"))
    return found[0].strip() if found else ""


def official_problems(root: etree._Element) -> tuple[str, ...]:
    """Everything that refuses a message, most official source first; empty means clean.

    1.0: the published schemas and rules, nothing tolerated but severity info. 1.1 and 1.2: our schema (none
    is public) and the published rules with SUBSTITUTIONS. 2.0: our schema only.
    """
    release = release_of(root)
    if release == "oots-edm:v1.0":
        schema = official_schema()
        problems = [] if schema.validate(root) else [f"XSD {e.line}: {e.message}" for e in _log(schema)]
    elif release in validation.RELEASES:
        report = _validator().check(root, release)
        problems = [f"{f.rule} {f.place} {f.line}: {f.text}" for f in report.findings]
    else:
        return (f"Unknown version {release!r}",)
    if release in SUBSTITUTIONS:
        problems += [
            f"{rule} ({role}): {message}"
            for rule, role, message in said(kind_of(root), root, release)
            if role != "info"
        ]
    return tuple(problems)


@cache
def _validator() -> validation.Validator:
    return validation.Validator(XSD)


def _log(schema: etree.XMLSchema) -> Iterable[etree._LogEntry]:
    return cast("Iterable[etree._LogEntry]", schema.error_log)
