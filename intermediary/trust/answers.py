"""What CRLs and OCSP answers say about one certificate (RFC 5280 §6.3, RFC 6960 §3.2); pure, no network.

Not supported, and treated as no answer: indirect and delta CRLs, lists for some reasons only, LDAP addresses.
A delegated OCSP responder's own certificate is not asked for its revocation: its authority answers for that
with short validity or id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1).
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID

from intermediary.trust.certificates import is_authority, own_problem, valid
from intermediary.trust.policy import CertificatePolicy

_BROKEN = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)
_MAX_SOURCES = 4
_MAX_RESPONDER_CERTIFICATES = 4


class Unusable(Exception):  # noqa: N818 - internal, never leaves the room
    """An answer that says nothing; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer about one certificate. `until` is when it may no longer be relied on."""

    this_update: datetime
    until: datetime
    revoked_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a certificate says that its status can be asked; http and https only, in its order."""

    ocsp: tuple[str, ...] = ()
    crl: tuple[str, ...] = ()


def sources(certificate: x509.Certificate) -> Sources:
    """The addresses in AuthorityInfoAccess and CRLDistributionPoints; at most four of each."""
    responders: list[str] = []
    lists: list[str] = []
    with contextlib.suppress(x509.ExtensionNotFound, *_BROKEN):
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        responders += [
            str(one.access_location.value)
            for one in access
            if one.access_method == AuthorityInformationAccessOID.OCSP
            and isinstance(one.access_location, x509.UniformResourceIdentifier)
        ]
    with contextlib.suppress(x509.ExtensionNotFound, *_BROKEN):
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        lists += [
            str(name.value)
            for point in points
            if not point.reasons and not point.crl_issuer
            for name in point.full_name or ()
            if isinstance(name, x509.UniformResourceIdentifier)
        ]
    return Sources(_http(responders), _http(lists))


def _http(urls: list[str]) -> tuple[str, ...]:
    return tuple(u for u in urls if u.lower().startswith(("http://", "https://")))[:_MAX_SOURCES]


def ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes) -> bytes:
    """An OCSP request (DER) with a nonce; SHA-1 in the CertID only names (RFC 5019)."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    request = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()
    return request.public_bytes(serialization.Encoding.DER)


def read_ocsp(
    data: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    policy: CertificatePolicy,
    now: datetime,
    *,
    nonce: bytes | None = None,
) -> Answer:
    """Check an OCSP answer; `nonce` only where it has just been asked for. Raises Unusable."""
    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise Unusable(f"the responder says {response.response_status.name}")
        _nonce(response, nonce, policy)
        _responder_signed(response, issuer, policy, now)
        single = next((one for one in response.responses if _is_about(one, certificate, issuer)), None)
        if single is None:
            raise Unusable("the answer is about another certificate")
        if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
            raise Unusable("the responder does not know the certificate")
        authority = is_authority(certificate)
        max_age = policy.authority_max_age if authority else policy.ocsp_max_age
        until = single.this_update_utc + max_age
        if single.next_update_utc is not None:
            until = min(until, single.next_update_utc)
        _current(single.this_update_utc, until, policy, now)
        reason = single.revocation_reason
        return Answer(
            single.this_update_utc, until, single.revocation_time_utc, reason.value if reason else ""
        )
    except _BROKEN:
        raise Unusable("the OCSP answer cannot be read") from None


def _nonce(response: ocsp.OCSPResponse, nonce: bytes | None, policy: CertificatePolicy) -> None:
    if nonce is None:
        return
    try:
        answered = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        if policy.ocsp_nonce_required:
            raise Unusable("the responder leaves the nonce out") from None
        return
    if answered != nonce:
        raise Unusable("the nonce is not the one that was sent")


def _is_about(
    single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    if single.serial_number != certificate.serial_number:
        return False
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, single.hash_algorithm)
    ours = builder.build()
    return (single.issuer_name_hash, single.issuer_key_hash) == (ours.issuer_name_hash, ours.issuer_key_hash)


def _responder_signed(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, policy: CertificatePolicy, now: datetime
) -> None:
    algorithm = response.signature_hash_algorithm
    if algorithm is not None and algorithm.name not in policy.signature_hashes:
        raise Unusable("the OCSP answer is signed with a weak hash")
    for signer in _responders(response, issuer, policy, now):
        if _names(response, signer) and _verifies(
            signer, response.signature, response.tbs_response_bytes, algorithm
        ):
            return
    raise Unusable("the OCSP answer is not signed by the issuer or a responder of its")


def _responders(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, policy: CertificatePolicy, now: datetime
) -> Iterator[x509.Certificate]:
    """The issuer itself, and the certificates sent along that it made for OCSP (RFC 6960 §4.2.2.2)."""
    yield issuer
    for one in response.certificates[:_MAX_RESPONDER_CERTIFICATES]:
        with contextlib.suppress(x509.ExtensionNotFound, InvalidSignature, *_BROKEN):
            uses = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            if ExtendedKeyUsageOID.OCSP_SIGNING not in uses:
                continue
            if not valid(one, now) or own_problem(one, policy):
                continue
            one.verify_directly_issued_by(issuer)
            yield one


def _names(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return response.responder_name == signer.subject
    key = x509.SubjectKeyIdentifier.from_public_key(signer.public_key())
    return response.responder_key_hash == key.digest


def _verifies(
    signer: x509.Certificate, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm | None
) -> bool:
    key = signer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(signature, data, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(signature, data, ec.ECDSA(algorithm))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        else:
            return False
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A CRL whose signature and form were checked for one issuer; asking it is cheap."""

    crl: x509.CertificateRevocationList = field(repr=False)
    this_update: datetime
    until: datetime
    users_only: bool
    authorities_only: bool

    def about(self, certificate: x509.Certificate, policy: CertificatePolicy, now: datetime) -> Answer:
        """What the list says; raises Unusable where it is too old or does not cover the certificate."""
        authority = is_authority(certificate)
        if (self.users_only and authority) or (self.authorities_only and not authority):
            raise Unusable("the CRL does not cover this kind of certificate")
        max_age = policy.authority_max_age if authority else policy.crl_max_age
        until = min(self.until, self.this_update + max_age)
        _current(self.this_update, until, policy, now)
        entry = self.crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is None:
            return Answer(self.this_update, until)
        reason = ""
        with contextlib.suppress(x509.ExtensionNotFound, *_BROKEN):
            reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
        return Answer(self.this_update, until, entry.revocation_date_utc, reason)


