#!/usr/bin/env python3
"""Back up a running platform: the database first, then the sealed content. Needs nothing but Python.

    backup.py TARGET --blobs FOLDER (--sqlite FILE | --postgresql) [--keep 7]

Writes TARGET/<time>/ with `ledger.sqlite` or `database.dump`, `blobs/` and SHA256SUMS; the folder has its
name only once it is complete and on the disk. `--postgresql` runs pg_dump, which takes PGHOST, PGDATABASE and
so on from the environment. The platform key is not in it, on purpose: without it nobody reads the back-up.

Why this order: sealed content is on the disk before the commit that names it and never changed after. What
the copy of the database names was therefore there when the copying of the content began; what has gone since
belonged to exchanges that ended meanwhile, whose evidence has to be gone.
"""

import argparse
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

CHUNK = 1 << 20
STAMP = re.compile(r"\d{8}T\d{6}Z")


def main() -> int:
    """Make one back-up, remove those beyond --keep; 0, or an exception and nothing under a final name."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("target", type=Path)
    options.add_argument("--blobs", type=Path, required=True, help="`blobs` of the settings")
    database = options.add_mutually_exclusive_group(required=True)
    database.add_argument("--sqlite", type=Path, help="file in `database_url`")
    database.add_argument("--postgresql", action="store_true", help="by pg_dump and the PG… variables")
    options.add_argument("--keep", type=int, default=7, help="how many back-ups stay (7)")
    given = options.parse_args()
    os.umask(0o077)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    part = given.target / f".{stamp}"
    (part / "blobs").mkdir(parents=True)
    if given.postgresql:
        dump(part / "database.dump")
    else:
        snapshot(given.sqlite, part / "ledger.sqlite")
    copy(given.blobs, part / "blobs")
    sums(part)
    part.rename(given.target / stamp)
    sync(given.target)
    done = sorted(each for each in given.target.iterdir() if STAMP.fullmatch(each.name))
    for old in done[: -given.keep]:
        shutil.rmtree(old)
    sys.stdout.write(f"{given.target / stamp}\n")
    return 0


def snapshot(source: Path, target: Path) -> None:
    """SQLite's online back-up in one step: one read transaction, beside which writers go on."""
    there = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=60)
    here = sqlite3.connect(target)
    with there, here:
        there.backup(here)
        (verdict,) = here.execute("PRAGMA integrity_check").fetchone()
    there.close()
    here.close()
    if verdict != "ok":
        raise SystemExit(f"The copy of {source} is damaged: {verdict}")


def dump(target: Path) -> None:
    """PostgreSQL in one snapshot."""
    subprocess.run(  # noqa: S603
        ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}"],  # noqa: S607
        check=True,
    )


def copy(source: Path, target: Path) -> None:
    """All that is there now; a file that goes meanwhile is not missed."""
    for entry in os.scandir(source):
        try:
            if entry.is_file():
                shutil.copy2(entry.path, target / entry.name)
        except FileNotFoundError:
            (target / entry.name).unlink(missing_ok=True)


def sums(folder: Path) -> None:
    """For `sha256sum -c`; everything reaches the disk."""
    lines = []
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        digest = hashlib.sha256()
        with file.open("rb") as content:
            while piece := content.read(CHUNK):
                digest.update(piece)
            os.fsync(content.fileno())
        lines.append(f"{digest.hexdigest()}  {file.relative_to(folder)}\n")
    with (folder / "SHA256SUMS").open("w") as written:
        written.writelines(lines)
        written.flush()
        os.fsync(written.fileno())
    sync(folder / "blobs")
    sync(folder)


def sync(folder: Path) -> None:
    """Let the names in a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
