"""Settings of keys and trust: where keys lie, and what differs from the certificate policy."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from intermediary.trust import (
    CertificatePolicy,
    KeySource,
    PemFiles,
    Pkcs12File,
    Revocation,
    TokenPlace,
    TokenSource,
)


class KeyGroup(BaseModel):
    """One key of ours and its certificate, in one of three forms.

    PEM: `certificate`, `key`. PKCS#12: `pkcs12`. Token (PKCS#11): `module`, `token`, `pin_file`, `key_label`
    or `key_id` (hex), and `certificate` where it does not lie in the token. Pass phrases come from files.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: Path | None = None
    key: Path | None = None
    pkcs12: Path | None = None
    pass_phrase_file: Path | None = None
    module: Path | None = None
    token: str | None = None
    pin_file: Path | None = None
    key_label: str | None = None
    key_id: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2})+$")] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        self.source()
        return self

    def source(self) -> KeySource:
        """The value that `trust.open_key` takes. Raises ValueError where the form is none of the three."""
        of_file = self.key is None and self.pkcs12 is None
        of_token = (self.module, self.token, self.pin_file, self.key_label, self.key_id)
        if self.module is not None and self.token and self.pin_file is not None:
            if of_file and self.pass_phrase_file is None and (self.key_label or self.key_id):
                place = TokenPlace(self.module, self.token, self.pin_file, self.key_label, self.key_id)
                return TokenSource(place, self.certificate)
        elif not any(of_token):
            if self.certificate is not None and self.key is not None and self.pkcs12 is None:
                return PemFiles(self.certificate, self.key, self.pass_phrase_file)
            if self.pkcs12 is not None and self.certificate is None and self.key is None:
                return Pkcs12File(self.pkcs12, self.pass_phrase_file)
        raise ValueError(
            "give certificate and key (PEM), or pkcs12, or module, token, pin_file and key_label or key_id"
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that must exist."""
        named = (
            self.certificate,
            self.key,
            self.pkcs12,
            self.pass_phrase_file,
            self.module,
            self.pin_file,
        )
        return tuple(path for path in named if path is not None)


def _several(given: Any) -> Any:
    """`[as4_signing]` is one, `[[as4_signing]]` are several."""
    return [given] if isinstance(given, dict) else given


KeyGroups = Annotated[list[KeyGroup], BeforeValidator(_several)]
"""Keys with overlapping certificates; the date chooses."""

_Days = Annotated[float, Field(gt=0)]


class TrustGroup(BaseModel):
    """What differs from the defaults of `trust.CertificatePolicy`, and what trust needs around it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    revocation: Revocation = Revocation.SOFT
    min_rsa_bits: Annotated[int, Field(ge=2048)] | None = None
    max_path_length: Annotated[int, Field(ge=0, le=8)] | None = None
    demand_key_usage: bool | None = None
    ocsp_nonce_required: bool | None = None
    ocsp_max_age_days: _Days | None = None
    crl_max_age_days: _Days | None = None
    fetch_seconds: Annotated[float, Field(gt=0, le=30)] | None = None
    intermediates: list[Path] = Field(default_factory=list)
    """Authorities between partners and anchors that partners do not send."""
    revocation_hosts: list[str] = Field(default_factory=list)
    """The only hosts that are asked for CRLs and OCSP answers; empty: those that certificates name."""
    revocation_folder: Path | None = None
    """Where answers are kept over restarts; default: `revocation` beside the SQLite file."""
    decryption_grace_days: Annotated[float, Field(ge=0)] = 30
    """How long after its certificate's end a decryption key is still used, for messages on their way."""

    def policy(self) -> CertificatePolicy:
        """The policy in force."""
        names = ("revocation", "min_rsa_bits", "max_path_length", "demand_key_usage", "ocsp_nonce_required")
        values: dict[str, Any] = {name: getattr(self, name) for name in (*names, "fetch_seconds")}
        for name in ("ocsp_max_age", "crl_max_age"):
            days = getattr(self, f"{name}_days")
            values[name] = None if days is None else timedelta(days=days)
        return CertificatePolicy(**{name: value for name, value in values.items() if value is not None})
