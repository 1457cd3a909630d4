"""`intermediary demo`: a whole once-only system on this machine, to click through or to run by itself."""

import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from intermediary.as4 import EDELIVERY_1_15, PROFILES
from intermediary.sandbox.stories import STORIES, VERSIONS, Story, Told, tell, with_logs
from intermediary.sandbox.supervisor import Sandbox, SandboxError
from intermediary.sandbox.world import GATEWAY, SYSTEMS, World

_AT_ONCE = 4
"""Stories told side by side."""


def run(
    auto: bool,
    edm: str | None,
    root: Path,
    first_port: int,
    security: str = EDELIVERY_1_15.name,
    *,
    gateway: bool = False,
) -> int:
    """Run the demo and return the exit code: 0 well, 1 a story or the sandbox failed, 2 wrong call."""
    out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 132)
    if edm is not None and edm not in VERSIONS:
        out.print(f"[red]There are no stories for EDM {escape(edm)};[/] choose one of {', '.join(VERSIONS)}.")
        return 2
    if security not in PROFILES:
        out.print(
            f"[red]There is no security profile {escape(security)};[/] choose one of {', '.join(PROFILES)}."
        )
        return 2
    world = World(root, first_port, gateway, security)
    _forget(world)
    try:
        with Sandbox(world) as sandbox:
            with out.status(f"Starting {len(world.systems)} systems …"):
                sandbox.start()
            if auto:
                return _tell_all(out, sandbox, VERSIONS if edm is None else (edm,))
            return _stay(out, sandbox)
    except SandboxError as problem:
        out.print(f"[red]The sandbox could not be started.[/] {escape(str(problem))}")
        return 1
    except KeyboardInterrupt:
        out.print("Stopped.")
        return 1 if auto else 0


def _forget(world: World) -> None:
    """Every demo begins with empty systems; the keys of the folder stay, so that the browser knows them."""
    if (world.root / "world.json").is_file():
        for system in (*SYSTEMS, GATEWAY):
            shutil.rmtree(world.data(system), ignore_errors=True)


def _stay(out: Console, sandbox: Sandbox) -> int:
    """Say what to click, and wait for Ctrl-C or SIGTERM; 1 where a system ends meanwhile."""
    world = sandbox.world
    settings = (world.data("platform") / "platform.toml").resolve()
    out.print(
        f"""
[bold green]The sandbox is running.[/] Begin at the Italian portal:

    [bold]{world.url("portal", "/")}[/]

 1. Choose a test person and an evidence, and press «Fetch the evidence».
 2. «Continue at the provider's preview» leads to this platform; log in as the same person (no password).
 3. Look at the documents, allow or decline; back at the portal you see what arrived.
    The registers ask for more: Giulia's licence plate is B-GR 1990, her municipality 11000000 (Berlin);
    Björn's is 14713000 (Leipzig, two homes), his registry office München.

The operators' console: [bold]{world.url("platform", "/console")}[/] (choose who you are). The portal's
fishing licence is mapped by nobody yet: Erik can connect the fishing authority there, Anna approves it.

All systems use certificates of the sandbox' own authority. Your browser will warn until you accept them, or
import [bold]{world.authority.resolve()}[/] as an authority (and remove it afterwards).
Settings of the platform for other commands: INTERMEDIARY_SETTINGS={settings}
Logs: {world.root.resolve()}/*/log.txt

Ctrl-C ends everything."""
    )
    stop = threading.Event()
    before = {s: signal.signal(s, lambda *_: stop.set()) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not stop.wait(1.0):
            ended = [system for system in world.systems if not sandbox.running(system)]
            if ended:
                out.print(f"[red]{', '.join(ended)} has ended.[/] See {escape(str(sandbox.log(ended[0])))}")
                return 1
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)
    out.print("Stopping …")
    return 0


