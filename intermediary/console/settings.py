"""Settings of the console: one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from intermediary.web import OidcSettings, SettingsInvalid


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """How operators sign in, and how the pages present themselves. Raises SettingsInvalid."""

    session_secret: str = field(repr=False)
    """Signs cookies and development tokens; at least 32 characters, the same on every node."""
    public_url: str
    """https origin under which browsers reach the platform."""
    oidc: OidcSettings | None = None
    roles_claim: str = "roles"
    """Claim of the ID token or access token with a list of role names; dots lead into nested claims."""
    role_names: Mapping[str, str] = field(default_factory=dict)
    """The provider's name of a role → ours, where they differ."""
    api_audience: str = "intermediary"
    """`aud` that an access token for the HTTP API must carry (RFC 9068)."""
    development_login: bool = False
    """Anybody may choose who they are: only in the sandbox, on this machine."""
    sandbox: bool = False
    base_path: str = "/console"
    static: str = "/preview/static"
    """Where the design system that all pages share is served."""
    languages: tuple[str, ...] = ("en", "de")
    operator_name: str = ""
    """The authority that runs the platform."""
    timezone: str = "UTC"
    idle: timedelta = timedelta(minutes=30)
    """A session that nobody used for so long is over."""
    longest: timedelta = timedelta(hours=10)
    """No session outlives a working day."""

    def __post_init__(self) -> None:
        if len(self.session_secret) < 32:
            raise SettingsInvalid("session_secret: give at least 32 random characters")
        if self.oidc is None and not self.development_login:
            raise SettingsInvalid("console: name an OpenID Connect provider in [console]")
        if self.development_login and not self.sandbox:
            raise SettingsInvalid(
                "console: development_login is for the sandbox only; it needs sandbox = true, "
                "and a platform of a Member State must never have that"
            )
        if self.development_login and not _on_this_machine(self.public_url):
            raise SettingsInvalid("console: development_login needs a public_url on this machine (localhost)")
        try:
            self.zone()
        except (OSError, ValueError, KeyError):
            raise SettingsInvalid("timezone: no such IANA time zone") from None

    def zone(self) -> tzinfo:
        """The time zone; UTC is known without a time zone database."""
        return UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)


def _on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")
