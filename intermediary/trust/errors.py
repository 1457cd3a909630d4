"""What can go wrong with configured keys and certificates.

TrustError
├── CertificateUnreadable   the file holds no PEM certificate, or one that cannot be read
├── KeyUnreadable           the file holds no usable private key, or the pass phrase does not open it
├── TokenUnusable           a PKCS#11 token cannot be opened, lacks the key, or cannot do what AS4 needs
└── FetchFailed             a CRL or OCSP answer could not be had: connection, time-out, size, HTTP status

Whether a certificate from outside is trusted is a result, not an error: see `certificate_check`.
"""


class TrustError(Exception):
    """Base of all errors of this room; the text never holds key material, pass phrase or PIN."""


class CertificateUnreadable(TrustError):  # noqa: N818 - reads as the outcome
    """There is no readable certificate; give PEM, `-----BEGIN CERTIFICATE-----`."""


class KeyUnreadable(TrustError):  # noqa: N818 - reads as the outcome
    """There is no readable private key; give a PEM or PKCS#12 file with an RSA, EC, Ed25519 or X25519 key."""


class TokenUnusable(TrustError):  # noqa: N818 - reads as the outcome
    """A token cannot be used; the text names module and label, and what to do."""


class FetchFailed(TrustError):  # noqa: N818 - reads as the outcome
    """Nothing usable came from a CRL or OCSP address; the text says why, in a few words for the log."""
