"""The platform key is changed while exchanges are under way; a back-up needs the key of its time."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from intermediary import store
from intermediary.exchange import PreviewStep, sealing
from intermediary.sandbox.doubles import PDF
from intermediary.sandbox.world import World
from intermediary.store import KeyFolder, rewrap, rotation, wrapped_by
from tests import postgresql
from tests.exchange.house import House, a_request
from tests.exchange.resting import Home, home


@pytest.mark.parametrize("database", postgresql.BOTH)
def test_exchanges_under_way_do_not_notice_another_platform_key(
    database: str, tmp_path: Path, keys: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 1)
    monkeypatch.setattr(sealing, "INLINE", 1000)  # small things in rows, the rest in blobs
    with home((database, "files"), tmp_path, keys) as place:
        house, folder = place.house, KeyFolder(tmp_path / "platform.key")
        offered, previewing, sending = (a_request() for _ in range(3))
        offer = house.begin(offered)
        token, view = house.preview(previewing)
        assert view.documents
        waiting, sent = house.preview(sending)
        house.desk.decide(waiting, "visitor-1", frozenset(d.id for d in sent.documents))
        house.partner.unreachable = 1
        house.push(house.second(sending, waiting))
        house.work()
        arrived = a_request()
        house.push(arrived)  # stored, and nobody has looked at it yet

        backup = _backup(place, tmp_path)
        old = folder.read().current
        folder.add("second")
        folder.activate("second")
        at_work = rewrap(house.engine, house.vault)
        assert [next(at_work) for _ in range(3)] == [1, 1, 1]
        del at_work  # killed
        assert len(wrapped_by(house.engine)) == 2
        assert PDF in [bytes(house.desk.document(token, "visitor-1", d.id)[1]) for d in view.documents]
        assert sum(rewrap(house.engine, house.vault)) > 3
        new = folder.read().current
        assert set(wrapped_by(house.engine)) == {new.id}
        assert not store.wraps(house.engine, old)
        folder.retire("first")

        assert PDF in [bytes(house.desk.document(token, "visitor-1", d.id)[1]) for d in view.documents]
        house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
        house.push(house.second(previewing, token))
        assert house.log_in(offered, offer).step is PreviewStep.DECIDE
        house.desk.decide(offer, "visitor-1", frozenset())
        house.push(house.second(offered, offer))
        house.clock.advance(minutes=1)
        house.work()
        states = _states(house)
        assert states.count("closed") == 3
        assert states.count("awaiting-citizen") == 1, "the one that only arrived before"
        assert sum(PDF in [p.content for p in got.payloads] for got in house.partner.delivered) == 2
        assert set(wrapped_by(house.engine)) == {new.id}
        house.engine.dispose()
        _restored(backup, place, token)


def _states(house: House) -> list[str]:
    with house.engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT state FROM exchange").scalars())


def _backup(place: Home, folder: Path) -> tuple[Path, str | None]:
    """Database and blobs as they are now, in a place of their own; with the database's URL."""
    house, copy = place.house, folder / "backup"
    copy.mkdir()
    (copy / "pki").symlink_to(folder / "pki")
    url = None
    if place.cluster is None:
        with closing(sqlite3.connect(folder / "ledger.sqlite")) as connection:
            connection.execute(f"VACUUM INTO '{copy}/ledger.sqlite'")
    else:
        house.engine.dispose()
        name = str(house.engine.url.database)
        place.cluster.settle(name)
        url = place.cluster.url(place.cluster.create(name))
    shutil.copytree(folder / "blobs", copy / "blobs")
    return copy, url


def _restored(backup: tuple[Path, str | None], place: Home, token: str) -> None:
    """A back-up of before opens with the retired key beside the others, and not without it."""
    copy, url = backup
    shutil.copytree(place.house.folder / "platform.key", copy / "platform.key")
    restored = House(copy, database=url)
    documents = restored.desk.view
    with pytest.raises(ValueError, match="wrapped by another platform key"):
        documents(token, "visitor-1")
    (copy / "platform.key" / "first.retired").rename(copy / "platform.key" / "first.key")
    view = documents(token, "visitor-1")
    shown = [bytes(restored.desk.document(token, "visitor-1", d.id)[1]) for d in view.documents]
    assert PDF in shown
    restored.engine.dispose()
    if place.cluster is not None:
        place.cluster.drop(str(restored.engine.url.database))
