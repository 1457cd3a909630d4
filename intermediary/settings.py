"""Settings of one platform, from a TOML file; `INTERMEDIARY_…` environment variables override single values.

The file is named by `INTERMEDIARY_SETTINGS`. Secrets are never values in here, only paths of files.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from intermediary.as4 import Limits
from intermediary.directory import SignaturePolicy
from intermediary.directory_settings import DirectoryGroup
from intermediary.exchange import Retention, SettingsInvalid, Timing
from intermediary.key_settings import KeyGroups, TrustGroup
from intermediary.shipped import shipped


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NationalGroup(_Group):
    """How the platform reaches national providers and the authorities' IAM."""

    ca: Path
    client_certificate: Path
    client_key: Path
    token_url: str | None = None
    client_id: str = ""
    token_key: Path | None = None


class OidcGroup(_Group):
    """The identity provider that citizens log in at."""

    issuer: str
    client_id: str
    client_secret_file: Path
    ca: Path | None = None


class ConsoleGroup(_Group):
    """How operators sign in at the console. Left out: there is no console."""

    issuer: str | None = None
    client_id: str = "intermediary-console"
    client_secret_file: Path | None = None
    ca: Path | None = None
    scope: str = "openid profile"
    roles_claim: str = "roles"
    """Claim with the operator's roles; dots lead into nested claims (`realm_access.roles`)."""
    role_names: dict[str, str] = Field(default_factory=dict)
    """The provider's name of a role to viewer, editor, approver, auditor or administrator."""
    api_audience: str = "intermediary"
    development_login: bool = False
    """Choose who you are: refused unless `sandbox = true` and `public_url` is on this machine."""
    provider_hosts: list[str] = Field(default_factory=list)
    """Names and networks (CIDR) that test systems of invited providers may have, public or not."""


_Seconds = Annotated[float, Field(gt=0)]


class GatewayGroup(_Group):
    """A Domibus or Harmony gateway that does the messaging: its web-service plugin, and what it pushes."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+/")]
    """Of the plugin: https://…/domibus/services/wsplugin."""
    user: Annotated[str, Field(min_length=1)]
    password_file: Path
    ca: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    poll_seconds: _Seconds = 60
    """Pause between two sweeps for what push notifications missed, or for everything without push."""
    push: bool = False
    """Whether the plugin's push rules call POST /domibus/backend."""
    push_user: str = "domibus"
    push_password_file: Path | None = None
    max_answer_bytes: Annotated[int, Field(gt=0, le=10_000_000)] = 10_000_000
    """A longer answer, hence a message with payloads above three quarters of it, stays at the gateway.
    No more than what the XML parser accepts as one text (10 million)."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.push and self.push_password_file is None:
            raise ValueError("push = true needs push_password_file: whoever pushes has to say who they are")
        if (self.client_certificate is None) != (self.client_key is None):
            raise ValueError("client_certificate and client_key belong together; give both or none")
        return self


class S3Group(_Group):
    """The object store of `blobs = "s3://…"`. Credentials come from where the AWS library looks for them
    (environment, files, web identity, instance role)."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/]+/?$")] | None = None
    """Left out: AWS."""
    region: str | None = None
    credentials_file: Path | None = None
    """In the form of ~/.aws/credentials, section `default`."""
    ca: Path | None = None


class As4LimitsGroup(_Group):
    """What a pushed message may cost before it is refused, and how slowly it may come."""

    parts: Annotated[int, Field(gt=0)] = 1001
    """MIME parts with the SOAP part; a P-Mode's `max_parts` may be less."""
    headers: Annotated[int, Field(gt=0)] = 32
    """Header lines of a part."""
    header_bytes: Annotated[int, Field(gt=0)] = 8 * 1024
    soap_bytes: Annotated[int, Field(gt=0, le=8 * 1024 * 1024)] = 8 * 1024 * 1024
    decompressed_bytes: Annotated[int, Field(gt=0)] = 512 * 1024 * 1024
    """All parts together; a P-Mode's `max_bytes` may be less."""
    grace_seconds: _Seconds = 30
    """Every sender has this long; afterwards `bytes_per_second` have to come on average."""
    bytes_per_second: Annotated[int, Field(gt=0)] = 64 * 1024

    def limits(self, max_message_bytes: int) -> Limits:
        """The value that the codec works with."""
        return Limits(
            body_bytes=max_message_bytes,
            parts=self.parts,
            headers=self.headers,
            header_bytes=self.header_bytes,
            root_bytes=self.soap_bytes,
            decompressed_bytes=self.decompressed_bytes,
        )


