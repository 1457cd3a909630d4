"""Settings of the citizen's pages: one frozen value."""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from intermediary.web import SettingsInvalid


@dataclass(frozen=True, slots=True)
class PreviewSettings:
    """How the pages present themselves. Raises SettingsInvalid."""

    session_secret: str = field(repr=False)
    """Signs the cookies; at least 32 characters, the same on every process."""
    base_path: str = "/preview"
    """Path under which the pages are mounted."""
    cookie_name: str = "__Secure-preview"
    """Prefix of all cookie names."""
    languages: tuple[str, ...] = ("en", "de")
    """Languages offered (each needs a catalogue); the first is the one for everybody else."""
    product_name: str | None = None
    """Name in the header; None: «Evidence preview», translated."""
    operator_name: str = ""
    """The authority that runs the platform, as shown in header and footer."""
    imprint_url: str | None = None
    privacy_url: str | None = None
    accessibility_url: str | None = None
    timezone: str = "UTC"
    """IANA name of the time zone in which times are shown."""

    def __post_init__(self) -> None:
        if len(self.session_secret) < 32:
            raise SettingsInvalid("session_secret: give at least 32 random characters")
        if not self.base_path.startswith("/") or self.base_path.endswith("/"):
            raise SettingsInvalid("base_path: must start with a slash and not end with one")
        if not self.languages:
            raise SettingsInvalid("languages: name at least one")
        try:
            self.zone()
        except (OSError, ValueError, KeyError):
            raise SettingsInvalid("timezone: no such IANA time zone") from None

    def zone(self) -> tzinfo:
        """The time zone; UTC is known without a time zone database."""
        return UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)
