"""Keys and trust of one process: settings in; keys, the check of partners, the list of certificates out."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from intermediary import as4, trust
from intermediary.as4.model import PMode
from intermediary.exchange import SettingsInvalid
from intermediary.key_settings import KeyGroup
from intermediary.settings import Settings
from intermediary.transport.revocation import HttpFetch

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we believe."""

    policy: trust.CertificatePolicy
    anchors: tuple[x509.Certificate, ...] = field(repr=False)
    intermediates: tuple[x509.Certificate, ...] = field(repr=False)
    revocations: trust.Revocations | None = field(repr=False)

    def check(self, at: datetime, policy: trust.CertificatePolicy | None = None) -> trust.TrustCheck:
        """The check of certificates at a time; `policy` where it is not for signers."""
        status = self.revocations.status if self.revocations is not None else None
        return trust.certificate_check(self.anchors, policy or self.policy, at, self.intermediates, status)

    def warm(self, pmodes: Iterable[PMode], clock: Callable[[], datetime]) -> None:
        """Check all that P-Modes pin: answers are known before messages come; the log tells what is wrong."""
        encrypts = replace(self.policy, digital_signature=False)
        for pmode in pmodes:
            encryption = pmode.partner_encryption_certificate
            pinned = [(pem, "signing", self.policy) for pem in pmode.partner_signing_certificates]
            pinned += [(encryption, "encryption", encrypts)] if encryption else []
            for pem, purpose, policy in pinned:
                for certificate in trust.load_certificates(pem):
                    problem = self.check(clock(), policy)(certificate.public_bytes(Encoding.DER))
                    if problem is not None:
                        _log.warning("partner %s: %s certificate: %s", pmode.id, purpose, problem)


@dataclass(frozen=True, slots=True)
class OwnAs4Keys:
    """What our own AS4 signs and decrypts with."""

    signing: as4.Signing = field(repr=False)
    keys: as4.OwnKeys = field(repr=False)


def open_trust(settings: Settings) -> Trust:
    """Policy, anchors and revocation. Raises SettingsInvalid."""
    group = settings.trust
    policy = group.policy()
    revocations = None
    if policy.revocation is not trust.Revocation.OFF:
        fetch = HttpFetch(policy, frozenset(host.lower() for host in group.revocation_hosts))
        revocations = trust.Revocations(policy, fetch, settings.revocation_folder)
    return Trust(
        policy,
        tuple(_certificates(settings.trust_anchors)),
        tuple(_certificates(group.intermediates)),
        revocations,
    )


def open_as4_keys(settings: Settings, clock: Callable[[], datetime]) -> OwnAs4Keys:
    """Open our AS4 keys and try those in tokens. Raises SettingsInvalid."""
    grace = timedelta(days=settings.trust.decryption_grace_days)
    try:
        return OwnAs4Keys(
            trust.DatedSigningKeys(_open(settings.as4_signing), clock),
            trust.decryption_keys(_open(settings.as4_encryption), clock, grace),
        )
    except (trust.TrustError, as4.KeyUnusable) as problem:
        raise SettingsInvalid(f"as4_signing, as4_encryption: {problem}") from None


def held(settings: Settings, pmodes: Iterable[PMode]) -> Iterator[trust.Held]:
    """Every key and certificate that the settings and P-Modes name. Raises SettingsInvalid."""
    yield from _ours(settings)
    for pmode in pmodes:
        encryption = pmode.partner_encryption_certificate
        for purpose, pems in (
            ("AS4 signing", pmode.partner_signing_certificates),
            ("AS4 encryption", (encryption,) if encryption else ()),
        ):
            for certificate in (one for pem in pems for one in trust.load_certificates(pem)):
                yield trust.Held(f"partner {pmode.id}", purpose, f"P-Mode {pmode.id}", certificate)
    anchor, between = trust.AUTHORITIES
    gateway_ca = settings.gateway.ca if settings.gateway is not None else None
    for owner, purpose, paths in (
        ("partners", anchor, settings.trust_anchors),
        ("partners", between, settings.trust.intermediates),
        ("national", anchor, [settings.national.ca]),
        ("login", anchor, [settings.oidc.ca]),
        ("gateway", anchor, [gateway_ca]),
    ):
        for path in paths:
            if path is not None:
                for certificate in _certificates([path]):
                    yield trust.Held(owner, purpose, str(path), certificate)


def _ours(settings: Settings) -> Iterator[trust.Held]:
    try:
        for purpose, groups in (
            ("AS4 signing", settings.as4_signing),
            ("AS4 encryption", settings.as4_encryption),
        ):
            for material in _open(groups):
                yield trust.Held("us", purpose, material.where, material.certificate)
    except trust.TrustError as problem:
        raise SettingsInvalid(str(problem)) from None
    national, gateway = settings.national, settings.gateway
    for purpose, path in (
        ("TLS server", settings.tls_certificate),
        ("TLS client, national", national.client_certificate),
        ("TLS client, gateway", gateway.client_certificate if gateway is not None else None),
    ):
        if path is not None:
            # The rest of the file is the chain.
            yield trust.Held("us", purpose, str(path), next(_certificates([path])))
    if national.token_key is not None:
        yield trust.Held("us", "token client", str(national.token_key), None)


def _open(groups: Iterable[KeyGroup]) -> list[trust.KeyMaterial]:
    return [trust.open_key(group.source()) for group in groups]


def _certificates(paths: Iterable[Path]) -> Iterator[x509.Certificate]:
    for path in paths:
        try:
            yield from trust.load_certificates(path.read_bytes())
        except (OSError, trust.CertificateUnreadable) as problem:
            raise SettingsInvalid(f"{path}: {problem}") from None
