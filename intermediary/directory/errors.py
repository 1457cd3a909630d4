"""What can go wrong with the Common Services.

DirectoryError              base
├── AnswerUnreadable        what came is no answer of EB or DSD: a protocol error, never «nothing found»
│   └── VersionMismatch     it answers in another interface version than was asked for
├── AnswerNotTrusted        digest or signature; `reason` says which check failed
├── DirectoryUnreachable    no connection, no answer in time, a status that is no answer
├── NameUnresolvable        DNS: `timed_out` tells a time-out from an empty answer
├── QueryRefused            a refusal where only records or «nothing found» are of use; `code` has it
├── QueryInvalid            a query that the interface does not allow
└── DirectoryUnwritable     a value cannot be expressed in XML

Refusals in the answer (`EB:ERR:…`, `DSD:ERR:…`) are data, see `model.Refusal`. No message quotes what a user
has said to the directory.
"""

from enum import StrEnum


class DirectoryError(Exception):
    """Base of the errors of this package."""


class AnswerUnreadable(DirectoryError):  # noqa: N818 - reads as the outcome
    """The answer breaks the interface: rule, place (XPath), line, what was expected."""

    def __init__(self, rule: str, place: str, text: str, line: int | None = None) -> None:
        where = f"{place} (line {line})" if line else place
        super().__init__(f"{rule} at {where}: {text}")
        self.rule, self.place, self.text, self.line = rule, place, text, line


class VersionMismatch(AnswerUnreadable):
    """The echo is not the version asked for, so perhaps a proxy drops `Accept-Version`."""


class Distrust(StrEnum):
    """Which check of digest and signature failed."""

    DIGEST_MISSING = "digest-missing"
    DIGEST_WRONG = "digest-wrong"
    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_MALFORMED = "signature-malformed"
    HEADER_REFUSED = "header-refused"
    ALGORITHM_REFUSED = "algorithm-refused"
    CERTIFICATE_MISSING = "certificate-missing"
    CERTIFICATE_NOT_VALID = "certificate-not-valid"
    CERTIFICATE_NOT_TRUSTED = "certificate-not-trusted"
    SIGNATURE_WRONG = "signature-wrong"


class AnswerNotTrusted(DirectoryError):  # noqa: N818
    """The answer is discarded: neither used nor cached."""

    def __init__(self, reason: Distrust, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason, self.text = reason, text


class DirectoryUnreachable(DirectoryError):  # noqa: N818
    """The service did not answer; ask again later."""


class NameUnresolvable(DirectoryError):  # noqa: N818
    """The NAPTR record of a service was not found, or nobody answered."""

    def __init__(self, name: str, text: str, *, timed_out: bool) -> None:
        super().__init__(f"{name}: {text}")
        self.name, self.timed_out = name, timed_out


class QueryRefused(DirectoryError):  # noqa: N818
    """EB or DSD refused a query of ours."""

    def __init__(self, query: str, code: str, detail: str) -> None:
        super().__init__(f"{query.rpartition(':')[2]}: {code} ({detail[:200]})")
        self.code = code


class QueryInvalid(DirectoryError):  # noqa: N818
    """The query lacks a parameter, or has one that this interface version does not know."""


class DirectoryUnwritable(DirectoryError):  # noqa: N818
    """A text holds something that XML cannot express (a control character)."""
