"""Real PKCS#11 tokens, made for one test run: SoftHSM (signs) and NSS softoken (knows OAEP with SHA-256).

SoftHSM 2.6 does OAEP with SHA-1 only, which AS4 may not use; NSS's token comes along with Chromium.
"""

import ctypes
import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from intermediary import trust
from tests.as4.pki import NOW, authority, private_key

PIN, SO_PIN, LABEL = "5678", "123456", "platform"
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
NSS = (Path("/usr/lib/x86_64-linux-gnu/libsoftokn3.so"), Path("/usr/lib/aarch64-linux-gnu/libsoftokn3.so"))


def softhsm(folder: Path) -> trust.TokenPlace:
    """A fresh SoftHSM token; skips loudly where it is not installed."""
    pytest.importorskip("pkcs11", reason="NOT TESTED: python-pkcs11 is not installed")
    tool = shutil.which("softhsm2-util")
    if tool is None or not SOFTHSM.exists():
        pytest.skip("NOT TESTED: SoftHSM is missing; apt-get install softhsm2")
    tokens = folder / "tokens"
    tokens.mkdir()
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(conf)
    command = [tool, "--init-token", "--free", "--label", LABEL, "--so-pin", SO_PIN, "--pin", PIN]
    subprocess.run(command, check=True, capture_output=True)
    return trust.TokenPlace(SOFTHSM, LABEL, pin_file(folder))


def nss(folder: Path) -> trust.TokenPlace:
    """A fresh NSS softoken; it wants parameters that a standard caller cannot give: they are given before."""
    pytest.importorskip("pkcs11", reason="NOT TESTED: python-pkcs11 is not installed")
    module = next((path for path in NSS if path.exists()), None)
    if module is None:
        pytest.skip("NOT TESTED: NSS softoken is missing; apt-get install libnss3")
    _initialise_nss(module, folder)
    import pkcs11

    label = "NSS Certificate DB"
    token = pkcs11.lib(str(module)).get_token(token_label=label)
    with token.open(rw=True, so_pin="") as session:
        session.init_pin(PIN)
    return trust.TokenPlace(module, label, pin_file(folder))


class _InitArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS with LibraryParameters, as NSS has it."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("create", "destroy", "lock", "unlock")),
        ("flags", ctypes.c_ulong),
        ("parameters", ctypes.c_char_p),
        ("reserved", ctypes.c_void_p),
    )


class _FunctionList(ctypes.Structure):
    """The beginning of CK_FUNCTION_LIST."""

    _fields_ = (("version", ctypes.c_ubyte * 2), ("initialize", ctypes.c_void_p))


_Initialize = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)
_kept: list[Any] = []


def _initialise_nss(module: Path, folder: Path) -> None:
    functions = ctypes.POINTER(_FunctionList)()
    assert ctypes.CDLL(str(module)).C_GetFunctionList(ctypes.byref(functions)) == 0
    parameters = f"configdir='sql:{folder}' certPrefix='' keyPrefix='' secmod='secmod.db' flags= "
    arguments = _InitArguments(flags=2, parameters=parameters.encode())
    assert _Initialize(functions.contents.initialize)(ctypes.addressof(arguments)) == 0
    done = _Initialize(lambda _: 0)
    _kept.append(done)
    functions.contents.initialize = ctypes.cast(done, ctypes.c_void_p).value


def pin_file(folder: Path, pin: str = PIN) -> Path:
    """A file with the PIN."""
    path = folder / f"pin-{pin}"
    path.write_text(f"{pin}\n")
    return path


def make_key(
    place: trust.TokenPlace, label: str, kind: str = "rsa", *, number: int = 1, stored: bool = True
) -> x509.Certificate:
    """A key born in the token, and a certificate of the test authority, stored beside it or not."""
    import pkcs11
    from pkcs11.util.x509 import decode_x509_certificate

    token = pkcs11.lib(str(place.module)).get_token(token_label=place.token_label)
    with _session(token) as session:
        public = _generate(session, kind, label, bytes([number]))
        certificate = _certified(label, public, signs=label != "encryption")
        if stored:
            values = decode_x509_certificate(certificate.public_bytes(serialization.Encoding.DER))
            more = {pkcs11.Attribute.LABEL: label, pkcs11.Attribute.ID: bytes([number])}
            session.create_object(values | more | {pkcs11.Attribute.TOKEN: True})
    return certificate


def _session(token: Any) -> Any:
    import pkcs11

    try:
        return token.open(rw=True, user_pin=PIN)
    except pkcs11.UserAlreadyLoggedIn:
        return token.open(rw=True)


def _generate(session: Any, kind: str, label: str, number: bytes) -> Any:
    from pkcs11 import Attribute, KeyType
    from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
    from pkcs11.util.rsa import encode_rsa_public_key

    if kind == "rsa":
        public, _ = session.generate_keypair(KeyType.RSA, 2048, store=True, label=label, id=number)
        pkcs1 = encode_rsa_public_key(public)
        return serialization.load_der_public_key(pkcs1)
    curve = session.create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
    )
    public, _ = curve.generate_keypair(store=True, label=label, id=number)
    return serialization.load_der_public_key(encode_ec_public_key(public))


def _certified(
    common_name: str,
    public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey,
    *,
    signs: bool,
) -> x509.Certificate:
    usage = x509.KeyUsage(signs, signs, not signs, not signs, False, False, False, False, False)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(authority().subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(usage, critical=True)
        .sign(private_key("Test CA"), hashes.SHA256())
    )
