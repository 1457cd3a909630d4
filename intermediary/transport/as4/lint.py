"""What a P-Mode file should not say, although it can be read: found before a partner finds it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509

from intermediary.as4 import key_kind
from intermediary.as4.model import Party, PMode
from intermediary.transport.as4.pmodes import PModeInvalid, load_partners

SOON = timedelta(days=30)
ROLE = Party("any").role


@dataclass(frozen=True, slots=True)
class PModeFinding:
    """One thing to mend; an error means that messages will be refused, here or there."""

    place: str
    severity: Literal["error", "warning"]
    text: str
    remedy: str


def lint_partners(folder: Path, now: datetime, *, gateway: bool = False) -> tuple[PModeFinding, ...]:
    """Everything that is wrong or doubtful in a folder of P-Mode files; behind a gateway names only."""
    try:
        partners = load_partners(folder, gateway=gateway)
    except PModeInvalid as invalid:
        remedy = "Mend the file as it says."
        return tuple(PModeFinding(str(folder), "error", line, remedy) for line in str(invalid).splitlines())
    modes = [partner.pmode for partner in partners]
    findings = [*_ambiguous(modes)]
    if not modes:
        findings.append(PModeFinding(str(folder), "warning", "no partner", "Write a file for each partner."))
    for mode in modes:
        findings += _party(mode)
        if not gateway:
            findings += _switches(mode)
            findings += _certificates(mode, now)
    return tuple(findings)


def _ambiguous(modes: list[PMode]) -> Iterator[PModeFinding]:
    seen: dict[tuple[object, ...], str] = {}
    for mode in modes:
        key = (mode.us.id, mode.us.type, mode.partner.id, mode.partner.type, mode.service, mode.agreement)
        if key in seen:
            text = f"the same parties, service and agreement as {seen[key]}"
            yield PModeFinding(mode.id, "error", text, "Keep one, or tell them apart by agreement.")
        seen.setdefault(key, mode.id)


def _party(mode: PMode) -> Iterator[PModeFinding]:
    for name, party in (("us", mode.us), ("partner", mode.partner)):
        place = f"{mode.id}: {name}"
        if party.type is None:
            text, remedy = "the party id has no type", "Add the type: eDelivery demands it (TDD 4.7)."
            yield PModeFinding(place, "warning", text, remedy)
        if party.role != ROLE:
            text, remedy = "the role is not that of OOTS", f"Use {ROLE}, or leave it out."
            yield PModeFinding(place, "warning", text, remedy)


def _switches(mode: PMode) -> Iterator[PModeFinding]:
    for name in ("sign", "encrypt", "compress"):
        if not getattr(mode, name):
            remedy = "Leave it out, unless for a test: the common profile demands it (AS4 1.15 §3)."
            yield PModeFinding(f"{mode.id}: {name}", "warning", "is switched off", remedy)
    if mode.url.startswith("http:"):
        remedy = "Use https (TDD 4.7): header and parties travel in the clear otherwise."
        yield PModeFinding(f"{mode.id}: url", "warning", "is not encrypted by TLS", remedy)


def _certificates(mode: PMode, now: datetime) -> Iterator[PModeFinding]:
    if not mode.partner_signing_certificates:
        text = "none is pinned: whoever has a trusted certificate with this party id as common name may sign"
        yield PModeFinding(f"{mode.id}: signing_certificates", "warning", text, "Name the certificate.")
    sets = (
        ("signing_certificates", mode.partner_signing_certificates, mode.security.signing_key),
        (
            "encryption_certificates",
            (mode.partner_encryption_certificate,) if mode.partner_encryption_certificate else (),
            mode.security.encryption_key,
        ),
    )
    for name, pems, kind in sets:
        place, usable = f"{mode.id}: {name}", 0
        for pem in pems:
            try:
                certificates = x509.load_pem_x509_certificates(pem)
            except ValueError:
                remedy = "Put the partner's certificate there."
                yield PModeFinding(place, "error", "is no PEM certificate", remedy)
                continue
            for certificate in certificates:
                usable += certificate.not_valid_after_utc > now
                yield from _certificate(place, certificate, kind, now)
        if pems and not usable:
            text, remedy = "no certificate is valid any more", "Ask the partner for the new one."
            yield PModeFinding(place, "error", text, remedy)


def _certificate(
    place: str, certificate: x509.Certificate, kind: str, now: datetime
) -> Iterator[PModeFinding]:
    named = f"certificate {certificate.serial_number:x}"
    if key_kind(certificate.public_key()) != kind:
        text = f"{named} has a key of another kind than {kind}, which the security profile asks for"
        yield PModeFinding(place, "error", text, "Change `security`, or name the certificate that fits it.")
    ends, starts = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if ends <= now:
        yield PModeFinding(place, "warning", f"{named} has ended on {ends:%Y-%m-%d}", "Take it out.")
    elif ends <= now + SOON:
        text, remedy = (
            f"{named} ends on {ends:%Y-%m-%d}",
            "Ask the partner for the next one; both may be named.",
        )
        yield PModeFinding(place, "warning", text, remedy)
    if starts > now:
        yield PModeFinding(
            place, "warning", f"{named} begins on {starts:%Y-%m-%d}", "Nothing, if it overlaps."
        )
