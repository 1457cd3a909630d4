"""Nodes that start at the same moment on an empty volume agree on what the first of them makes."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from intermediary import store
from intermediary.sandbox import doubles
from intermediary.store import KeyVault, made_once
from tests.exchange.house import a_request
from tests.nodes.stage import Stage, until

NODES = 4
RACE = """
import os, sys
from pathlib import Path
from intermediary.store import KeyVault, made_once
folder = Path(sys.argv[1])
vault = lambda: KeyVault.from_file(folder / "keys" / "platform.key").new_key().hex()
print(flush=True)
sys.stdin.readline()  # all at once
for number in range(20):
    print(made_once(folder / f"made-{number}", lambda: os.urandom(40)).hex())
print(vault(), flush=True)
"""


def test_every_node_reads_what_the_first_one_made(tmp_path: Path) -> None:
    nodes = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(NODES)
    ]  # fmt: skip
    for node in nodes:
        assert node.stdout is not None
        node.stdout.readline()
    for node in nodes:
        assert node.stdin is not None
        node.stdin.write("\n")
        node.stdin.flush()
    told = [node.communicate()[0].split() for node in nodes]
    assert [node.returncode for node in nodes] == [0] * NODES
    made = [lines[:-1] for lines in told]
    assert made == [made[0]] * NODES
    assert len(set(made[0])) == 20
    ours = KeyVault.from_file(tmp_path / "keys" / "platform.key")
    for lines in told:
        assert len(ours.unwrap(bytes.fromhex(lines[-1]))) == 32
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) == 21
    assert {stat.S_IMODE(path.stat().st_mode) for path in left} == {0o600}


def test_a_node_that_dies_while_it_makes_a_file_leaves_none(tmp_path: Path) -> None:
    def dies() -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made_once(tmp_path / "platform.key", dies)
    assert list(tmp_path.iterdir()) == []
    assert made_once(tmp_path / "platform.key", lambda: b"key") == b"key"


@pytest.mark.slow
def test_whole_nodes_that_start_at_once_on_nothing_become_one_platform(
    tmp_path: Path, empty_database: str
) -> None:
    stage = Stage.set_up(tmp_path, empty_database)
    secret = stage.world.secret("session")
    secret.unlink()
    try:
        nodes = [stage.serve(probed=False), stage.serve(probed=False), stage.work(probed=False)]
        for node in nodes:
            until(lambda node=node: node.answers("/health/ready", 200))  # type: ignore[misc]
        assert len(secret.read_text()) >= 32
        packed = doubles.Partner(stage.world).pack(a_request())
        answer = nodes[0].client.post(
            "/as4", content=packed.body, headers={"Content-Type": packed.content_type}
        )
        assert answer.status_code == 200
        engine = store.open_engine(empty_database)
        accepted = "SELECT count(*) FROM event WHERE fact = 'request-accepted'"
        with engine.connect() as connection:  # whoever of the three took it could open it
            until(lambda: connection.exec_driver_sql(accepted).scalar_one() == 1)
            assert (
                connection.exec_driver_sql("SELECT count(*) FROM event WHERE fact = 'step-failed'").scalar()
                == 0
            )
        engine.dispose()
        assert [node.end() for node in nodes] == [0, 0, 0]
    finally:
        stage.close()
