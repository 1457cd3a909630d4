"""Where the user may be sent back to: no open redirect. Pure. TDD 4.9: an https URI."""

from collections.abc import Sequence
from urllib.parse import urlsplit

_LONGEST = 2048


def acceptable_return(url: str, hosts: Sequence[str] = ()) -> str | None:
    """The URL, or None where it may not be used.

    It must be an absolute https URL without user information and without white space, control characters
    or backslashes, at most 2048 characters long; its host must be one of `hosts` or below one of them,
    where the partner has any.
    """
    url = url.strip()
    if len(url) > _LONGEST or any(c <= " " or c in '\\"<>' or c == "\x7f" for c in url):
        return None
    try:
        parts = urlsplit(url)
        host, _port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if parts.scheme.lower() != "https" or not host or "@" in parts.netloc:
        return None
    if hosts and not any(host == allowed or host.endswith(f".{allowed}") for allowed in hosts):
        return None
    return url
