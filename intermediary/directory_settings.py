"""Settings of the Common Services: where Evidence Broker and Data Service Directory are, whom to believe."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from intermediary.directory import Service, SignaturePolicy

if TYPE_CHECKING:
    from intermediary.directory import DirectorySettings

_Url = Annotated[str, Field(pattern=r"^https://[^\s?#@]+$")]


class DirectoryGroup(BaseModel):
    """The table `[directory]`. Left out: the platform asks no directory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence_broker_url: _Url | None = None
    data_service_directory_url: _Url | None = None
    """Base URLs, as the Commission has given them; left out: found by NAPTR."""
    zone: Annotated[str, Field(pattern=r"^cs\.[A-Za-z0-9.-]+$")] = "cs.prod.oots.tech.ec.europa.eu"
    """Behind `<country>.<eb|dsd>.v<major>.` in NAPTR names; acceptance: cs.acc.oots.tech.ec.europa.eu."""
    major: Annotated[int, Field(ge=1, le=9)] = 1
    """In NAPTR names; not the major version of the data model."""
    nameservers: list[str] = Field(default_factory=list)
    """Addresses; empty: those of the machine."""
    version: Annotated[str, Field(pattern=r"^oots-cs:v[0-9]+\.[0-9]+$")] = "oots-cs:v2.0"
    signatures: SignaturePolicy | None = None
    """require (default; if-present for oots-cs:v1.0), if-present, or off: in the sandbox only."""
    anchors: list[Path] = Field(default_factory=list)
    """Whose signed answers are believed: of this environment only."""
    ca: Path | None = None
    """Of the services' TLS; left out: the public web PKI."""
    cache: Path | None = None
    """Folder of answers that outlive a restart; default: `directory` beside the SQLite file, else memory."""
    fresh_minutes: Annotated[float, Field(ge=0, le=1440)] = 15
    stale_hours: Annotated[float, Field(ge=0, le=168)] = 24
    """How long an answer may stand in while a service does not answer."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.signatures is not SignaturePolicy.OFF and not self.anchors:
            raise ValueError("anchors: name the certificates whose signatures on answers are believed")
        return self

    def chosen(self, home: str) -> "DirectorySettings":
        """The value that the client works with; `home` is our country."""
        from intermediary.directory import DirectorySettings

        urls = {
            Service.EVIDENCE_BROKER: self.evidence_broker_url,
            Service.DATA_SERVICE_DIRECTORY: self.data_service_directory_url,
        }
        return DirectorySettings(
            home=home,
            urls={service: url for service, url in urls.items() if url is not None},
            zone=self.zone,
            major=self.major,
            version=self.version,
            signatures=self.signatures,
            fresh=timedelta(minutes=self.fresh_minutes),
            stale=timedelta(hours=self.stale_hours),
        )
