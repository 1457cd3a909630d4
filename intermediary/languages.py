"""Which texts people see, in which languages they are there, and what is missing where.

A text is a gettext message in code or template; English, in which they are written, needs no translation.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

HOME = Path(__file__).parent
SOURCE = "en"
_KEYWORDS = {"_": None, "_N": None, "gettext": None, "ngettext": (1, 2)}
_PLACES = re.compile(r"%\((\w+)\)s")
# A translation may leave the number of a plural out.
_FREE = frozenset(("num", "count"))

Id = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Surface:
    """Pages that share their catalogues: `<folder>/locale/<code>/LC_MESSAGES/*.po`."""

    name: str
    folder: Path
    beside: tuple[Path, ...] = ()
    """Python files elsewhere whose texts these pages show."""
    fixed: tuple[str, ...] = ()
    """Texts that stand in no call, such as names of roles."""

    @property
    def locale(self) -> Path:
        """Where its catalogues are."""
        return self.folder / "locale"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands, from the root of the project."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Missing:
    """A text that a language lacks, or whose translation cannot be used; `why`: missing, fuzzy, places."""

    text: str
    places: tuple[Place, ...]
    why: str = "missing"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One language of one surface."""

    surface: str
    language: str
    texts: int
    missing: tuple[Missing, ...] = ()
    left_over: tuple[str, ...] = field(default=(), repr=False)
    """Translations of texts that nothing shows any more, as `file: text`."""

    @property
    def complete(self) -> bool:
        """True where every text is there."""
        return not self.missing

    @property
    def percent(self) -> int:
        """How much is there, rounded down: 100 is everything."""
        return (self.texts - len(self.missing)) * 100 // self.texts if self.texts else 100


def surfaces() -> tuple[Surface, ...]:
    """What people see: the citizen's pages; the console with self-check, rules, conformance kit."""
    from intermediary.console.access import Role

    return (
        Surface("preview", HOME / "preview"),
        Surface(
            "console",
            HOME / "console",
            (HOME / "mapping" / "rulebook.py", *sorted((HOME / "provider_kit").glob("*.py"))),
            tuple(role.value for role in Role),
        ),
    )


def offered(surface: str) -> tuple[str, ...]:
    """The languages in which pages are shown unless the settings say otherwise."""
    from intermediary.console import ConsoleSettings
    from intermediary.preview import PreviewSettings

    settings = PreviewSettings if surface == "preview" else ConsoleSettings
    return tuple(vars(settings)["__dataclass_fields__"]["languages"].default)


def texts_of(surface: Surface) -> dict[Id, tuple[Place, ...]]:
    """Every text of a surface (singular and plural as a pair) and where it stands."""
    with (surface.folder / "babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)  # type: ignore[no-untyped-call]
    found: dict[Id, list[Place]] = {text: [] for text in surface.fixed}
    for name, line, message, _comments, _context in extract_from_dir(
        surface.folder, methods, options, _KEYWORDS
    ):
        found.setdefault(message, []).append(_place(surface.folder / name, line))
    for file in surface.beside:
        for line, message, _comments, _context in extract_from_file("python", file, keywords=_KEYWORDS):
            found.setdefault(message, []).append(_place(file, line))
    return {message: tuple(places) for message, places in found.items() if message}


def _place(file: Path, line: int) -> Place:
    return Place(file.relative_to(HOME.parent).as_posix(), line)


def languages_of(surface: Surface) -> tuple[str, ...]:
    """The languages that have a catalogue, and English."""
    return tuple(sorted({SOURCE, *(f.name for f in surface.locale.iterdir() if f.is_dir())}))


def coverage(surface: Surface, language: str, texts: Mapping[Id, tuple[Place, ...]]) -> Coverage:
    """What of the texts of a surface a language has."""
    if language == SOURCE:
        return Coverage(surface.name, language, len(texts))
    have = dict(_translations(surface, language))
    missing = []
    for message, places in texts.items():
        why = _flaw(message, have.get(_key(message), (None, ""))[0])
        if why:
            missing.append(Missing(_key(message), places, why))
    known = {_key(message) for message in texts}
    left = tuple(f"{file}: {text}" for text, (_message, file) in have.items() if text not in known)
    return Coverage(surface.name, language, len(texts), tuple(missing), left)


def _flaw(message: Id, translation: Message | None) -> str | None:
    if translation is None:
        return "missing"
    strings = translation.string if isinstance(translation.string, tuple | list) else (translation.string,)
    if not all(strings):
        return "missing"
    if translation.fuzzy:
        return "fuzzy"
    sources = message if isinstance(message, tuple) else (message,)
    allowed = {place for text in sources for place in _PLACES.findall(text)} | _FREE
    if any(set(_PLACES.findall(text or "")) - allowed for text in strings):
        return "places"
    return None


def _translations(surface: Surface, language: str) -> Iterator[tuple[str, tuple[Message, str]]]:
    for file in sorted((surface.locale / language / "LC_MESSAGES").glob("*.po")):
        with file.open("rb") as source:
            for message in read_po(source, locale=language):
                if message.id:
                    yield _key(message.id), (message, file.name)


def _key(message: object) -> str:
    """Plural texts are known by their singular, as in a catalogue."""
    return str(message[0] if isinstance(message, tuple | list) else message)


def report() -> tuple[Coverage, ...]:
    """Every language of every surface."""
    found = []
    for surface in surfaces():
        texts = texts_of(surface)
        found += [coverage(surface, language, texts) for language in languages_of(surface)]
    return tuple(found)


def begin(language: str) -> tuple[Path, ...]:
    """Catalogues of a new language with every text and no translation; the files that were made.

    A file that is there already gets the texts that it lacks, and keeps the rest. Raises ValueError for what
    is no language.
    """
    try:
        Locale.parse(language)
    except Exception:
        raise ValueError(f"«{language}» is no language code, such as fr") from None
    if not re.fullmatch(r"[a-z]{2,3}", language) or language == SOURCE:
        raise ValueError(f"«{language}» is no language that needs a catalogue; write two letters, such as fr")
    made = []
    for surface in surfaces():
        texts = texts_of(surface)
        for name, messages in _by_file(surface, texts):
            path = surface.locale / language / "LC_MESSAGES" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            catalog = Catalog(locale=language, project="intermediary", charset="utf-8")
            if path.exists():
                with path.open("rb") as source:
                    catalog = read_po(source, locale=language)
            for message in messages:
                if catalog.get(_key(message)) is None:
                    catalog.add(message, locations=[(p.file, p.line) for p in texts[message]])
            with path.open("wb") as target:
                write_po(target, catalog, width=110)
            made.append(path)
    return tuple(made)


def _by_file(surface: Surface, texts: Mapping[Id, object]) -> Iterator[tuple[str, list[Id]]]:
    """The files as another complete language has them, so that the same texts stand in the same file."""
    pattern = next((lang for lang in languages_of(surface) if lang != SOURCE), None)
    where = {text: file for text, (_m, file) in _translations(surface, pattern)} if pattern else {}
    files: dict[str, list[Id]] = {}
    for message in texts:
        files.setdefault(where.get(_key(message), f"{surface.name}.po"), []).append(message)
    yield from sorted(files.items())
