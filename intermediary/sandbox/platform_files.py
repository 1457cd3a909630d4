"""The platform's own set-up in the sandbox: settings, the partner's P-Mode, a copy of the mappings.

Everything is written anew each time, but for keys, secrets and the database.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from intermediary.mapping import dump, load
from intermediary.sandbox.iam import CLIENT_ID, token_url_of
from intermediary.sandbox.world import GATEWAY, PARTY_ID_TYPE, World
from intermediary.shipped import shipped

PROVIDERS: Mapping[str, str] = {
    "kba-zfzr": "vehicle-register",
    "melderegister": "residents-register",
    "melderegister-berlin": "residents-register",
    "melderegister-hamburg": "residents-register",
    "melderegister-muenchen": "residents-register",
    "personenstandsregister": "civil-status-register",
    "standesamt-koeln": "civil-status-register",
    "standesamt-muenchen": "civil-status-register",
    "gewerbeamt": "business-register",
    "handelsregister": "business-register",
    "unternehmensbasisregister": "business-register",
}
"""Provider in the shipped mappings to the system that plays it; the rest keep their URL."""


def write_platform_files(
    world: World, *, timing: Mapping[str, float] | None = None, database_url: str | None = None
) -> Path:
    """Write them below `world.data("platform")` and return the path of `platform.toml`.

    `timing` holds seconds by the field names of `exchange.Timing`; the database is SQLite unless named.
    """
    folder = world.data("platform")
    folder.mkdir(parents=True, exist_ok=True)
    _write_mappings(world, folder / "mappings")
    _write_pmode(world, folder / "pmodes" / "portal.yaml")
    path = folder / "platform.toml"
    path.write_text(_toml(world, folder, timing or {}, database_url))
    return path


def _toml(world: World, folder: Path, timing: Mapping[str, float], database_url: str | None) -> str:
    tables: dict[str, dict[str, object]] = {
        "": {
            "database_url": database_url or f"sqlite:///{folder.resolve() / 'platform.db'}",
            "platform_key_file": folder / "platform.key",
            "blobs": folder / "blobs",
            "session_secret_file": world.secret("session"),
            "host": "127.0.0.1",
            "port": world.port("platform"),
            "tls_certificate": world.certificate("platform", "tls-server"),
            "tls_key": world.key("platform", "tls-server"),
            "public_url": world.url("platform"),
            "message_domain": "platform.sandbox",
            "pmodes": folder / "pmodes",
            "trust_anchors": [world.authority],
            "mappings": folder / "mappings",
            "sandbox": True,
        },
        **_messaging(world),
        "national": {
            "ca": world.authority,
            "client_certificate": world.certificate("platform", "tls-client"),
            "client_key": world.key("platform", "tls-client"),
            "token_url": token_url_of(world),
            "client_id": CLIENT_ID,
            "token_key": world.key("platform", "token"),
        },
        "oidc": {
            "issuer": world.url("identity-provider"),
            "client_id": "platform",
            "client_secret_file": world.secret("oidc"),
            "ca": world.authority,
        },
        "console": {"development_login": True},
        "directory": {
            "evidence_broker_url": world.url("common-services", "/eb"),
            "data_service_directory_url": world.url("common-services", "/dsd"),
            "anchors": [world.authority],
            "ca": world.authority,
        },
        "timing": dict(timing),
    }
    lines: list[str] = []
    for table, values in tables.items():
        if table:
            lines += ["", f"[{table}]"]
        lines += [f"{name} = {_value(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _messaging(world: World) -> dict[str, dict[str, object]]:
    """Own AS4, or the gateway: nothing else differs."""
    if not world.gateway:
        return {
            name: {"certificate": world.certificate("platform", use), "key": world.key("platform", use)}
            for name, use in (("as4_signing", "as4-signing"), ("as4_encryption", "as4-encryption"))
        }
    gateway: dict[str, object] = {
        "url": world.url(GATEWAY, "/domibus/services/wsplugin"),
        "user": "platform",
        "password_file": world.secret("domibus"),
        "ca": world.authority,
        "poll_seconds": 2,
        "push": True,
        "push_password_file": world.secret("domibus-push"),
    }
    return {"gateway": gateway}


def _value(value: object) -> str:
    """A TOML value: numbers, strings, paths made absolute, lists of them. JSON strings are TOML strings."""
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Path):
        return json.dumps(str(value.resolve()), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _write_pmode(world: World, path: Path) -> None:
    pmode: dict[str, object] = {
        "id": "portal",
        "us": {"id": world.party_id("platform"), "type": PARTY_ID_TYPE},
        "partner": {"id": world.party_id("portal"), "type": PARTY_ID_TYPE},
        "return_hosts": ["localhost"],
    }
    if not world.gateway:
        pmode |= {
            "url": world.url("portal", "/as4"),
            "signing_certificates": [str(world.certificate("portal", "as4-signing").resolve())],
            "encryption_certificate": str(world.certificate("portal", "as4-encryption").resolve()),
            "security": world.security,
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(pmode, sort_keys=False))


def _write_mappings(world: World, folder: Path) -> None:
    mapping_set = load(shipped("mappings"))
    providers = {
        key: replace(provider, url=world.url(PROVIDERS[key])) if key in PROVIDERS else provider
        for key, provider in mapping_set.providers.items()
    }
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in dump(replace(mapping_set, providers=providers)).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
