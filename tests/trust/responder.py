"""An authority with its CRL and OCSP responder on a real local HTTP server."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from tests.as4.pki import NOW, private_key

DER = serialization.Encoding.DER
DAY = timedelta(days=1)


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def certificate(
    subject: str,
    issuer: str,
    *extensions: x509.ExtensionType,
    authority: bool = False,
    key: str | None = None,
    starts: datetime = NOW - 30 * DAY,
    ends: datetime = NOW + 365 * DAY,
) -> x509.Certificate:
    """A certificate; the keys are those of the names, unless `key` names another."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(private_key(key or subject).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(private_key(issuer), hashes.SHA256())


def addresses(base: str, *, ocsp: bool = True, crl: bool = True) -> list[x509.ExtensionType]:
    """AuthorityInfoAccess and CRLDistributionPoints."""
    found: list[x509.ExtensionType] = []
    if ocsp:
        location = x509.UniformResourceIdentifier(f"{base}/ocsp")
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)
        found.append(x509.AuthorityInformationAccess([access]))
    if crl:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(f"{base}/crl")], None, None, None)
        found.append(x509.CRLDistributionPoints([point]))
    return found


@dataclass
class Authority:
    """Answers as it is told: tests change its fields between two questions."""

    base: str
    revoked: set[int] = field(default_factory=set)
    this_update: datetime = NOW - timedelta(hours=1)
    next_update: datetime | None = NOW + 7 * DAY
    signer: str = "Rev CA"
    delegate: x509.Certificate | None = None
    unknown: bool = False
    nonce: str = "echo"
    """`echo`, `none` or `wrong`."""
    status: int = 200
    body: bytes | None = None
    delay: float = 0.0
    down: bool = False
    """OCSP only: the CRL is still there."""
    hash: hashes.SHA256 | hashes.SHA384 = field(default_factory=hashes.SHA256)
    crl_extensions: list[tuple[x509.ExtensionType, bool]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    name: str = "Rev CA"

    @cached_property
    def root(self) -> x509.Certificate:
        return certificate(
            self.name, self.name, authority=True, starts=NOW - 3650 * DAY, ends=NOW + 3650 * DAY
        )

    def member(self, subject: str = "AP_REV", **places: bool) -> x509.Certificate:
        return certificate(subject, self.name, *addresses(self.base, **places))

    def crl(self) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(name(self.name))
            .last_update(self.this_update)
            .next_update(self.next_update or NOW + 7 * DAY)
        )
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - 2 * DAY)
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        for extension, critical in self.crl_extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(private_key(self.signer), self.hash).public_bytes(DER)

    def ocsp(self, asked: bytes) -> bytes:
        request = ocsp.load_der_ocsp_request(asked)
        status = ocsp.OCSPCertStatus.GOOD
        if request.serial_number in self.revoked:
            status = ocsp.OCSPCertStatus.REVOKED
        if self.unknown:
            status = ocsp.OCSPCertStatus.UNKNOWN
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            request.issuer_name_hash,
            request.issuer_key_hash,
            request.serial_number,
            request.hash_algorithm,
            status,
            self.this_update,
            self.next_update,
            NOW - 2 * DAY if revoked else None,
            x509.ReasonFlags.key_compromise if revoked else None,
        )
        signer = self.delegate or self.root
        by = ocsp.OCSPResponderEncoding.HASH
        if self.signer == "Forger":
            # Of the right name, so that nothing but the signature tells.
            by = ocsp.OCSPResponderEncoding.NAME
            signer = certificate(self.name, "Forger", key="Forger", authority=True)
        builder = builder.responder_id(by, signer)
        if self.delegate:
            builder = builder.certificates([self.delegate])
        if self.nonce != "none":
            sent = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
            answered = sent if self.nonce == "echo" else bytes(len(sent))
            builder = builder.add_extension(x509.OCSPNonce(answered), critical=False)
        key: rsa.RSAPrivateKey = private_key(self.signer)
        return builder.sign(key, self.hash).public_bytes(DER)

    def answer(self, path: str, asked: bytes | None) -> tuple[int, bytes]:
        self.asked.append(path)
        time.sleep(self.delay)
        if self.body is not None:
            return self.status, self.body
        if self.status != 200 or (self.down and asked is not None):
            return self.status if self.status != 200 else 503, b""
        return 200, self.crl() if asked is None else self.ocsp(asked)


@contextmanager
def serving() -> Iterator[Authority]:
    """An authority on a port of its own."""
    authority: Authority

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*authority.answer(self.path, None))

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            self._send(*authority.answer(self.path, asked))

        def _send(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                if status in (301, 302):
                    self.send_header("Location", "/crl")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                return  # the other side had enough

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        authority = Authority(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()


def delegate(
    *, issuer: str = "Rev CA", eku: bool = True, ends: datetime = NOW + 30 * DAY
) -> x509.Certificate:
    """A responder's own certificate."""
    use = ExtendedKeyUsageOID.OCSP_SIGNING if eku else ExtendedKeyUsageOID.CLIENT_AUTH
    return certificate("Responder", issuer, x509.ExtendedKeyUsage([use]), ends=ends)
