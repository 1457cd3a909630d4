"""Where installed releases live: one folder each, complete or absent.

    <folder>/<name>/release.json      what is in it: versions, kinds, tests, code lists
    <folder>/<name>/xsd/driver.xsd    its schemas, made to stand alone
    <folder>/<name>/<file>.<digest>.xsl   its rules, compiled

A release is written beside and renamed into place, so that a running platform sees all of it or nothing. It
looks at every check whether the folder has changed (one `stat`), so no restart is needed.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final

from intermediary.validation.releases.compiling import CompiledSet, compile_set
from intermediary.validation.releases.errors import ReleaseBroken, ReleaseRefused, ReleaseUnknown
from intermediary.validation.releases.installed import InstalledRelease, Release, RuleFile, load_schema
from intermediary.validation.releases.package import read_set
from intermediary.validation.releases.saxon import Saxon, require_saxon
from intermediary.validation.releases.schematron import SchematronTest

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MANIFEST: Final = "release.json"


class ReleaseStore:
    """The installed releases of one folder; `processes` is how many SaxonC may run at a time."""

    def __init__(self, folder: Path, processes: int = 1) -> None:
        self._folder = folder
        self._saxon = Saxon(processes)
        self._lock = Lock()
        self._stamp: int | None = None
        self._installed: tuple[InstalledRelease, ...] = ()

    def installed(self) -> tuple[InstalledRelease, ...]:
        """All releases, by name. Raises ReleaseBroken; SaxonMissing where one is there but SaxonC is not."""
        try:
            stamp = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            return ()
        if stamp != self._stamp:
            with self._lock:
                self._installed = tuple(
                    InstalledRelease(_read(path), path.parent, self._saxon)
                    for path in sorted(self._folder.glob(f"*/{_MANIFEST}"))
                    if _NAME.fullmatch(path.parent.name)
                )
                self._stamp = stamp
            if self._installed:
                require_saxon()
        return self._installed

    def get(self, name: str) -> InstalledRelease:
        """One release. Raises ReleaseUnknown."""
        for release in self.installed():
            if release.name == name:
                return release
        known = ", ".join(release.name for release in self.installed()) or "none"
        raise ReleaseUnknown(f"No release {name} is installed; installed: {known}")

    def add(self, source: Path, name: str | None, at: datetime) -> tuple[Release, tuple[str, ...]]:
        """Compile an official set and install it; the release, and remarks on what was passed over.

        Raises ReleaseRefused (the set is unusable, or the name is taken), SaxonMissing.
        """
        require_saxon()
        name = name or source.name.removesuffix(".zip")
        if not _NAME.fullmatch(name):
            raise ReleaseRefused(f"{name!r} cannot be a name; use letters, digits, dot, dash (--name)")
        if (self._folder / name).exists():
            raise ReleaseRefused(f"A release {name} is installed already; remove it first, or give --name")
        files = read_set(source)
        compiled = compile_set(files, name)
        digest = hashlib.sha256(b"".join(p.encode() + b"\0" + d for p, d in files.items())).hexdigest()
        release = Release(
            name, compiled.versions, at.date().isoformat(), digest, compiled.rules, bool(compiled.schemas),
            compiled.codes,
        )  # fmt: skip
        self._folder.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".adding-", dir=self._folder))
        try:
            _write(beside, release, compiled)
            self._try(beside, release)
            os.rename(beside, self._folder / name)  # noqa: PTH104 - atomic, refuses a full folder
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return release, compiled.remarks

    def remove(self, name: str) -> None:
        """Take a release away. Raises ReleaseUnknown."""
        if not _NAME.fullmatch(name) or not (self._folder / name / _MANIFEST).is_file():
            self.get(name)
            raise ReleaseUnknown(f"No release {name} is installed")
        aside = Path(tempfile.mkdtemp(prefix=".removing-", dir=self._folder))
        os.rename(self._folder / name, aside / name)  # noqa: PTH104
        shutil.rmtree(aside)

    def close(self) -> None:
        """End the SaxonC processes."""
        self._saxon.close()

    def _try(self, folder: Path, release: Release) -> None:
        """A release is only installed if all of it compiles and runs."""
        try:
            if release.schema:
                load_schema(folder / "xsd" / "driver.xsd")
            if release.rules:
                saxon = Saxon()
                try:
                    saxon.run([folder / file.sheet for file in release.rules], "<nothing/>")
                finally:
                    saxon.close()
        except ReleaseBroken as broken:
            raise ReleaseRefused(f"The set cannot be used. {broken}") from None


def _write(folder: Path, release: Release, compiled: CompiledSet) -> None:
    for name, sheet in compiled.sheets.items():
        (folder / name).write_text(sheet, encoding="utf-8")
    if compiled.schemas:
        (folder / "xsd").mkdir()
        for name, data in compiled.schemas.items():
            (folder / "xsd" / name).write_bytes(data)
    text = json.dumps({"format": 1, **asdict(release)}, ensure_ascii=False, indent=1)
    (folder / _MANIFEST).write_text(text, encoding="utf-8")
    folder.chmod(0o755)


def _read(path: Path) -> Release:
    try:
        data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        rules = tuple(
            RuleFile(f["name"], f["kind"], f["sheet"], tuple(SchematronTest(**t) for t in f["tests"]))
            for f in data["rules"]
        )
        codes = {name: tuple(codes) for name, codes in data["codes"].items()}
        return Release(
            path.parent.name,
            tuple(data["versions"]),
            data["added"],
            data["digest"],
            rules,
            data["schema"],
            codes,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseBroken(
            f"{path} cannot be read ({type(error).__name__}); remove that release and add it again"
        ) from None