class TimingGroup(_Group):
    """Time-outs in seconds (TDD 4.4); what is left out has the default of `exchange.Timing`."""

    t1: _Seconds | None = None
    t2: _Seconds | None = None
    t3: _Seconds | None = None
    allowance: _Seconds | None = None
    second_request: _Seconds | None = None
    provider_patience: _Seconds | None = None
    provider_retry: _Seconds | None = None
    send_retry: _Seconds | None = None
    send_attempts: Annotated[int, Field(gt=0)] | None = None
    gateway_poll: _Seconds | None = None
    gateway_patience: _Seconds | None = None
    retry_ceiling: _Seconds | None = None
    lease: _Seconds | None = None

    def timing(self) -> Timing:
        """The value that the exchange works with. Raises SettingsInvalid."""
        given: dict[str, Any] = self.model_dump(exclude_none=True)
        values: dict[str, Any] = {
            name: value if name == "send_attempts" else timedelta(seconds=value)
            for name, value in given.items()
        }
        return Timing(**values)


class RetentionGroup(_Group):
    """How many days what is over is kept; less than twelve months is refused."""

    exchange_days: Annotated[int, Field(gt=0, le=36_500)] = 366
    """Exchanges with messages, receipts and events, from their end on."""
    platform_days: Annotated[int, Field(gt=0, le=36_500)] = 366
    """The platform's journals: refused messages, tests, purges; what operators did."""

    def retention(self) -> Retention:
        """The value that housekeeping works with. Raises SettingsInvalid."""
        return Retention(timedelta(days=self.exchange_days), timedelta(days=self.platform_days))


