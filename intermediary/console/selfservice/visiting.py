"""What every page of the provider uses: whose session it is, forms of this session, the answer."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from intermediary.console.errors import FormForged, NotSignedIn
from intermediary.console.languages import catalogue
from intermediary.console.pages import Flash, Pages
from intermediary.console.selfservice.contracts import Counts
from intermediary.console.selfservice.invitations import Invitation, Invitations, Throttle
from intermediary.console.selfservice.runs import Runs
from intermediary.console.settings import ConsoleSettings
from intermediary.mapping import MappingStore

COOKIE = "__Host-provider"
BASE = "/providers"
LARGEST_FIELD = 128 * 1024
"""Bytes of one field or file."""
_MOST_FIELDS = 60


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever came by an invitation."""

    invitation: Invitation
    csrf: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A form of this session."""

    visitor: Visitor
    fields: FormData

    def text(self, name: str) -> str:
        """A field without space around it."""
        value = self.fields.get(name, "")
        return value.strip().replace("\r\n", "\n") if isinstance(value, str) else ""

    def given(self, names: tuple[str, ...]) -> dict[str, str]:
        """Several fields."""
        return {name: self.text(name) for name in names}


class ProviderDesk:
    """What every page of the provider uses."""

    def __init__(  # noqa: PLR0917
        self,
        settings: ConsoleSettings,
        invitations: Invitations,
        runs: Runs,
        store: MappingStore,
        counts: Counts,
        clock: Callable[[], datetime],
    ) -> None:
        secret = hmac.new(settings.session_secret.encode(), b"provider.pages", hashlib.sha256).hexdigest()
        self._pages = Pages(replace(settings, base_path=BASE, session_secret=secret), ())
        self.invitations, self.runs, self.store = invitations, runs, store
        self.counts, self.clock = counts, clock
        self.throttle = Throttle(clock)

    def visitor(self, request: Request) -> Visitor:
        """Who has this session. Raises NotSignedIn."""
        value = request.cookies.get(COOKIE, "")
        invitation = self.invitations.of_session(value)
        if invitation is None:
            raise NotSignedIn
        return Visitor(invitation, self.invitations.csrf(value))

    async def form(self, request: Request) -> AsyncIterator[Sent]:
        """The fields, if session and the form's own value fit. Raises NotSignedIn, FormForged."""
        same_site(request)
        visitor = self.visitor(request)
        async with request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=LARGEST_FIELD) as fields:
            given = fields.get("csrf")
            if not isinstance(given, str) or not hmac.compare_digest(visitor.csrf.encode(), given.encode()):
                raise FormForged
            yield Sent(visitor, fields)

    def page(
        self, request: Request, visitor: Visitor | None, name: str, *, status: int = 200, **context: Any
    ) -> HTMLResponse:
        """A page."""
        csrf = visitor.csrf if visitor else ""
        said = catalogue(self._pages.tongue(request).language)
        errors = {field: said.gettext(text) for field, text in context.pop("errors", {}).items()}
        return self._pages.page(
            request,
            None,
            f"selfservice/{name}",
            csrf=csrf,
            status=status,
            own=f"{BASE}/static",
            invitation=visitor.invitation if visitor else None,
            errors=errors,
            **context,
        )

    def to(self, path: str, kind: str = "", text: str = "") -> RedirectResponse:
        """Lead on to a page, which says `text` once."""
        answer = RedirectResponse(BASE + path, 303)
        if text:
            self._pages.keep_flash(answer, Flash(kind, text))
        return answer


def same_site(request: Request) -> None:
    """Raises FormForged where another site sent the form."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise FormForged
