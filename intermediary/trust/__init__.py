"""Keys, certificates and trust anchors: which certificates are believed, by one frozen policy.

Here live our own keys (PEM, PKCS#12, PKCS#11 token) and their choice by date, the policy, the check from a
signer's certificate to a trust anchor, revocation by OCSP and CRL, and the list of what will expire. What is
signed and how is the business of `as4`, whose `CertificateCheck` and `Signing` are implemented here. The
network is reached through the port `Fetch` only.
"""

from intermediary.trust.answers import Answer
from intermediary.trust.check import RevocationStatus, TrustCheck, certificate_check
from intermediary.trust.errors import (
    CertificateUnreadable,
    FetchFailed,
    KeyUnreadable,
    TokenUnusable,
    TrustError,
)
from intermediary.trust.inventory import AUTHORITIES, Entry, Explanation, Held, explain, inventory
from intermediary.trust.loading import PrivateKey, load_certificates, load_pkcs12, load_private_key
from intermediary.trust.material import (
    DatedSigningKeys,
    KeyMaterial,
    KeySource,
    PemFiles,
    Pkcs12File,
    TokenSource,
    decryption_keys,
    newest,
    open_key,
)
from intermediary.trust.policy import CertificatePolicy, Revocation
from intermediary.trust.revocations import Fetch, NoAnswer, Revocations
from intermediary.trust.token import TokenPlace

__all__ = [
    "AUTHORITIES",
    "Answer",
    "CertificatePolicy",
    "CertificateUnreadable",
    "DatedSigningKeys",
    "Entry",
    "Explanation",
    "Fetch",
    "FetchFailed",
    "Held",
    "KeyMaterial",
    "KeySource",
    "KeyUnreadable",
    "NoAnswer",
    "PemFiles",
    "Pkcs12File",
    "PrivateKey",
    "Revocation",
    "RevocationStatus",
    "Revocations",
    "TokenPlace",
    "TokenSource",
    "TokenUnusable",
    "TrustCheck",
    "TrustError",
    "certificate_check",
    "decryption_keys",
    "explain",
    "inventory",
    "load_certificates",
    "load_pkcs12",
    "load_private_key",
    "newest",
    "open_key",
]
