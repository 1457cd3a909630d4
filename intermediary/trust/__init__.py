"""Keys, certificates and trust anchors: which certificates are believed, by one frozen policy.

Here live the loading of PEM files, the policy, and the check from a signer's certificate to a trust anchor.
What is signed and how is the business of `as4`, whose `CertificateCheck` is implemented here.
"""

from intermediary.trust.check import certificate_check
from intermediary.trust.errors import CertificateUnreadable, KeyUnreadable, TrustError
from intermediary.trust.loading import PrivateKey, load_certificates, load_private_key
from intermediary.trust.policy import CertificatePolicy

__all__ = [
    "CertificatePolicy",
    "CertificateUnreadable",
    "KeyUnreadable",
    "PrivateKey",
    "TrustError",
    "certificate_check",
    "load_certificates",
    "load_private_key",
]