def read_crl(
    data: bytes, issuer: x509.Certificate, url: str, policy: CertificatePolicy, now: datetime
) -> RevocationList:
    """Check form and signature of a CRL (DER or PEM) that came from `url`. Raises Unusable."""
    try:
        pem = data.lstrip()[:11] == b"-----BEGIN "
        crl = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
        if crl.issuer != issuer.subject or not _signs_lists(issuer):
            raise Unusable("the CRL is of another issuer")
        algorithm = crl.signature_hash_algorithm
        if algorithm is not None and algorithm.name not in policy.signature_hashes:
            raise Unusable("the CRL is signed with a weak hash")
        users_only, authorities_only = _scope(crl, url)
        if not crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
            raise Unusable("the CRL is not signed by the issuer")
        if crl.next_update_utc is None:
            raise Unusable("the CRL says no nextUpdate")
        _current(crl.last_update_utc, crl.next_update_utc, policy, now)
        return RevocationList(crl, crl.last_update_utc, crl.next_update_utc, users_only, authorities_only)
    except _BROKEN:
        raise Unusable("the CRL cannot be read") from None


def _scope(crl: x509.CertificateRevocationList, url: str) -> tuple[bool, bool]:
    """onlyContainsUserCerts, onlyContainsCACerts. Raises Unusable for a list that is only a part."""
    understood = {ExtensionOID.ISSUING_DISTRIBUTION_POINT}
    if any(one.critical and one.oid not in understood for one in crl.extensions):
        raise Unusable("the CRL is a delta, or has a critical extension that is not understood")
    try:
        point = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return False, False
    if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
        raise Unusable("the CRL is indirect or only a part")
    names = [
        str(one.value) for one in point.full_name or () if isinstance(one, x509.UniformResourceIdentifier)
    ]
    # RFC 5280 §6.3.3 (b)(2): else the part of a list that covers others would clear this certificate.
    if (point.full_name or point.relative_name) and url not in names:
        raise Unusable("the CRL belongs to another distribution point")
    return point.only_contains_user_certs, point.only_contains_ca_certs


def _signs_lists(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _current(this_update: datetime, until: datetime, policy: CertificatePolicy, now: datetime) -> None:
    if this_update > now + policy.clock_skew:
        raise Unusable("the answer is of the future; compare the clocks")
    if now > until:
        raise Unusable(f"the answer is stale: it counted until {until:%Y-%m-%d %H:%M} UTC")
