"""The sandbox starts its systems, survives their death, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.supervisor import PortTaken, Sandbox, SystemFailed, free_world
from intermediary.sandbox.world import SYSTEMS, World

SYSTEM = "identity-provider"


def _listens(world: World, system: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", world.port(system))) == 0


def _eventually(condition: Callable[[], bool], tries: int = 200) -> bool:
    for _ in range(tries):
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_system_is_ready_when_start_returns_and_is_gone_afterwards(tmp_path: Path) -> None:
    world = free_world(tmp_path)
    with Sandbox(world) as sandbox:
        sandbox.start([SYSTEM])
        assert _listens(world, SYSTEM)
        sandbox.start([SYSTEM])  # starting what runs is no mistake
        sandbox.kill(SYSTEM)
        assert not sandbox.running(SYSTEM)
        assert not _listens(world, SYSTEM)
        starter = threading.Thread(target=sandbox.start, args=([SYSTEM],))
        starter.start()
        starter.join()
        assert _eventually(lambda: not Path(f"/proc/self/task/{starter.native_id}").exists())
        lives = not _eventually(lambda: not sandbox.running(SYSTEM), tries=10)
        assert lives, "a system outlives the thread that started it"
        assert b"Uvicorn running" in sandbox.log(SYSTEM).read_bytes()
    assert not _listens(world, SYSTEM)


def test_a_taken_port_is_said_clearly_and_nothing_is_started(tmp_path: Path) -> None:
    world = free_world(tmp_path)
    with socket.create_server(("127.0.0.1", world.port("iam"))), Sandbox(world) as sandbox:
        with pytest.raises(PortTaken, match=rf"Port {world.port('iam')}, which iam needs"):
            sandbox.start([SYSTEM, "iam"])
        assert not sandbox.running(SYSTEM)


def test_a_system_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    world = free_world(tmp_path)
    with Sandbox(world) as sandbox:
        world.key("iam", "token").write_text("no key")
        with pytest.raises(SystemFailed, match=r"iam has ended[\s\S]*Traceback"):
            sandbox.start(["iam"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG is Linux only")
def test_the_systems_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    world = free_world(tmp_path)
    program = (
        "import sys, time\nfrom pathlib import Path\n"
        "from intermediary.sandbox.supervisor import Sandbox\nfrom intermediary.sandbox.world import World\n"
        f"with Sandbox(World(Path(sys.argv[1]), {world.first_port})) as sandbox:\n"
        f"    sandbox.start([{SYSTEM!r}])\n    print('ready', flush=True)\n    time.sleep(60)\n"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"ready\n"
        assert _listens(world, SYSTEM)
        os.kill(supervisor.pid, signal.SIGKILL)
        supervisor.wait()
        assert _eventually(lambda: not _listens(world, SYSTEM))
    finally:
        supervisor.kill()
        supervisor.communicate()


def test_the_platforms_settings_name_files_that_exist_and_the_right_neighbours(tmp_path: Path) -> None:
    world = World(tmp_path, 25000)
    make_pki(world)
    path = write_platform_files(world, timing={"t2": 3, "provider_retry": 0.2})
    settings = tomllib.loads(path.read_text())
    assert settings["port"] == 25000
    assert settings["public_url"] == "https://localhost:25000"
    assert settings["national"]["token_url"] == "https://localhost:25003/token"
    assert settings["oidc"]["issuer"] == "https://localhost:25002"
    assert settings["timing"] == {"t2": 3, "provider_retry": 0.2}
    named = [
        settings["tls_certificate"],
        settings["tls_key"],
        settings["session_secret_file"],
        settings["pmodes"],
        settings["mappings"],
        *settings["trust_anchors"],
        *settings["as4_signing"].values(),
        *settings["as4_encryption"].values(),
        *(settings["national"][name] for name in ("ca", "client_certificate", "client_key", "token_key")),
        settings["oidc"]["client_secret_file"],
    ]
    assert [name for name in named if not Path(name).is_absolute() or not Path(name).exists()] == []
    pmode = yaml.safe_load((Path(settings["pmodes"]) / "portal.yaml").read_text())
    assert pmode["partner"]["id"] == "AP_IT_SANDBOX"
    assert pmode["url"] == "https://localhost:25001/as4"
    assert all(Path(certificate).exists() for certificate in pmode["signing_certificates"])


def test_the_ports_of_a_world_follow_one_another(tmp_path: Path) -> None:
    world = World(tmp_path, 25000)
    assert [world.port(system) for system in SYSTEMS] == list(range(25000, 25000 + len(SYSTEMS)))
    world.save()
    assert World.load(tmp_path) == world
