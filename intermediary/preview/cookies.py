"""What a browser is given to keep: signed values only, nothing about the person.

visitor   random id of the session that identified itself on one link; the signature binds it to that link
notice    why the last login on the link did not lead on
login     what a running OpenID Connect login must remember
All are Secure, HttpOnly, SameSite=Lax and limited to the path where they are used.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from itsdangerous import BadData, Signer, URLSafeSerializer, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from intermediary.preview.settings import PreviewSettings

_NOTICE_SECONDS = 600
_LOGIN_SECONDS = 1800
_SHA256 = {"digest_method": hashlib.sha256}


class Cookies:
    """Reads, writes and forgets the cookies of the pages."""

    def __init__(self, settings: PreviewSettings) -> None:
        self._secret, self._name, self._base = (
            settings.session_secret,
            settings.cookie_name,
            settings.base_path,
        )

    def visitor(self, request: Request, token: str) -> str | None:
        """The visitor id of this browser on this link; None where there is none of ours."""
        value = self._read(self._visitor_seal(token), request.cookies.get(f"{self._name}-visitor"))
        return value if isinstance(value, str) else None

    def new_visitor(self) -> str:
        """A fresh, unguessable visitor id."""
        return secrets.token_urlsafe(24)

    def keep_visitor(self, response: Response, token: str, visitor: str) -> None:
        """Bind this browser to the link as `visitor`."""
        self._set(
            response, "visitor", self._text(self._visitor_seal(token).dumps(visitor)), f"{self._base}/{token}"
        )

    def csrf(self, token: str, visitor: str) -> str:
        """The value that every form of this visitor on this link must carry."""
        return (
            Signer(self._secret, salt="preview.csrf", digest_method=hashlib.sha256)
            .get_signature(f"{token}.{visitor}")
            .decode()
        )

    def csrf_fits(self, token: str, visitor: str, value: str) -> bool:
        """Is it the value of `csrf`?"""
        return hmac.compare_digest(self.csrf(token, visitor).encode(), value.encode())

    def notice(self, request: Request, token: str) -> str | None:
        """Why the last login on this link did not lead on."""
        value = self._read(
            self._notice_seal(token), request.cookies.get(f"{self._name}-notice"), _NOTICE_SECONDS
        )
        return value if isinstance(value, str) else None

    def keep_notice(self, response: Response, token: str, notice: str) -> None:
        """Remember for a few minutes why the login did not lead on."""
        value = self._text(self._notice_seal(token).dumps(notice))
        self._set(response, "notice", value, f"{self._base}/{token}", _NOTICE_SECONDS)

    def forget_notice(self, response: Response, token: str) -> None:
        """A new attempt begins."""
        self._forget(response, "notice", f"{self._base}/{token}")

    def login(self, request: Request, state: str) -> tuple[str, Mapping[str, str]] | None:
        """Link and memory of the login that this browser started with this state."""
        found = self._read(
            self._login_seal(state), request.cookies.get(f"{self._name}-{_login_name(state)}"), _LOGIN_SECONDS
        )
        return (str(found["token"]), found["memory"]) if isinstance(found, dict) else None

    def keep_login(self, response: Response, state: str, token: str, memory: Mapping[str, str]) -> None:
        """Remember a login until the browser is back; several may run in several tabs."""
        value = self._text(self._login_seal(state).dumps({"token": token, "memory": dict(memory)}))
        self._set(response, _login_name(state), value, f"{self._base}/login", _LOGIN_SECONDS)

    def forget_login(self, response: Response, state: str) -> None:
        """The login is over, whatever came of it."""
        self._forget(response, _login_name(state), f"{self._base}/login")

    def _visitor_seal(self, token: str) -> URLSafeSerializer:
        return URLSafeSerializer(self._secret, salt=f"preview.visitor.{token}", signer_kwargs=_SHA256)

    def _notice_seal(self, token: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._secret, salt=f"preview.notice.{token}", signer_kwargs=_SHA256)

    def _login_seal(self, state: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._secret, salt=f"preview.login.{state}", signer_kwargs=_SHA256)

    @staticmethod
    def _text(value: str | bytes) -> str:
        return value if isinstance(value, str) else value.decode()

    @staticmethod
    def _read(
        seal: URLSafeSerializer | URLSafeTimedSerializer, value: str | None, seconds: int | None = None
    ) -> object:
        try:
            if isinstance(seal, URLSafeTimedSerializer):
                return seal.loads(value or "", max_age=seconds)
            return seal.loads(value or "")
        except BadData:
            return None

    def _set(self, response: Response, name: str, value: str, path: str, seconds: int | None = None) -> None:
        response.set_cookie(
            f"{self._name}-{name}",
            value,
            max_age=seconds,
            path=path,
            secure=True,
            httponly=True,
            samesite="lax",
        )

    def _forget(self, response: Response, name: str, path: str) -> None:
        response.delete_cookie(f"{self._name}-{name}", path=path, secure=True, httponly=True, samesite="lax")


def _login_name(state: str) -> str:
    # The state comes from outside: only characters that may stand in a cookie's name.
    return "login-" + "".join(c for c in state[:10] if c.isascii() and c.isalnum())
