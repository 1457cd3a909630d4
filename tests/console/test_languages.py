"""Every text of the console is in every language that it offers."""

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from intermediary import console
from intermediary.console.access import Role
from intermediary.console.languages import LOCALE_FOLDER, catalogue

ROOM = Path(console.__file__).parent
PLACES = re.compile(r"%\((\w+)\)s")


def _extracted() -> set[str]:
    with (ROOM / "babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)  # type: ignore[no-untyped-call]
    found: set[str] = set()
    keywords = {"_": None, "_N": None, "gettext": None, "ngettext": (1, 2)}
    for _file, _line, message, _comments, _context in extract_from_dir(ROOM, methods, options, keywords):
        found.add(message if isinstance(message, str) else message[0])
    return found | {role.value for role in Role}


def test_german_is_complete() -> None:
    german = catalogue("de")
    missing = sorted(text for text in _extracted() if german.gettext(text) == text and text not in SAME)
    assert missing == []


SAME = {
    "Partner %(name)s",
    "Partner",
    "%(what)s is done.",
    "Version %(number)s",
    "Version %(number)s, %(state)s",
    "Name",
    "Version",
    "Status",
    "Format",
    "URL",
    "Details",
    "Administrator",
}
"""Words that are the same in both languages."""


def _entries() -> Iterator[tuple[str, str, str]]:
    for file in sorted(LOCALE_FOLDER.glob("*/LC_MESSAGES/*.po")):
        with file.open("rb") as source:
            for message in read_po(source):
                original = message.id if isinstance(message.id, str) else message.id[0]
                texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
                yield from ((file.name, original, text or "") for text in texts if original)


def test_translations_keep_the_places_of_values() -> None:
    for file, original, text in _entries():
        assert text, f"{file}: {original} is not translated"
        assert set(PLACES.findall(text)) <= {*PLACES.findall(original), "num"}, f"{file}: {original}"


def test_no_translation_is_left_over() -> None:
    extracted = _extracted()
    left = [f"{file}: {original}" for file, original, _text in _entries() if original not in extracted]
    assert left == []
