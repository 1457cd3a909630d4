"""Evidence at rest: never readable anywhere while it is here, gone with its key when the exchange is over."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from intermediary import store
from intermediary.as4.model import Packed
from intermediary.exchange import PreviewStep, sealing
from intermediary.sandbox import doubles
from intermediary.sandbox.world import World
from intermediary.store import s3
from tests.exchange.house import House, a_request, inputs_for, login_of
from tests.exchange.resting import KINDS, Home, blobs_in, home

EVIDENCE = b"PLANTED-EVIDENCE"
READABLE = (
    # PostgreSQL compresses what is long: a text may be cut after each eight bytes.
    *(EVIDENCE[n : n + 8] for n in range(8)),
    b"FamilyNa",
    b"%PDF-1.7",
    b"Rossi",
    b"B-OO 2026",
)
"""Of the evidence, of the request, of the person, of what the person typed."""


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, keys: World) -> Iterator[Home]:
    """A home of each kind."""
    with home(request.param, tmp_path, keys) as found:
        yield found


def _readable(place: Home, named: list[str] | None = None) -> list[tuple[str, bytes]]:
    """Where something can be read; `named` is told where was looked."""
    found = []
    for where, content in place.at_rest():
        found += [(where, text) for text in READABLE if text in content]
        if named is not None:
            named.append(where)
    return found


@pytest.mark.parametrize(
    ("place", "inline"),
    list(zip(KINDS, (sealing.INLINE, 0, 0, sealing.INLINE), strict=True)),
    indirect=["place"],
    ids=map("-".join, KINDS),
)
def test_nothing_is_ever_readable_and_the_key_goes_with_the_exchange(
    place: Home, monkeypatch: pytest.MonkeyPatch, inline: int
) -> None:
    house = place.house
    monkeypatch.setattr(sealing, "INLINE", inline)
    monkeypatch.setattr(tempfile, "tempdir", str(house.folder / "tmp"))
    # Large enough for temporary files; random in between, lest it be compressed to nothing.
    monkeypatch.setattr(
        doubles, "PDF", b"%PDF-1.7 " + b"".join(EVIDENCE + os.urandom(90) for _ in range(8000))
    )
    seen: list[list[tuple[str, bytes]]] = []
    named: list[str] = []
    push = doubles.Partner.__call__

    def watched(partner: doubles.Partner, url: str, packed: Packed) -> tuple[int, str, bytes]:
        seen.append(_readable(place, named))
        return push(partner, url, packed)

    monkeypatch.setattr(doubles.Partner, "__call__", watched)
    request = a_request()
    house.push(request)
    seen.append(_readable(place))
    house.work()
    token = str(house.partner.journal.read()[-1]["location"]).rpartition("/")[2]
    view = house.desk.identify(token, "visitor-1", login_of(request))
    assert house.desk.supply(token, "visitor-1", inputs_for(view)) == ()
    seen.append(_readable(place))
    house.work()
    view = house.desk.view(token, "visitor-1")
    assert view.step is PreviewStep.DECIDE
    shown = [bytes(house.desk.document(token, "visitor-1", d.id)[1]) for d in view.documents]
    assert any(EVIDENCE in each for each in shown), "the platform itself can read it"
    seen.append(_readable(place))
    keys = place.column("SELECT evidence_key FROM exchange")
    sealed = place.blobs()
    assert len(keys) == 1
    assert sealed, "the evidence is too large for a row"
    assert any(keys[0] in content for _, content in place.at_rest()), "where we look is where things are"

    house.partner.unreachable = 1
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.push(house.second(request, token))
    house.work()
    keys += place.column("SELECT key FROM message WHERE direction = 'out'")
    assert len(keys) == 2, "the answer waits, sealed"
    house.clock.advance(minutes=1)
    house.work()
    assert house.story().summary.state == "closed"
    seen.append(_readable(place))
    assert seen == [[]] * len(seen)
    assert len(seen) >= 7
    assert any(where.endswith("(deleted)") for where in named), "there were temporary files to look into"

    for column in ("evidence_key", "sealed_inputs", "sealed_response"):
        assert place.column(f"SELECT {column} FROM exchange") == []
    assert place.column("SELECT key FROM message WHERE direction = 'out'") == []
    assert place.column("SELECT sealed FROM message WHERE direction = 'out'") == []
    with house.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM document").scalar() == 0
    left = place.column("SELECT key FROM message WHERE key IS NOT NULL")
    for name, content in sealed.items():
        if name in place.blobs():
            continue  # the request, which is kept
        (house.folder / "copy").mkdir(exist_ok=True)
        (house.folder / "copy" / name).write_bytes(content)
        copies = store.FileBlobs(house.folder / "copy", house.vault)
        for key in left:
            with pytest.raises(ValueError, match="does not fit"):
                copies.open(key, name).read()
    assert set(place.blobs()) == _named(house)
    if place.cluster is None:
        house.ledger.sweep()
        assert not [where for where, content in place.at_rest() for key in keys if key in content]


def _named(house: House) -> set[str]:
    with house.engine.connect() as connection:
        return set(connection.exec_driver_sql("SELECT blob FROM message WHERE blob IS NOT NULL").scalars())


class _Dying(store.SqlLedger):
    """Dies between the commit that forgets blobs and their deletion."""

    def _forget(self, blobs: list[str]) -> None:
        if blobs:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("blobs", ["files", "s3"])
def test_a_kill_between_commit_and_deletion_leaves_noise_that_is_swept(
    blobs: str, tmp_path: Path, keys: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "INLINE", 0)
    with home(("sqlite", blobs), tmp_path, keys) as place:
        house = place.house
        token, view = house.preview(a_request())
        assert len(view.documents) == 2
        house.engine.dispose()
        if (child := os.fork()) == 0:
            again = House(tmp_path, ledger_of=_Dying, blobs_of=blobs_in(place.bucket))
            again.desk.decide(token, "visitor-1", frozenset())
            os._exit(1)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        assert house.story().summary.state != "previewing"
        assert len(set(place.blobs()) - _named(house)) == 2
        assert house.ledger.sweep() == 0, "a commit to come may name them, as far as anybody can see"
        monkeypatch.setattr(s3, "UNNAMED_SECONDS", -60.0)
        if blobs == "files":
            for file in (tmp_path / "blobs").iterdir():
                os.utime(file, (0, 0))
        assert house.ledger.sweep() == 2
        assert set(place.blobs()) == _named(house)