class Settings(BaseSettings):
    """All settings; each is checked at start, and against each other."""

    model_config = SettingsConfigDict(
        env_prefix="INTERMEDIARY_", env_nested_delimiter="__", extra="ignore", frozen=True
    )

    database_url: str
    platform_key_file: Path
    """Wraps the keys of everything sealed; made on first use. Without it nothing sealed can be read."""
    blobs: Annotated[str, Field(pattern=r"^(s3://[a-z0-9][a-z0-9.-]+(/.*)?|[^:]+)$")] | None = None
    """Where sealed content lies that is too large for a row: a folder, by default `blobs` beside the SQLite
    file, or s3://bucket/prefix. Several nodes share it as they share the database. Back up both together."""
    s3: S3Group | None = None
    session_secret_file: Path
    host: str = "127.0.0.1"
    port: int = 8443
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    public_url: Annotated[str, Field(pattern=r"^https://[^\s/]+$")]
    """Where partners, citizens and providers reach us: scheme and host, no path."""
    message_domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")]
    pmodes: Path
    trust_anchors: list[Path]
    mappings: Path = Field(default_factory=lambda: shipped("mappings"))
    """Imported when the store holds no mapping yet."""
    releases: Path | None = None
    """Folder of official releases that `intermediary releases add` installs; made on first use."""
    workers: Annotated[int, Field(ge=0, le=64)] = 2
    """Worker threads beside the web server; 0 where `intermediary worker` runs them elsewhere."""
    metrics: bool = False
    """Serve GET /metrics beside the rest; the reverse proxy must keep it to the operator's network."""
    worker_metrics_port: Annotated[int, Field(gt=0, lt=65536)] | None = None
    """Where `intermediary worker` serves /health/live, /health/ready, /metrics: plain HTTP on `host`."""
    traces: bool = False
    """Send OpenTelemetry traces as the OTEL_EXPORTER_OTLP_… variables say; needs the extra `otel`."""
    operator: str = ""
    """Who runs the platform, as shown to citizens; default: its name in the mappings."""
    imprint_url: str | None = None
    privacy_url: str | None = None
    accessibility_url: str | None = None
    languages: Annotated[list[Annotated[str, Field(pattern="^[a-z]{2,3}$")]], Field(min_length=1)] = Field(
        default_factory=lambda: ["en", "de"]
    )
    """In which pages are offered, the first by default; each needs catalogues (`intermediary languages`)."""
    timezone: str = "UTC"
    """IANA name of the zone in which citizens read times."""
    max_message_bytes: Annotated[int, Field(gt=0)] = 310 * 1024 * 1024
    as4_signing: KeyGroups = Field(default_factory=list)
    as4_encryption: KeyGroups = Field(default_factory=list)
    """Our own AS4; not needed with a gateway. Several (`[[as4_signing]]`) where certificates overlap: the
    newest valid one signs, all decrypt."""
    trust: TrustGroup = Field(default_factory=TrustGroup)
    as4_limits: As4LimitsGroup = Field(default_factory=As4LimitsGroup)
    gateway: GatewayGroup | None = None
    """Someone else's access point does the messaging."""
    national: NationalGroup
    oidc: OidcGroup
    console: ConsoleGroup | None = None
    directory: DirectoryGroup | None = None
    sandbox: bool = False
    """This is `intermediary demo`; no other platform may say so."""
    timing: TimingGroup = Field(default_factory=TimingGroup)
    retention: RetentionGroup = Field(default_factory=RetentionGroup)

    @model_validator(mode="after")
    def _one_way_of_messaging(self) -> Self:
        if self.gateway is None and not (self.as4_signing and self.as4_encryption):
            raise ValueError(
                "give [as4_signing] and [as4_encryption], or the [gateway] that does the messaging"
            )
        if self.s3 is not None and self.blob_bucket is None:
            raise ValueError('[s3] is of use only with blobs = "s3://bucket/prefix"; give both or none')
        if self.directory and self.directory.signatures is SignaturePolicy.OFF and not self.sandbox:
            raise ValueError('[directory] signatures = "off" is for the sandbox; leave it out')
        return self

    @property
    def blob_bucket(self) -> tuple[str, str] | None:
        """Bucket and prefix where `blobs` lie, or None: in a folder."""
        if self.blobs is None or not self.blobs.startswith("s3://"):
            return None
        bucket, _, prefix = self.blobs.removeprefix("s3://").partition("/")
        return bucket, prefix.strip("/")

    @property
    def blob_folder(self) -> Path:
        """Where `blobs` lie. Raises SettingsInvalid where no setting and no SQLite file says so."""
        if self.blobs is not None:
            return Path(self.blobs)
        beside = self._beside_sqlite
        if beside is None:
            raise SettingsInvalid("blobs: name a folder that all nodes share; only SQLite has a default")
        return beside / "blobs"

    @property
    def revocation_folder(self) -> Path | None:
        """Where answers about revocation are kept; None: in memory only."""
        beside = self._beside_sqlite
        return self.trust.revocation_folder or (beside and beside / "revocation")

    @property
    def directory_folder(self) -> Path | None:
        """Where answers of the directories are kept unless `directory.cache` says; None: in memory only."""
        beside = self._beside_sqlite
        return beside and beside / "directory"

    @property
    def _beside_sqlite(self) -> Path | None:
        scheme, _, path = self.database_url.partition(":///")
        return Path(path).parent if scheme.startswith("sqlite") and path else None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file."""
        file = os.environ.get("INTERMEDIARY_SETTINGS")
        toml = (TomlConfigSettingsSource(settings_cls, toml_file=file),) if file else ()
        return (init_settings, env_settings, *toml)


def load_settings() -> Settings:
    """The settings of this process. Raises SettingsInvalid: one line per finding, with the remedy."""
    file = os.environ.get("INTERMEDIARY_SETTINGS")
    if file and not Path(file).is_file():
        raise SettingsInvalid(
            f"INTERMEDIARY_SETTINGS names {file}, which is no file; write it or mend the path"
        )
    try:
        settings = Settings()
    except ValidationError as error:
        where = file or "the environment (set INTERMEDIARY_SETTINGS to a TOML file)"
        lines = [f"{where}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise SettingsInvalid("\n".join(lines)) from None
    settings.timing.timing()
    settings.retention.retention()
    if settings.blob_bucket is None:
        _ = settings.blob_folder
    missing = [str(path) for path in _files(settings) if not path.exists()]
    if missing:
        raise SettingsInvalid("These files of the settings do not exist: " + ", ".join(missing))
    return settings


def _files(settings: Settings) -> list[Path]:
    national, oidc, gateway = settings.national, settings.oidc, settings.gateway
    paths: list[Path | None] = [
        settings.tls_certificate,
        settings.tls_key,
        settings.pmodes,
        *settings.trust_anchors,
        settings.mappings,
        *(path for key in (*settings.as4_signing, *settings.as4_encryption) for path in key.files),
        *settings.trust.intermediates,
        national.ca,
        national.client_certificate,
        national.client_key,
        national.token_key,
        oidc.client_secret_file,
        oidc.ca,
        *((settings.console.client_secret_file, settings.console.ca) if settings.console else ()),
    ]
    if gateway is not None:
        paths += [gateway.password_file, gateway.push_password_file, gateway.ca]
        paths += [gateway.client_certificate, gateway.client_key]
    if settings.s3 is not None:
        paths += [settings.s3.credentials_file, settings.s3.ca]
    return [path for path in paths if path is not None]
