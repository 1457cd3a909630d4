"""`intermediary keys`: the platform's own keys, and how one takes over from another while nodes run."""

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from intermediary.cli_output import Json, err, out, print_json
from intermediary.settings import Settings, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from intermediary.store import KeyFolder, KeyVault, PlatformKey

app = typer.Typer(
    help="The platform's keys, by which the key of everything sealed is wrapped.\n\n"
    "A new one in four steps: `add` it and bring it to all nodes; `activate` it; `rewrap` what others "
    "wrapped; `retire` the old one. Nodes go on meanwhile. `platform_key_file` has to name a folder.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="The key: its file is NAME.key.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """The keys, and how much each wraps; exit code 1 where something is wrapped by a key that is not here."""
    from intermediary.store import wrapped_by

    with _telling():
        settings = load_settings()
        vault = _vault(settings)
        ring, counts = vault.ring, wrapped_by(_engine(settings))
    rows: list[dict[str, object]] = [
        {
            "name": key.name,
            "id": key.id.hex(),
            "state": "current" if key == ring.current else "held",
            "wraps": counts.pop(key.id, 0),
        }
        for key in ring.keys.values()
    ]
    if settings.platform_key_file.is_dir():
        retired = _folder(settings).retired()
        rows += [{"name": name, "id": None, "state": "retired", "wraps": 0} for name in retired]
    if without := counts.pop(None, 0):
        rows.append({"name": None, "id": None, "state": "without an id", "wraps": without})
    rows += [
        {"name": None, "id": (by or b"").hex(), "state": "missing", "wraps": number}
        for by, number in counts.items()
    ]
    if as_json:
        print_json(rows)
    else:
        table = Table("name", "id", "state", "wraps")
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row.values()))
        out.print(table)
    raise typer.Exit(1 if counts else 0)


@app.command()
def add(
    name: Annotated[str | None, typer.Argument(help="What to call it; default: its id.")] = None,
    as_json: Json = False,
) -> None:
    """Make a key. It wraps nothing yet: bring it to all nodes first, which see it without a restart."""
    with _telling():
        key = _folder(load_settings()).add(name)
    if as_json:
        print_json({"name": key.name, "id": key.id.hex()})
    else:
        out.print(
            f"{key.name} is made. Once {key.name}.key is on all nodes: intermediary keys activate {key.name}",
            markup=False,
        )


@app.command()
def activate(name: Name, as_json: Json = False) -> None:
    """Wrap by this key from now on; nodes see it by themselves. Every node must have it already."""
    with _telling():
        folder = _folder(load_settings())
        _known(folder, name)
        folder.activate(name)
    if as_json:
        print_json({"current": name})
    else:
        out.print(f"{name} wraps from now on. What others wrapped: intermediary keys rewrap", markup=False)


@app.command()
def rewrap(as_json: Json = False) -> None:
    """Wrap all keys of exchanges and messages by the current key, beside running nodes.

    Can be broken off and called again at any time. Exit code 1 where something is left: called again, it
    takes what nodes were working on; what no key here opens stays (`keys list` says who wrapped it).
    """
    from intermediary.store import rewrap, wrapped_by

    with _telling():
        settings = load_settings()
        vault, engine = _vault(settings), _engine(settings)
        current = vault.ring.current
        counts = wrapped_by(engine)
        total = sum(counts.values()) - counts.get(current.id, 0)
        done = 0
        with Progress(console=err, disable=as_json) as progress:
            task = progress.add_task(f"by {current.name}", total=total)
            for rewrapped in rewrap(engine, vault):
                done += rewrapped
                progress.update(task, completed=done, total=max(total, done))
        counts = wrapped_by(engine)
        left = sum(counts.values()) - counts.get(current.id, 0)
    if as_json:
        print_json({"current": current.name, "rewrapped": done, "left": left})
    else:
        out.print(f"{done} keys are wrapped anew by {current.name}; {left} are left.", markup=False)
    raise typer.Exit(1 if left else 0)


@app.command()
def retire(name: Name, as_json: Json = False) -> None:
    """Take a key away that wraps nothing any more; refused (exit code 1) while it may be needed.

    It is renamed to NAME.retired: only back-ups made before need it. Destroy it with the last of them.
    """
    from intermediary.store import wraps

    with _telling():
        settings = load_settings()
        folder = _folder(settings)
        key = _known(folder, name)
        refusal = None
        if key == folder.read().current:
            refusal = "it is the current key; activate another one first"
        elif (wait := _must_wait(folder)) > 0:
            refusal = (
                f"what began before the current key took over may not be stored yet; in {wait:.0f} minutes"
            )
        elif wraps(_engine(settings), key):
            refusal = "it still wraps keys; intermediary keys rewrap"
        else:
            folder.retire(name)
    if as_json:
        print_json({"name": name, "retired": refusal is None, "reason": refusal})
    elif refusal is None:
        out.print(
            f"{name} is retired. Remove {name}.key from all nodes; keep a copy with old back-ups.",
            markup=False,
        )
    else:
        err.print(f"{name} is not retired: {refusal}", markup=False)
    raise typer.Exit(0 if refusal is None else 1)


def _must_wait(folder: "KeyFolder") -> float:
    """Minutes for which a step may be under way that took its key before the current one took over."""
    from intermediary.store.sealed import UNNAMED_SECONDS

    activated = folder.activated_at()
    return 0 if activated is None else (activated + UNNAMED_SECONDS - time.time()) / 60


def _vault(settings: Settings) -> "KeyVault":
    from intermediary.store import KeyVault

    return KeyVault.from_file(settings.platform_key_file)


def _folder(settings: Settings) -> "KeyFolder":
    from intermediary.store import KeyFolder, KeysUnusable

    path = settings.platform_key_file
    if not path.is_dir():
        raise KeysUnusable(
            f"platform_key_file names a file, {path}. Once all nodes run this version: make a folder, move "
            f"the file into it as {path.stem}.key, name the folder in the settings, restart the nodes"
        )
    return KeyFolder(path)


def _known(folder: "KeyFolder", name: str) -> "PlatformKey":
    key = folder.read().named(name)
    if key is None:
        err.print(
            f"There is no {name}.key in {folder.path}; `intermediary keys list` shows all", markup=False
        )
        raise typer.Exit(1)
    return key


def _engine(settings: Settings) -> "Engine":
    from intermediary import store

    engine = store.open_engine(settings.database_url)
    store.migrate(engine)
    return engine


class _telling:  # noqa: N801 - reads as a statement
    """Keys that cannot be used end the command with exit code 2 and the reason."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        from intermediary.store import KeysUnusable

        if isinstance(error, KeysUnusable):
            err.print(str(error), markup=False)
            raise typer.Exit(2) from None
