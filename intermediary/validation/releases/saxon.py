"""Run compiled rules by SaxonC, in a process of its own.

Why a process: SaxonC does not gain from threads (stack page, pitfall 6), cannot be interrupted, and writes
what it dislikes, values of the message among it, straight to descriptor 2. So it works behind a pipe, its
errors go nowhere, and whoever takes too long is ended. Access to addresses and files is forbidden by setting
`allowedProtocols`. One line of JSON each way:

    {"sheets": [path, …], "xml": text}   ->   {"said": [text or null, …]} or {"error": text}
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from queue import LifoQueue
from typing import Any, Final

from intermediary.validation.releases.errors import ReleaseBroken, SaxonMissing

PATIENCE: Final = 20.0
"""Seconds that all rules may take on one message; an honest one needs milliseconds."""
FIRST_PATIENCE: Final = 60.0
"""Seconds for the first message of a process, which compiles the rules."""
_ALLOWED_PROTOCOLS: Final = "http://saxon.sf.net/feature/allowedProtocols"


class TooSlow(Exception):  # noqa: N818
    """The rules did not finish in time; the process was ended and will begin anew."""


def require_saxon() -> None:
    """Raises SaxonMissing where the optional part is not installed."""
    if find_spec("saxonche") is None:
        raise SaxonMissing


class Saxon:
    """Up to `processes` SaxonC processes, each begun when needed; shared by threads."""

    def __init__(self, processes: int = 1) -> None:
        self._idle: LifoQueue[_Process] = LifoQueue()
        self._all = tuple(_Process() for _ in range(processes))
        for process in self._all:
            self._idle.put(process)

    def run(self, sheets: Sequence[Path], text: str) -> list[str | None]:
        """What each stylesheet says of the message; None where it ended in a dynamic error.

        Raises SaxonMissing, ReleaseBroken (a stylesheet does not compile, the process died) and TooSlow.
        """
        require_saxon()
        # The last one used is warm, so it comes first.
        process = self._idle.get()
        try:
            answer = process.ask([str(sheet) for sheet in sheets], text)
        finally:
            self._idle.put(process)
        if "error" in answer:
            raise ReleaseBroken(f"A stylesheet does not compile: {answer['error']}")
        said: list[str | None] = answer["said"]
        return said

    def close(self) -> None:
        """End the processes. Call it when no run is under way."""
        for process in self._all:
            process.end()


class _Process:
    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._known: set[str] = set()

    def ask(self, sheets: list[str], text: str) -> dict[str, Any]:
        question = json.dumps({"sheets": sheets, "xml": text}).encode() + b"\n"
        patience = PATIENCE if self._known.issuperset(sheets) else FIRST_PATIENCE
        try:
            answer: dict[str, Any] = json.loads(self._exchange(question, patience))
        except (OSError, ValueError):
            self.end()
            raise ReleaseBroken(
                "The SaxonC process ended unexpectedly; the next message begins anew"
            ) from None
        except BaseException:
            self.end()
            raise
        self._known.update(sheets)
        return answer

    def _exchange(self, question: bytes, patience: float) -> bytes:
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-c", f"from {__name__} import serve; serve()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        if pipe_in is None or pipe_out is None:
            raise OSError
        pipe_in.write(question)
        pipe_in.flush()
        answer, deadline = bytearray(), time.monotonic() + patience
        while not answer.endswith(b"\n"):
            ready, _, _ = select.select([pipe_out], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TooSlow
            piece = os.read(pipe_out.fileno(), 1 << 16)
            if not piece:
                raise OSError
            answer += piece
        return bytes(answer)

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                # What was left unsent cannot be flushed any more.
                with suppress(OSError):
                    if pipe is not None:
                        pipe.close()
        self._process = None
        self._known.clear()


def serve() -> None:
    """The other end of the pipe: compile each sheet once, answer until the input ends."""
    from saxonche import PySaxonApiError, PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    processor.set_configuration_property(_ALLOWED_PROTOCOLS, "")
    executables: dict[str, Any] = {}

    def executable(path: str) -> Any:
        if path not in executables:
            text = Path(path).read_text(encoding="utf-8")
            executables[path] = processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=text)
        return executables[path]

    def said(sheet: Any, node: Any) -> str | None:
        try:
            return sheet.transform_to_string(xdm_node=node) or ""
        except PySaxonApiError:
            return None

    def all_said(sheets: list[Any], text: str) -> list[str | None]:
        try:
            node = processor.parse_xml(xml_text=text)
        except PySaxonApiError:
            return [None] * len(sheets)
        return [said(sheet, node) for sheet in sheets]

    for line in sys.stdin.buffer:
        question = json.loads(line)
        answer: dict[str, Any]
        try:
            sheets = [executable(path) for path in question["sheets"]]
        except (PySaxonApiError, OSError) as error:
            answer = {"error": str(error)[:500]}
        else:
            answer = {"said": all_said(sheets, question["xml"])}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()
