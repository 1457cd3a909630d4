"""From a template, a language and an operator to an HTTP answer with its policy."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from itsdangerous import BadData, URLSafeTimedSerializer
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from intermediary.console.access import Operator, Role
from intermediary.console.languages import catalogue
from intermediary.console.settings import ConsoleSettings
from intermediary.web import Tongue, page_policy, release, wanted

_TEMPLATES = Path(__file__).parent / "templates"
_FLASH, _LANGUAGE = "__Host-console-flash", "__Host-console-language"
_FLASH_SECONDS = 60


def _N(text: str) -> str:  # noqa: N802 - gettext's customary name
    """Marks a text for the catalogues where it is not yet the time to translate it."""
    return text


@dataclass(frozen=True, slots=True)
class Area:
    """One part of the console, as the navigation shows it."""

    path: str
    title: str
    """A message of the catalogue."""
    icon: str
    """Name of a KERN icon, or of one in console.css."""
    roles: tuple[Role, ...] = (Role.VIEWER,)
    hint: str = ""
    """A message of the catalogue: what one does here; on the home page."""


@dataclass(frozen=True, slots=True)
class Flash:
    """What the next page says once."""

    kind: str
    text: str
    """A message of the catalogue."""
    values: Mapping[str, object] = field(default_factory=dict)


class Pages:
    """Renders pages; templates are compiled once per language."""

    def __init__(self, settings: ConsoleSettings, areas: tuple[Area, ...]) -> None:
        self._settings, self._areas = settings, areas
        self._tongues = {code: Tongue(code, settings.zone()) for code in settings.languages}
        self._seal = URLSafeTimedSerializer(
            settings.session_secret, salt="console.flash", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def tongue(self, request: Request) -> Tongue:
        """The language in which to answer: as just chosen, as chosen before, as the browser likes best."""
        chosen = request.query_params.get("lang", "")
        if chosen in self._tongues:
            return self._tongues[chosen]
        return self._tongues[wanted(request, self._settings.languages, _LANGUAGE)]

    def keep_flash(self, response: Response, flash: Flash) -> None:
        """Let the next page say something."""
        values = {name: str(value) for name, value in flash.values.items()}
        text = self._seal.dumps([flash.kind, flash.text, values])
        _set(response, _FLASH, text if isinstance(text, str) else text.decode(), _FLASH_SECONDS)

    def page(
        self,
        request: Request,
        operator: Operator | None,
        template: str,
        *,
        csrf: str,
        status: int = 200,
        **context: Any,
    ) -> HTMLResponse:
        """Answer with a page."""
        settings, tongue, nonce = self._settings, self.tongue(request), secrets.token_urlsafe(16)
        flash = self._flash(request)
        base = settings.base_path
        here = request.url.path
        text = (
            environment(tongue.language)
            .get_template(template)
            .render(
                {
                    "settings": settings,
                    "tongue": tongue,
                    "tongues": tuple(self._tongues.values()),
                    "nonce": nonce,
                    "base": base,
                    "here": here,
                    "query": dict(request.query_params),
                    "link": link_from(request),
                    "static": settings.static,
                    "own": f"{base}/static",
                    "release": release(),
                    "operator": operator,
                    "areas": tuple(a for a in self._areas if operator is not None and operator.has(*a.roles)),
                    "Role": Role,
                    "csrf": csrf,
                    "flash": flash,
                    "errors": {},
                    **context,
                }
            )
        )
        answer = HTMLResponse(
            text,
            status,
            {
                "Content-Security-Policy": page_policy(nonce),
                "Content-Language": tongue.language,
                "Vary": "Cookie, Accept-Language",
            },
        )
        if flash is not None:
            answer.delete_cookie(_FLASH, path="/", secure=True, httponly=True, samesite="lax")
        if request.query_params.get("lang") == tongue.language:
            _set(answer, _LANGUAGE, tongue.language, 365 * 24 * 3600)
        return answer

    def _flash(self, request: Request) -> Flash | None:
        try:
            kind, text, values = self._seal.loads(request.cookies.get(_FLASH, ""), max_age=_FLASH_SECONDS)
        except (BadData, ValueError):
            return None
        return Flash(kind, text, values)


def link_from(request: Request) -> Any:
    """A function for templates: this page's address with some query parameters changed (None: left out)."""
    path, now = request.url.path, dict(request.query_params)

    def link(**changes: object) -> str:
        asked = {
            k: v
            for k, v in ({**now, **changes}).items()
            if v not in (None, "") and (k != "lang" or k in changes)
        }
        return f"{path}?{urlencode(asked)}" if asked else path

    return link


@lru_cache
def environment(language: str) -> Environment:
    """The templates in one language, compiled once."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters["segment"] = lambda value: quote(str(value), safe="")
    return made


def _set(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")
