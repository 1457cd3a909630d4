"""P-Modes as data: one YAML file per partner (digest edelivery-as4 §10)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intermediary.as4 import PROFILES
from intermediary.as4.model import Party, PMode

_Text = Annotated[str, Field(min_length=1)]


class PModeInvalid(ValueError):  # noqa: N818
    """A P-Mode file cannot be used; the text has one line per finding: file, field, remedy."""


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner's P-Mode and what belongs to it beyond AS4."""

    pmode: PMode
    return_hosts: tuple[str, ...] = field(default=())
    """Hosts to which the partner's portals may send users back; empty: any https URL."""


class _Party(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    id: _Text
    type: str | None = None
    role: str = "http://sdg.europa.eu/edelivery/gateway"

    def party(self) -> Party:
        return Party(self.id, self.type, self.role)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    id: _Text
    us: _Party
    partner: _Party
    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")] | None = None
    signing_certificates: list[_Text] = Field(default_factory=list)
    encryption_certificate: _Text | None = None
    encryption_certificates: list[_Text] = Field(default_factory=list)
    """Several where they overlap; of those valid at the time of sending the newest is used."""
    return_hosts: list[_Text] = Field(default_factory=list)
    agreement: str | None = None
    service: str = "QueryManager"
    service_type: str | None = "urn:oasis:names:tc:ebcore:ebrs:ebms:binding:1.0"
    security: Literal["edelivery-1.15", "edelivery-2.0-eddsa", "edelivery-2.0-ecdsa"] = "edelivery-1.15"
    sign: bool = True
    encrypt: bool = True
    compress: bool = True
    max_parts: Annotated[int, Field(gt=0)] = 100
    max_bytes: Annotated[int, Field(gt=0)] = 300 * 1024 * 1024

    def partner_value(self, read: Callable[[str], bytes]) -> Partner:
        wanted = [*filter(None, [self.encryption_certificate]), *self.encryption_certificates]
        pmode = PMode(
            id=self.id,
            us=self.us.party(),
            partner=self.partner.party(),
            url=self.url or "",
            partner_signing_certificates=tuple(read(name) for name in self.signing_certificates),
            partner_encryption_certificate=b"\n".join(read(name) for name in wanted) or None,
            agreement=self.agreement,
            service=self.service,
            service_type=self.service_type,
            security=PROFILES[self.security],
            sign=self.sign,
            encrypt=self.encrypt,
            compress=self.compress,
            max_parts=self.max_parts,
            max_bytes=self.max_bytes,
        )
        return Partner(pmode, tuple(host.lower() for host in self.return_hosts))


def load_partners(folder: Path, *, gateway: bool = False) -> tuple[Partner, ...]:
    """All `*.yaml` files of a folder; certificate paths are relative to their file. Raises PModeInvalid.

    Where a `gateway` does the messaging, its own P-Modes have URLs and certificates; here they may be absent.
    """
    problems: list[str] = []
    partners: dict[str, Partner] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            read = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
            if read.url is None and not gateway:
                problems.append(f"{path}: url: missing; give that of the partner's access point")
                continue
            if read.encrypt and not (read.encryption_certificate or read.encryption_certificates or gateway):
                problems.append(
                    f"{path}: encryption_certificate: missing; name the partner's certificate (PEM)"
                )
                continue
            partner = read.partner_value(lambda name, path=path: (path.parent / name).read_bytes())  # type: ignore[misc]
        except yaml.YAMLError as error:
            problems.append(f"{path}: not YAML: {getattr(error, 'problem', error)}")
        except ValidationError as error:
            problems += [f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        except OSError as error:
            problems.append(f"{path}: certificate {error.filename}: {error.strerror}; put the PEM file there")
        else:
            if partner.pmode.id in partners:
                problems.append(f"{path}: id: {partner.pmode.id} is used by another file; ids are unique")
            partners[partner.pmode.id] = partner
    if problems:
        raise PModeInvalid("\n".join(problems))
    return tuple(partners.values())
