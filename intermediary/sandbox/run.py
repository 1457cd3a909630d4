"""One system of the sandbox as one process: `python -m intermediary.sandbox.run SYSTEM WORLD_ROOT`.

The process ends with the one that started it (PR_SET_PDEATHSIG), so that nothing is left behind.
"""

import ctypes
import os
import signal
import ssl
import sys
from importlib import import_module
from pathlib import Path
from typing import cast

import uvicorn
from fastapi import FastAPI

from intermediary.sandbox.world import GATEWAY, SYSTEMS, World

PARENT = "INTERMEDIARY_SANDBOX_PARENT"
"""Environment variable with the process id of the supervisor; without it the process lives on its own."""

_PR_SET_PDEATHSIG = 1
_APPS = {
    "portal": "intermediary.sandbox.portal",
    "identity-provider": "intermediary.sandbox.identity_provider",
    "iam": "intermediary.sandbox.iam",
    "vehicle-register": "intermediary.sandbox.registers.vehicles",
    "residents-register": "intermediary.sandbox.registers.residents",
    "civil-status-register": "intermediary.sandbox.registers.civil_status",
    "business-register": "intermediary.sandbox.registers.business",
    "common-services": "intermediary.sandbox.common_services",
    GATEWAY: "intermediary.sandbox.domibus",
}
"""System to the module with its `create_app(world)`."""
_CLIENT_CERTIFICATES = {
    "iam": ssl.CERT_OPTIONAL,  # its JWKS is public, its clients come with a certificate
    "vehicle-register": ssl.CERT_REQUIRED,
    "residents-register": ssl.CERT_REQUIRED,
    "civil-status-register": ssl.CERT_REQUIRED,
    "business-register": ssl.CERT_REQUIRED,
}


def main(arguments: list[str]) -> int:
    """Run one system until it is told to stop; 2 where the arguments are wrong."""
    if len(arguments) != 2 or arguments[0] not in (*SYSTEMS, GATEWAY):
        sys.stderr.write(
            f"usage: python -m intermediary.sandbox.run SYSTEM WORLD_ROOT\n"
            f"SYSTEM: {', '.join((*SYSTEMS, GATEWAY))}\n"
        )
        return 2
    system, world = arguments[0], World.load(Path(arguments[1]))
    if system == "platform":
        _die_with_parent(signal.SIGTERM)  # it ends its own workers
        _become_the_platform(world)
    _die_with_parent(signal.SIGKILL)
    uvicorn.run(
        cast("FastAPI", import_module(_APPS[system]).create_app(world)),
        host="127.0.0.1",
        port=world.port(system),
        ssl_certfile=world.certificate(system, "tls-server"),
        ssl_keyfile=str(world.key(system, "tls-server")),
        ssl_ca_certs=str(world.authority),
        ssl_cert_reqs=_CLIENT_CERTIFICATES.get(system, ssl.CERT_NONE),
        log_level="info",
        access_log=False,  # paths and queries may name persons
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    return 0


def _become_the_platform(world: World) -> None:
    environment = os.environ | {"INTERMEDIARY_SETTINGS": str(world.data("platform") / "platform.toml")}
    os.execve(sys.executable, [sys.executable, "-m", "intermediary.cli", "serve"], environment)  # noqa: S606


def _die_with_parent(how: signal.Signals) -> None:
    """Ask the kernel to end this process with its parent; survives exec. Linux only, elsewhere nothing."""
    parent = os.environ.get(PARENT)
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(how))
    if os.getppid() != int(parent):  # it died before we could ask
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
