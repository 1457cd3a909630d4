"""phase4 as the other access point: built by Maven once, started as a JVM, told by lines of JSON what to do.

`python -m tests.interop.peer` builds it, which is also how CI fetches the artifacts beforehand.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

PROJECT = Path(__file__).parent / "phase4"
BUILD = Path(__file__).parents[2] / "build" / "interop"
_MINUTES = 60


class Unavailable(Exception):  # noqa: N818 - reads as the outcome
    """phase4 cannot be run here; the text says what is missing and how to get it."""


@cache
def java() -> str:
    """The Java to run: of JAVA_HOME as with Maven, else the newest in Debian's folder, else of the path.

    On 17 AES-GCM of large parts takes minutes, so a newer one beside it is worth looking for.
    """
    home = os.environ.get("JAVA_HOME")
    if home:
        return str(Path(home) / "bin" / "java")
    found: dict[int, str] = {}
    for release in Path("/usr/lib/jvm").glob("*/release"):
        version = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(), re.MULTILINE)
        program = release.parent / "bin" / "java"
        if version and program.exists():
            found[int(version.group(1))] = str(program)
    return found[max(found)] if found else "java"


def build() -> str:
    """The class path of the harness, built if its sources changed. Raises Unavailable."""
    for command, package in ((java(), "openjdk-17-jdk-headless"), ("mvn", "maven")):
        if shutil.which(command) is None:
            raise Unavailable(f"{command} is not installed (Debian: apt-get install {package})")
    BUILD.mkdir(parents=True, exist_ok=True)
    sources = sorted(path for path in PROJECT.rglob("*") if path.is_file())
    wanted = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    stamp = BUILD / "sources.sha256"
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            for stale in ("classes", "lib"):
                shutil.rmtree(BUILD / stale, ignore_errors=True)
            built = subprocess.run(
                ["mvn", "-B", "-q", "-f", str(PROJECT / "pom.xml"), "package"],
                capture_output=True,
                text=True,
                timeout=15 * _MINUTES,
                check=False,
            )
            if built.returncode:
                raise Unavailable(
                    f"Maven could not build the harness: {(built.stdout + built.stderr)[:2000]}"
                )
            stamp.write_text(wanted)
    return f"{BUILD / 'phase4-peer-1.jar'}:{BUILD / 'lib'}/*"


class Peer:
    """A running phase4: it receives at `url`, on version `java`; `folder` holds settings, log and inbox."""

    def __init__(self, class_path: str, settings: Mapping[str, object], folder: Path) -> None:
        """Start the JVM; the settings are those of Peer.java. Raises Unavailable when it does not come up."""
        self.inbox = folder / "inbox"
        (folder / "settings.json").write_text(json.dumps({**settings, "inbox": str(self.inbox)}))
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [
                    java(),
                    "-Xmx1g",
                    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                    "-cp",
                    class_path,
                    "peer.Peer",
                    str(folder / "settings.json"),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=folder,
            )
        try:
            ready = json.loads(self._line())
        except ValueError:
            raise Unavailable(f"phase4 did not start: {(folder / 'log').read_text()[:2000]}") from None
        self.url = f"http://127.0.0.1:{ready['port']}/as4"
        self.java: int = ready["java"]

    @property
    def pid(self) -> int:
        """Of the JVM."""
        return self._process.pid

    def ask(self, **asked: object) -> dict[str, Any]:
        """Let phase4 send one message, or many with do="loop"; what came back (see Peer.java)."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return cast(dict[str, Any], json.loads(self._line()))

    def received(self, message_id: str) -> tuple[dict[str, Any], list[bytes]]:
        """Header and parts of a message as phase4 understood them."""
        folder = self.inbox / message_id
        header = json.loads((folder / "message.json").read_text())
        return header, [(folder / f"part-{n}").read_bytes() for n in range(len(header["parts"]))]

    def stop(self) -> None:
        """End the JVM: it ends with its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


if __name__ == "__main__":
    build()
