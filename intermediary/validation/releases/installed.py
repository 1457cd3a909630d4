"""An installed release at work: its own schemas by libxml2, its own rules by SaxonC, findings as data."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Final, cast

from lxml import etree

from intermediary.validation.model import Finding, Severity
from intermediary.validation.releases.errors import ReleaseBroken
from intermediary.validation.releases.kinds import kind_of_message
from intermediary.validation.releases.saxon import Saxon, TooSlow
from intermediary.validation.releases.schematron import SEPARATOR, SchematronTest
from intermediary.validation.wording import PREFIXES, explain, follows, xpath_of

MAX_FINDINGS: Final = 200
MAX_REMEDY: Final = 400
"""Characters of a remedy; official tests hold whole code lists."""
_SEVERITIES: Final = {
    "info": Severity.INFO, "information": Severity.INFO, "warning": Severity.WARNING,
    "warn": Severity.WARNING, "caution": Severity.WARNING,
}  # fmt: skip
"""Role or flag to severity; whatever else a rule says refuses the message."""
_STEP: Final = re.compile(r"/(@?)(?:Q\{([^}]*)\})?([^/\[{}]+)(?:\[(\d+)\])?")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One Schematron file of a release: for which kind, its tests by number, its stylesheet's name."""

    name: str
    kind: str
    sheet: str
    tests: tuple[SchematronTest, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """What is known of an installed release. `versions` are EDM lines such as `v1.2`; `added` an ISO date."""

    name: str
    versions: tuple[str, ...]
    added: str
    digest: str
    rules: tuple[RuleFile, ...]
    schema: bool
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of messages that it has rules for."""
        return tuple(sorted({file.kind for file in self.rules}))


class InstalledRelease:
    """A release ready to judge; schemas and rules are compiled at first use. Shared by threads."""

    def __init__(self, release: Release, folder: Path, saxon: Saxon) -> None:
        self.release = release
        self._folder, self._saxon = folder, saxon
        self._schema: etree.XMLSchema | None = None
        self._lock = Lock()

    @property
    def name(self) -> str:
        """The name under which it was installed."""
        return self.release.name

    def judges(self, release: str) -> bool:
        """Whether messages of that release (`oots-edm:v1.2`, `oots-cs:v1.2`, `ebms:v3.0`) are for it."""
        family, _, version = release.partition(":")
        if family == "ebms":
            return "EDM-EBMS" in self.release.kinds
        return family.startswith("oots-") and version in self.release.versions

    def check(self, root: etree._Element) -> tuple[Finding, ...]:
        """Everything that the release has to say about a message from the hardened parser.

        No finding quotes a value. Rules are asked only about what the release's own schema accepts. A dynamic
        error, and rules that do not come to an end, are findings that refuse. Raises SaxonMissing and
        ReleaseBroken.
        """
        kind = kind_of_message(root)
        against_schema = self._against_schema(root) if self.release.schema and kind != "EDM-EBMS" else ()
        if against_schema:
            return against_schema
        files = [file for file in self.release.rules if file.kind == kind]
        if not files:
            return ()
        # SaxonC resolves entities, so it only gets what the hardened parser let through, written anew.
        text = etree.tostring(root, encoding="unicode", with_tail=False)
        try:
            said = self._saxon.run([self._folder / file.sheet for file in files], text)
        except TooSlow:
            return (self._about_run(files[0], "The rules of this release did not come to an end."),)
        found = (
            finding
            for file, lines in zip(files, said, strict=True)
            for finding in self._read(file, lines, root)
        )
        return tuple(islice(found, MAX_FINDINGS))

    def _against_schema(self, root: etree._Element) -> tuple[Finding, ...]:
        with self._lock:
            if self._schema is None:
                self._schema = load_schema(self._folder / "xsd" / "driver.xsd")
            if self._schema.validate(root):
                return ()
            entries = tuple(cast("Iterable[etree._LogEntry]", self._schema.error_log))
        pairs = zip((None, *entries), entries, strict=False)
        telling = (entry for before, entry in pairs if before is None or not follows(entry, before))
        return tuple(
            replace(explain(entry, root, f"{self.name} XSD"), release=self.name)
            for entry in islice(telling, MAX_FINDINGS)
        )

    def _read(self, file: RuleFile, lines: str | None, root: etree._Element) -> Iterator[Finding]:
        if lines is None:
            yield self._about_run(file, "The rules of this release end in an error on this message.")
            return
        for line in lines.splitlines():
            number, _, path = line.partition(SEPARATOR)
            digits, failed, code = number.partition("!")
            test = file.tests[int(digits)]
            place, at = _place(root, path)
            if failed:
                yield Finding(
                    f"{file.name}#dynamic-error", Severity.ERROR, place, at,
                    f"The rule of {test.id} cannot be evaluated here ({code}).",
                    "Compare this place with the data model: mostly an element is there twice, or a value "
                    "has another type. If it is right, report the rule to its publisher.",
                    f"{self.name} {file.name}", kind=file.kind, release=self.name,
                )  # fmt: skip
            else:
                yield Finding(
                    test.id, _SEVERITIES.get(test.role, Severity.ERROR), place, at, test.text,
                    _remedy(test),
                    f"{self.name} {file.name}", kind=file.kind, release=self.name,
                )  # fmt: skip

    def _about_run(self, file: RuleFile, text: str) -> Finding:
        remedy = "Check the message against the data model; if it is right, remove the release and report it."
        return Finding(
            f"{file.name}#dynamic-error", Severity.ERROR, "/", None, text, remedy, f"{self.name} {file.name}",
            kind=file.kind, release=self.name,
        )  # fmt: skip


def _remedy(test: SchematronTest) -> str:
    report = test.test.startswith("report ")
    wish = (
        f"Mend it so that this {'does not hold' if report else 'holds'}: {test.test.removeprefix('report ')}"
    )
    return wish if len(wish) <= MAX_REMEDY else wish[:MAX_REMEDY] + "…"


def load_schema(driver: Path) -> etree.XMLSchema:
    """Compile the schemas of a release. Raises ReleaseBroken."""
    try:
        return etree.XMLSchema(etree.parse(driver, etree.XMLParser(no_network=True, resolve_entities=False)))
    except (etree.XMLSchemaParseError, etree.XMLSyntaxError, OSError) as error:
        raise ReleaseBroken(f"The schemas of the set do not compile: {error}") from None


def _place(root: etree._Element, path: str) -> tuple[str, int | None]:
    """The XPath with our prefixes and the line, for what fn:path says of a node."""
    node, attribute = root, ""
    for number, (at, namespace, local, position) in enumerate(_STEP.findall(path)):
        if at:
            prefix = PREFIXES.get(namespace)
            attribute = f"/@{prefix}:{local}" if prefix else f"/@{local}"
        elif number and not local.endswith("()"):
            tag = f"{{{namespace}}}{local}" if namespace else local
            child = next(islice(node.iterchildren(tag), int(position or 1) - 1, None), None)
            if child is None:
                break
            node = child
    return xpath_of(node) + attribute, cast("int | None", node.sourceline)
