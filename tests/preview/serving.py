"""A real server with TLS in a thread, with a certificate authority that lives as long as the test."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.types import ASGIApp


def certificate(folder: Path) -> tuple[Path, Path]:
    """A fresh self-signed certificate for localhost and its key; the certificate is also the trust anchor."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "localhost.cert.pem", folder / "localhost.key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert_file, key_file


@contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    """A bound socket and the https address that it will answer on."""
    with socket.create_server(("localhost", 0)) as bound:
        yield bound, f"https://localhost:{bound.getsockname()[1]}"


@contextmanager
def serve(app: ASGIApp, bound: socket.socket, cert_file: Path, key_file: Path) -> Iterator[None]:
    """Serve until the block ends."""
    config = uvicorn.Config(
        app, log_level="warning", ssl_certfile=str(cert_file), ssl_keyfile=str(key_file), lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    port = bound.getsockname()[1]
    context = ssl.create_default_context(cafile=str(cert_file))
    # The socket listens already: a handshake waits until the server answers it.
    with (
        socket.create_connection(("localhost", port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost"),
    ):
        pass
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=30)
