"""Read an official set, a zip file or a folder, into memory: only schemas, rules and code lists, bounded.

Nothing is ever unpacked by the names inside the set; a name that tries to leave the set still refuses it,
since such a set was not made in good faith. Source: CWE-22 (zip slip), CWE-409 (zip bomb).
"""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Final

from intermediary.validation.releases.errors import ReleaseRefused

WANTED: Final = (".sch", ".xsd", ".gc")
MAX_FILES: Final = 5_000
"""Entries of a set, of whatever kind; the public sets have some hundreds."""
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
MAX_BYTES: Final = 64 * 1024 * 1024
"""Bytes of all wanted files together, unpacked."""


def read_set(source: Path) -> dict[str, bytes]:
    """Path inside the set (POSIX, relative) to content, sorted. Raises ReleaseRefused."""
    if source.is_dir():
        entries = _folder(source)
    elif source.is_file():
        entries = _zip(source)
    else:
        raise ReleaseRefused(f"{source} is neither a zip file nor a folder; name the set as published")
    found: dict[str, bytes] = {}
    total = 0
    for name, data in entries:
        total += len(data)
        if total > MAX_BYTES:
            raise ReleaseRefused(f"The set has more than {MAX_BYTES} bytes; give only sch, xsd and codelists")
        found[name] = data
    if not any(name.lower().endswith((".sch", ".xsd")) for name in found):
        raise ReleaseRefused(f"{source.name} holds neither Schematron (.sch) nor schemas (.xsd)")
    return dict(sorted(found.items()))


def _wanted(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in WANTED and not hidden


def _folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if number >= MAX_FILES:
            raise ReleaseRefused(f"The folder has more than {MAX_FILES} files; give only the set itself")
        name = path.relative_to(folder).as_posix()
        if not _wanted(name) or not path.is_file():
            continue
        if path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
            raise ReleaseRefused(f"{name} is a link; put the file itself in its place")
        with path.open("rb") as file:
            yield name, _bounded(file, name)


def _zip(source: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_FILES:
                raise ReleaseRefused(f"The zip file has more than {MAX_FILES} entries")
            for entry in entries:
                _safe(entry)
            for entry in entries:
                if not entry.is_dir() and _wanted(entry.filename):
                    with archive.open(entry) as file:
                        yield entry.filename, _bounded(file, entry.filename)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise ReleaseRefused(f"{source.name} is no zip file that can be read: {error}") from None


def _safe(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\\" in name or ":" in name or "\0" in name:
        raise ReleaseRefused("The zip file has an entry whose name leads out of it: do not trust this file")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ReleaseRefused(f"{name} is a link; put the file itself in its place")
    if entry.flag_bits & 1:
        raise ReleaseRefused(f"{name} is encrypted; give the set as published")


def _bounded(file: IO[bytes], name: str) -> bytes:
    # What a zip entry says of its size is not believed: reading stops at the limit.
    data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ReleaseRefused(f"{name} has more than {MAX_FILE_BYTES} bytes")
    return data
