"""`intermediary mappings dry-run` and `would-change`."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intermediary import edm, store
from intermediary.exchange.dryrun import sample_request
from intermediary.mapping import MappingStore
from intermediary.sandbox.world import World
from tests.exchange.dryrun.test_dry_run import NOW, new_id
from tests.exchange.house import MAPPINGS, VEHICLE, House, a_request
from tests.mapping.studio import edited
from tests.mapping.test_cli import call, told, world  # noqa: F401 - fixture

ENTRY = f"evidence/{VEHICLE}"


@pytest.fixture
def platform(
    world: World,  # noqa: F811
    migrated: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MappingStore]:
    """A platform with the shipped set, one exchange that happened, and a draft that offers PDF only."""
    database = f"sqlite:///{shutil.copy(migrated, tmp_path / 'platform.sqlite')}"
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(world.data("platform") / "platform.toml"))
    monkeypatch.setenv("INTERMEDIARY_DATABASE_URL", database)
    House(tmp_path, database=database).begin(a_request())
    engine = store.open_engine(database)
    held = MappingStore(engine)
    held.adopt(MAPPINGS, actor="platform", reason="first start", at=datetime.now(UTC))
    pdf = [f for f in held.document(ENTRY, 1)["formats"] if f["media_type"] == "application/pdf"]
    edited(held, ENTRY, formats=pdf)
    yield held
    engine.dispose()


def _written(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def test_a_request_is_tried(platform: MappingStore, tmp_path: Path) -> None:
    said = call("dry-run", VEHICLE).output
    assert said.startswith("approved")
    for part in ("provider  kba-zfzr", "<nachweisanfrage", "lost      NaturalPerson/Identifier", "sent"):
        assert part in said
    mapping = MAPPINGS.by_key(VEHICLE)
    assert mapping is not None
    request = sample_request(mapping, MAPPINGS, "oots-edm:v1.0", now=NOW, new_id=new_id)
    file = _written(tmp_path, "request.xml", edm.write(request))
    assert told("dry-run", VEHICLE, "--request", file)["edm_version"] == "oots-edm:v1.0"
    refused = told("dry-run", f"{VEHICLE}@2", "--request", file, code=1)
    assert refused["outcome"] == "unsupported"
    broken = _written(tmp_path, "broken.xml", edm.write(replace(request, id="x")))
    assert "R-EDM-REQ" in call("dry-run", VEHICLE, "--request", broken, code=1).output
    answer = _written(tmp_path, "answer.json", b'{"ergebnis": "KEIN_TREFFER"}')
    nothing = told("dry-run", "unternehmensbasisdaten", "--answer", answer, code=1)
    assert nothing["outcome"] == "not-found"
    assert told("dry-run", VEHICLE, "--input", "kennzeichen=M-X 1")["inputs"] == {"kennzeichen": "M-X 1"}
    assert "provider-down" in call("dry-run", VEHICLE, "--expect", "unreachable", code=1).output


def test_what_would_change(platform: MappingStore) -> None:
    found = told("would-change", f"{VEHICLE}@2", code=1)
    assert (found["requests"], found["refused"]) == (1, 1)
    said = call("would-change", f"{VEHICLE}@2", code=1).output
    assert "1 requests (refused)" in said
    assert "Result: answered → unsupported" in said
    assert told("would-change", "geburtsurkunde@1")["changed"] == 0


WRONG = (
    (("dry-run", "nothing"), 1),
    (("dry-run", f"{VEHICLE}@9"), 1),
    (("dry-run", VEHICLE, "--edm", "9"), 2),
    (("dry-run", VEHICLE, "--subject", "cat"), 2),
    (("dry-run", VEHICLE, "--expect", "wonders"), 2),
    (("dry-run", VEHICLE, "--request", "/nowhere"), 2),
    (("dry-run", VEHICLE, "--with", "provider/kba-zfzr"), 2),
    (("would-change", f"{VEHICLE}@9"), 1),
)


def test_what_is_not_there_is_told(platform: MappingStore) -> None:
    for arguments, code in WRONG:
        assert call(*arguments, code=code).output.strip(), arguments
