"""What can go wrong with configured keys and certificates.

TrustError
├── CertificateUnreadable   the file holds no PEM certificate, or one that cannot be read
└── KeyUnreadable           the file holds no unencrypted PEM private key of a known type

Whether a certificate from outside is trusted is a result, not an error: see `certificate_check`.
"""


class TrustError(Exception):
    """Base of all errors of this room; the text never holds key material."""


class CertificateUnreadable(TrustError):  # noqa: N818 - reads as the outcome
    """There is no readable certificate; give PEM, `-----BEGIN CERTIFICATE-----`."""


class KeyUnreadable(TrustError):  # noqa: N818 - reads as the outcome
    """There is no readable private key; give an unencrypted PEM key, RSA, EC or Ed25519."""
