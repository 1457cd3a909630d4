"""`intermediary trust`: what will expire, and why a certificate is believed or not."""

import json
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rich.console import Console
from rich.table import Table

from intermediary import trust
from intermediary.settings import Settings, load_settings

app = typer.Typer(help="Keys and certificates: what will expire, who is believed.", no_args_is_help=True)
out, err = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True, highlight=False)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
_COLOURS = {"expired": "red", "7 days": "red", "14 days": "yellow", "30 days": "yellow"}


@app.command("list")
def list_(as_json: _Json = False) -> None:
    """Every key and certificate, the most urgent first; exit code 1 where one is expired or ends in 7 days.

    Alarm steps are 90, 60, 30, 14 and 7 days. What a newer certificate has replaced raises no alarm.
    """
    from intermediary.app import now
    from intermediary.keyring import held
    from intermediary.transport.as4 import load_partners

    settings = load_settings()
    pmodes = [one.pmode for one in load_partners(settings.pmodes, gateway=settings.gateway is not None)]
    entries = trust.inventory(held(settings, pmodes), now())
    if as_json:
        _print_json([asdict(entry) | {"urgent": entry.urgent} for entry in entries])
    else:
        table = Table("owner", "purpose", "subject", "issuer", "valid", "days left", "alarm", "next", "where")
        for e in entries:
            valid = f"{e.starts:%Y-%m-%d} – {e.ends:%Y-%m-%d}" if e.starts and e.ends else ""
            left = "" if e.days_left is None else str(e.days_left)
            row = (e.owner, e.purpose, e.subject, e.issuer, valid, left, e.alarm, e.next_action, e.where)
            table.add_row(*row, style=_COLOURS.get(e.alarm))
        out.print(table)
    raise typer.Exit(1 if any(entry.urgent for entry in entries) else 0)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A certificate, PEM (its chain may follow) or DER.")],
    encryption: Annotated[
        bool, typer.Option("--encryption", help="It is to encrypt, not to sign messages.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Path, validity and revocation of a certificate, explained; asks the authorities' addresses."""
    from intermediary.app import now
    from intermediary.keyring import open_trust

    settings: Settings = load_settings()
    believed = open_trust(settings)
    leaf, *sent = _read(file)
    policy = replace(believed.policy, digital_signature=not encryption)
    found = trust.explain(believed.check(now(), policy), leaf, sent)
    if as_json:
        _print_json({"file": str(file), "trusted": found.trusted, "steps": found.steps})
    else:
        for step in found.steps:
            out.print(step, markup=False)
    raise typer.Exit(0 if found.trusted else 1)


def _read(file: Path) -> list[bytes]:
    try:
        data = file.read_bytes()
        if b"-----BEGIN " not in data:
            return [x509.load_der_x509_certificate(data).public_bytes(Encoding.DER)]
        return [one.public_bytes(Encoding.DER) for one in trust.load_certificates(data)]
    except OSError as error:
        err.print(f"{file}: {error.strerror}", markup=False)
    except (ValueError, trust.CertificateUnreadable):
        err.print(f"{file} holds no certificate that can be read; give PEM or DER", markup=False)
    raise typer.Exit(2)


def _print_json(value: object) -> None:
    print(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))  # noqa: T201


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
