"""How the platform reaches national providers: one frozen value with safe defaults."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NationalSettings:
    """Files are PEM. Times are seconds."""

    ca: Path
    """Trust anchors for providers and IAM; nothing else is trusted."""
    client_certificate: Path
    client_key: Path
    token_url: str | None = None
    """Token endpoint of the IAM; None where no provider has an audience."""
    client_id: str = ""
    token_key: Path | None = None
    """EC P-256 key that signs client assertions (ES256)."""
    scope: str = "nachweisabruf"
    connect_seconds: float = 5
    read_seconds: float = 30
    """Longest silence of a provider."""
    total_seconds: float = 60
    """Longest duration of one attempt, however slowly it drips."""
    largest_answer: int = 128 * 1024 * 1024
    """Bytes of one answer, attachments included."""
    attempts: int = 3
    """Attempts of one call where the connection fails or the answer is 502, 503, 504."""
    retry_seconds: float = 0.2
    """First pause between them; doubles, with jitter."""
    breaker_failures: int = 5
    """Failed calls in a row after which a provider is left alone."""
    breaker_seconds: float = 30
