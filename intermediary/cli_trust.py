"""`intermediary trust`: what will expire, and why a certificate is believed or not."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from intermediary import trust
from intermediary.cli_output import Json, err, out, print_json
from intermediary.settings import Settings, load_settings

app = typer.Typer(help="Keys and certificates: what will expire, who is believed.", no_args_is_help=True)

_COLOURS = {"expired": "red", "7 days": "red", "14 days": "yellow", "30 days": "yellow"}


@app.command("list")
def list_(as_json: Json = False) -> None:
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
        print_json([asdict(entry) | {"urgent": entry.urgent} for entry in entries])
    else:
        for entry in entries:
            _print(entry)
    raise typer.Exit(1 if any(entry.urgent for entry in entries) else 0)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A certificate, PEM (its chain may follow) or DER.")],
    encryption: Annotated[
        bool, typer.Option("--encryption", help="It is to encrypt, not to sign messages.")
    ] = False,
    as_json: Json = False,
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
        print_json({"file": str(file), "trusted": found.trusted, "steps": found.steps})
    else:
        for step in found.steps:
            out.print(step, markup=False)
    raise typer.Exit(0 if found.trusted else 1)


def _print(e: trust.Entry) -> None:
    """Two lines for each, readable in narrow windows and logs."""
    ends = f"ends {e.ends:%Y-%m-%d}, {e.days_left} days left" if e.ends is not None else "key only"
    out.print(f"{e.alarm or 'good':<14}", style=_COLOURS.get(e.alarm), end="", markup=False)
    out.print(f"{e.owner}: {e.purpose}; {ends}", markup=False, end="")
    out.print(f"; {e.next_action}" if e.next_action else "", markup=False)
    if e.starts is not None:
        what = f"{e.subject}, serial {e.serial}, issued by {e.issuer}, from {e.starts:%Y-%m-%d}"
        out.print(f"{'':<14}{what}; {e.where}", markup=False)


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