def _tell_all(out: Console, sandbox: Sandbox, versions: Iterable[str]) -> int:
    """Tell all stories, print their timelines and the final table."""
    begin = time.monotonic()
    cast = [(story, version) for story in STORIES for version in versions]
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with (
        Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        bar = progress.add_task(f"0 of {len(cast)} stories told", total=len(cast))
        told = list[Told]()

        def finished(future: Future[Told]) -> None:
            one = future.result()
            told.append(one)
            progress.update(bar, advance=1, description=f"{len(told)} of {len(cast)} stories told")
            out.print(_verdict(one))

        quiet = [pool.submit(tell, sandbox.world, s, v) for s, v in cast if s.down is None]
        for future in quiet:
            future.add_done_callback(finished)
        wait(quiet)
        for system in dict.fromkeys(s.down for s, _ in cast if s.down is not None):
            _with_outage(pool, sandbox, system, [(s, v) for s, v in cast if s.down == system], finished)
    told.sort(key=lambda one: cast.index((one.story, one.version)))
    with out.status("Reading what the platform's log says …"):
        complete = with_logs(sandbox.world, told)
    for one in complete:
        out.print(_timeline(one))
    out.print(_summary(complete))
    failed = [one for one in complete if one.problems]
    colour = "red" if failed else "green"
    out.print(
        f"[bold {colour}]{len(told) - len(failed)} of {len(told)} stories went as expected[/] "
        f"in {time.monotonic() - begin:.1f} s."
    )
    if failed:
        out.print(f"What the systems said: {escape(str(sandbox.world.root))}/*/log.txt")
    return 1 if failed or len(told) < len(cast) else 0


def _with_outage(
    pool: ThreadPoolExecutor,
    sandbox: Sandbox,
    system: str,
    cast: list[tuple[Story, str]],
    finished: Callable[[Future[Told]], None],
) -> None:
    """Kill a system, tell stories, and start it again when the citizens of all of them wait.

    The restart is done here, not in the story's thread: the system would end with that thread.
    """
    sandbox.kill(system)
    waiting = [threading.Event() for _ in cast]
    futures = [
        pool.submit(tell, sandbox.world, story, version, event.set)
        for (story, version), event in zip(cast, waiting, strict=True)
    ]
    for future in futures:
        future.add_done_callback(finished)
    while not all(event.is_set() or future.done() for event, future in zip(waiting, futures, strict=True)):
        time.sleep(0.05)
    time.sleep(1.5)  # the platform shall meet the outage before it is over
    sandbox.start([system])
    wait(futures)


def _verdict(told: Told) -> str:
    mark = "[red]✘[/]" if told.problems else "[green]✔[/]"
    return f"{mark} EDM {told.version}  {told.story.title}  ({told.seconds:.1f} s)"


def _timeline(told: Told) -> Table:
    """The platform's log of one story, and what was not as expected."""
    table = Table(
        title=f"EDM {told.version} · {told.story.title}", title_justify="left", title_style="bold", box=None
    )
    table.add_column("seconds", justify="right", style="dim")
    table.add_column("fact", style="cyan", no_wrap=True)
    table.add_column("data", style="dim", overflow="fold")
    events: list[dict[str, Any]] = list(told.log.get("events", ()))
    begin = datetime.fromisoformat(events[0]["at"]) if events else None
    for event in events:
        assert begin is not None
        after = (datetime.fromisoformat(event["at"]) - begin).total_seconds()
        data = "  ".join(f"{name}={value}" for name, value in event["data"].items())
        table.add_row(f"+{after:.3f}", escape(event["fact"]), escape(data))
    for problem in told.problems:
        table.add_row("", "[red]problem[/]", f"[red]{escape(problem)}[/]")
    return table


def _summary(told: Sequence[Told]) -> Table:
    table = Table(title="All stories", title_justify="left", title_style="bold")
    for name in ("story", "EDM", "portal", "platform", "documents", "seconds", "as expected"):
        table.add_column(name, justify="right" if name in ("documents", "seconds") else "left")
    for one in told:
        error = one.exchange.get("error")
        state = f"{one.exchange.get('state', '–')}{' ' + error['code'] if error else ''}"
        table.add_row(
            one.story.key,
            one.version,
            state,
            str(one.log.get("outcome") or "–"),
            str(len(one.exchange.get("documents", ()))),
            f"{one.seconds:.1f}",
            "[red]no[/]" if one.problems else "[green]yes[/]",
        )
    return table
