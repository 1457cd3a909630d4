"""From a template, a language and a view to an HTTP answer with its policy."""

import secrets
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from intermediary.exchange.preview import PreviewStep
from intermediary.preview import documents
from intermediary.preview.languages import catalogue
from intermediary.preview.procedures import PROCEDURES
from intermediary.preview.settings import PreviewSettings
from intermediary.web import Tongue, page_policy, release, wanted

_TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """Renders pages; templates are compiled once per language."""

    def __init__(self, settings: PreviewSettings) -> None:
        self._settings = settings
        self.language_cookie = f"{settings.cookie_name}-language"
        self._tongues = {code: Tongue(code, settings.zone()) for code in settings.languages}
        for code in settings.languages:
            catalogue(code)

    def tongue(self, request: Request) -> Tongue:
        """The language in which to answer."""
        return self._tongues[wanted(request, self._settings.languages, self.language_cookie)]

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        here: str,
        return_location: str | None = None,
        return_method: str = "GET",
        headers: Mapping[str, str] | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """Answer with a page; `here` is the path that shows it again (for the language switch)."""
        tongue = self.tongue(request)
        nonce = secrets.token_urlsafe(16)
        target = _safe_return(return_location)
        post = return_method.upper() == "POST"
        text = self.text(
            tongue.language, template, nonce=nonce, here=here, target=target, post=post, **context
        )
        targets = (_origin(target),) if target and post else ()
        return HTMLResponse(
            text,
            status,
            {
                "Content-Security-Policy": page_policy(nonce, targets),
                "Content-Language": tongue.language,
                "Vary": "Cookie, Accept-Language",
                **(headers or {}),
            },
        )

    def text(
        self,
        language: str,
        template: str,
        *,
        here: str,
        nonce: str = "",
        target: str | None = None,
        post: bool = False,
        **context: Any,
    ) -> str:
        """A page as HTML; `target` is where the way back leads, by POST or by GET."""
        return (
            environment(language)
            .get_template(template)
            .render(
                settings=self._settings,
                tongue=self._tongues[language],
                tongues=tuple(self._tongues.values()),
                nonce=nonce,
                here=here,
                static=f"{self._settings.base_path}/static",
                release=release(),
                return_location=target,
                return_host=urlsplit(target).hostname if target else None,
                return_post=post,
                **context,
            )
        )


@lru_cache
def environment(language: str) -> Environment:
    """The templates in one language, compiled once."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    translations = catalogue(language)
    made.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    made.globals["procedure_title"] = lambda code: (
        translations.gettext(PROCEDURES[code]) if code in PROCEDURES else code
    )
    made.globals["format_name"] = documents.format_name
    return made


def template_of(step: PreviewStep) -> str:
    """The template of the page on which the citizen stands."""
    return f"{step.value.replace('-', '_')}.html"


def _safe_return(location: str | None) -> str | None:
    """The desk has validated it; this is the second lock on the same door."""
    if not location:
        return None
    try:
        parts = urlsplit(location)
    except ValueError:
        return None
    return location if parts.scheme.lower() == "https" and parts.hostname else None


def _origin(location: str) -> str:
    parts = urlsplit(location)
    # A policy must not be extended by what a host name may carry.
    host = "".join(c for c in parts.netloc if c.isascii() and (c.isalnum() or c in ".-:[]"))
    return f"https://{host}"
