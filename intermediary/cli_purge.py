"""`intermediary purge`: what retention removes, and removing it now."""

from dataclasses import asdict
from typing import Annotated

import typer

from intermediary.cli_output import Json, err, out, print_json
from intermediary.settings import load_settings


def purge(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Remove what was kept long enough now; workers do the same once a day.

    Open exchanges stay, however old they are. Exit code 1 where the clocks differ: nothing is removed then.
    """
    from intermediary import store, upkeep
    from intermediary.app import build
    from intermediary.exchange.duties import Purged
    from intermediary.exchange.housekeeping import purge_some
    from intermediary.store.housekeeping import SqlHousekeeping

    settings = load_settings()
    retention = settings.retention.retention()
    engine = store.open_engine(settings.database_url)
    clock = upkeep.open_clock(engine)
    now = clock()
    oldest = None
    if dry_run:
        house = SqlHousekeeping(engine, lambda _blob: None)
        purged, oldest = house.would_go(now - retention.exchanges, now - retention.platform)
    elif not clock.agrees:
        err.print(f"Nothing was removed: {clock.explained()}", markup=False)
        raise typer.Exit(1)
    else:
        keeper, purged = build(settings).exchanges.housekeeping, Purged()
        assert keeper is not None, "a platform that was built keeps house"
        while some := purge_some(keeper, retention, now):
            purged += some
    before = {"exchanges_before": now - retention.exchanges, "platform_before": now - retention.platform}
    if as_json:
        print_json({"dry_run": dry_run, **before, **asdict(purged), "oldest": oldest})
        return
    what = f"{purged.exchanges} exchanges, {purged.messages} messages, {purged.events} events"
    since = "" if oldest is None else f"; the oldest ended on {oldest:%Y-%m-%d}"
    out.print(f"{'Would go' if dry_run else 'Removed'}: {what}{since}", markup=False)
    until, log = before["exchanges_before"], before["platform_before"]
    out.print(
        f"Exchanges that ended before {until:%Y-%m-%d}, and journals before {log:%Y-%m-%d}.",
        markup=False,
    )
    if not clock.agrees:
        err.print(f"But nothing will be removed: {clock.explained()}", markup=False)
