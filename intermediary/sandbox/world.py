"""Where everything of the sandbox lives: ports, URLs, keys. One value that every sandbox process is given."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from intermediary.as4 import EDELIVERY_1_15

SYSTEMS = (
    "platform",
    "portal",
    "identity-provider",
    "iam",
    "vehicle-register",
    "residents-register",
    "civil-status-register",
    "business-register",
    "common-services",
)
"""Names of the processes, in the order in which they are started and in which ports are given."""

GATEWAY = "domibus"
"""The access point of someone else; runs only in a world whose platform sits behind a gateway."""

KEY_USES = ("tls-server", "tls-client", "as4-signing", "as4-encryption", "token")

PARTY_ID_TYPE = "urn:oasis:names:tc:ebcore:partyid-type:unregistered:oots"
PARTY_IDS = {"platform": "IP_DE_SANDBOX", "portal": "AP_IT_SANDBOX"}
"""AS4 party ids of the systems that have an access point; also the CN of their AS4 certificates."""


@dataclass(frozen=True, slots=True)
class World:
    """One sandbox: a folder and a first port; everything else follows."""

    root: Path
    first_port: int = 8440
    gateway: bool = False
    """Whether the platform sits behind GATEWAY instead of doing AS4 itself."""
    security: str = EDELIVERY_1_15.name
    """AS4 security profile (its name in P-Mode files) that portal and platform have agreed upon."""

    @property
    def systems(self) -> tuple[str, ...]:
        """The processes of this world, in the order of their start."""
        return (*SYSTEMS, GATEWAY) if self.gateway else SYSTEMS

    @property
    def access_point(self) -> str:
        """URL at which partners push to the platform."""
        return self.url(GATEWAY, "/domibus/services/msh") if self.gateway else self.url("platform", "/as4")

    def port(self, system: str) -> int:
        """The port a system listens on (TLS, host `localhost`)."""
        return self.first_port + (*SYSTEMS, GATEWAY).index(system)

    def url(self, system: str, path: str = "") -> str:
        """The system's https URL."""
        return f"https://localhost:{self.port(system)}{path}"

    def key(self, system: str, use: str) -> Path:
        """Private key (PEM, unencrypted, mode 0600) of a system for one of KEY_USES."""
        return self.root / "pki" / system / f"{use}.key.pem"

    def certificate(self, system: str, use: str) -> Path:
        """Certificate (PEM) that belongs to `key`."""
        return self.root / "pki" / system / f"{use}.cert.pem"

    @property
    def authority(self) -> Path:
        """The sandbox' certificate authority (PEM): the one trust anchor of everyone."""
        return self.root / "pki" / "authority.cert.pem"

    def party_id(self, system: str) -> str:
        """AS4 party id (of PARTY_ID_TYPE) of a system that has an access point."""
        return PARTY_IDS[system]

    def secret(self, name: str) -> Path:
        """A file (mode 0600) with a shared secret; made with fresh random text on first use."""
        path = self.root / "secrets" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            return path
        path.write_text(secrets.token_urlsafe(48))
        return path

    def data(self, system: str) -> Path:
        """A folder for the system's own files."""
        return self.root / system

    def save(self) -> Path:
        """Write `world.json` and return its path."""
        self.root.mkdir(parents=True, exist_ok=True)
        path = self.root / "world.json"
        kept = {"first_port": self.first_port, "gateway": self.gateway, "security": self.security}
        path.write_text(json.dumps(kept))
        return path

    @classmethod
    def load(cls, root: Path) -> "World":
        """Read the `world.json` in a folder."""
        saved = json.loads((root / "world.json").read_text())
        return cls(root=root, **saved)
