"""The validator: schemas compiled once, business rules behind them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Final, Protocol, cast

from lxml import etree

from intermediary.validation.errors import SchemaUnusable, UnknownRelease
from intermediary.validation.explaining import Explainer
from intermediary.validation.model import Finding, Report, Severity
from intermediary.validation.releases import RELEASES
from intermediary.validation.wording import explain, follows, place_of

MAX_SIBLINGS: Final = 2_000
"""Children that one element may have. libxml2 counts siblings for every error that it reports, so that a
message of wrong siblings only would cost minutes; the largest honest one (1,000 parts) stays below."""
MAX_FINDINGS: Final = 50
"""Findings of the schema in one report; who mends fifty will ask again."""

_TOO_MANY = etree.XPath(f"boolean(//*[{MAX_SIBLINGS + 1}])")
_VALID: Final = Report()


class RuleSet(Protocol):
    """Business rules of one release, asked only about messages that the schema accepts."""

    @property
    def release(self) -> str:
        """The release that the rules are for."""
        ...

    def __call__(self, root: etree._Element) -> Iterable[Finding]:
        """Everything that the rules have to say about the message."""
        ...


class Judge(Protocol):
    """An installed official release (`releases.InstalledRelease`)."""

    def judges(self, release: str) -> bool:
        """Whether messages of that release are for it."""
        ...

    def check(self, root: etree._Element) -> Iterable[Finding]:
        """Everything that it has to say about the message; each finding names the installed release."""
        ...


class Validator:
    """Checks messages against the schemas in `folder` (the project's `xsd/`) and the rules given.

    `installed` is asked at every check which official releases are installed (`ReleaseStore.installed`).

    One validator may be shared by threads; each schema is compiled at its first use.
    """

    def __init__(
        self,
        folder: Path,
        rules: Sequence[RuleSet] = (),
        installed: Callable[[], Iterable[Judge]] = tuple,
    ) -> None:
        self._folder = folder
        self._rules = tuple(rules)
        self._installed = installed
        self._explainer = Explainer(folder)
        self._schemas: dict[str, etree.XMLSchema] = {}
        self._lock = Lock()

    def check(self, root: etree._Element, release: str) -> Report:
        """All findings on the tree under `root`, which came from the hardened parser.

        Never quotes a value of the message. Installed releases for that version judge side by side with the
        built-in schemas and rules, or alone where none ship. Raises UnknownRelease and SchemaUnusable.
        """
        judges = [judge for judge in self._installed() if judge.judges(release)]
        if _TOO_MANY(root):
            return Report((_too_many(root, RELEASES.get(release, "")),))
        if not judges:
            return self._own(root, release)
        own = self._own(root, release).findings if release in RELEASES else ()
        return Report((*own, *(finding for judge in judges for finding in judge.check(root))))

    def _own(self, root: etree._Element, release: str) -> Report:
        # The error log belongs to the schema object, so one validation at a time; it takes microseconds.
        with self._lock:
            schema = self._schemas.get(release) or self._compile(release)
            valid = schema.validate(root)
            entries = () if valid else tuple(cast("Iterable[etree._LogEntry]", schema.error_log))
        if not valid:
            return Report(self._findings(entries, root, RELEASES[release]))
        if not self._rules:
            return _VALID
        found = (finding for rules in self._rules if rules.release == release for finding in rules(root))
        return Report(tuple(found))

    def _findings(
        self, entries: tuple[etree._LogEntry, ...], root: etree._Element, source: str
    ) -> tuple[Finding, ...]:
        pairs = zip((None, *entries), entries, strict=False)
        telling = (entry for previous, entry in pairs if previous is None or not follows(entry, previous))
        told = tuple(islice(telling, MAX_FINDINGS))
        places = [place for entry in told if (place := place_of(entry, root)) is not None]
        errors = self._explainer.ask(root, source, places)
        return tuple(explain(entry, root, source, errors) for entry in told)

    def _compile(self, release: str) -> etree.XMLSchema:
        if release not in RELEASES:
            raise UnknownRelease(tuple(RELEASES))
        path = self._folder / RELEASES[release]
        if not path.is_file():
            raise SchemaUnusable(f"The schema {RELEASES[release]} is missing; reinstall the folder xsd/")
        try:
            schema = etree.XMLSchema(file=str(path))
        except (etree.XMLSchemaParseError, etree.XMLSyntaxError) as error:
            raise SchemaUnusable(f"The schema {RELEASES[release]} does not compile: {error}") from error
        self._schemas[release] = schema
        return schema


def _too_many(root: etree._Element, source: str) -> Finding:
    return Finding(
        "XSD:MAX_SIBLINGS",
        Severity.ERROR,
        "/",
        cast("int | None", root.sourceline),
        f"No element may have more than {MAX_SIBLINGS} children.",
        "Send fewer at a time.",
        source,
    )
