"""Login through an OpenID Connect provider: authorization code flow with PKCE.

OpenID Connect Core 1.0 §3.1, Discovery 1.0 §4, RFC 7636 (S256), RFC 9207 (issuer in the answer). The client
authenticates with `client_secret_basic`. What the claims mean is for the caller to say.
"""

import ssl
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from intermediary.web.errors import LoginCancelled, LoginFailed, SettingsInvalid

with warnings.catch_warnings():
    # Authlib would rather have httpx2; both speak the same interface.
    warnings.simplefilter("ignore")
    from authlib.integrations.httpx_client import OAuth2Client


@dataclass(frozen=True, slots=True)
class LoginStart:
    """Where to send the browser, and what to remember until it is back."""

    url: str
    state: str
    """Unguessable; comes back as the query parameter `state`."""
    memory: Mapping[str, str] = field(repr=False)
    """Kept in a signed cookie of this browser and handed to `finish`."""


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """One client registration. Raises SettingsInvalid."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    """https URL of ours that the provider sends the browser back to."""
    scope: str = "openid"
    algorithms: tuple[str, ...] = ("ES256", "RS256")
    """Signature algorithms accepted on ID tokens."""
    ca_file: Path | None = None
    """Trust anchors (PEM) for the provider; None: those of the system."""
    leeway: int = 30
    """Seconds by which the two clocks may differ."""
    timeout: float = 10.0
    """Seconds that one call to the provider may take."""

    def __post_init__(self) -> None:
        for name in ("issuer", "redirect_uri"):
            if urlsplit(getattr(self, name)).scheme != "https":
                raise SettingsInvalid(f"{name}: must be an https URL")
        if not self.algorithms or any(name == "none" or name.startswith("HS") for name in self.algorithms):
            raise SettingsInvalid("algorithms: name asymmetric ones only")


class OidcClient:
    """A client of one OpenID Connect provider; safe to share between threads.

    Discovery and keys are fetched when first needed and kept; an unknown key id fetches the keys once more.
    """

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._tls = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
        self._lock = threading.Lock()
        self._metadata: Mapping[str, str] | None = None
        self._keys: KeySet | None = None

    def begin(self, language: str) -> LoginStart:
        """Address of the provider's login page, and state, nonce and PKCE verifier to remember."""
        nonce, verifier = generate_token(32), generate_token(64)
        with self._client() as client:
            url, state = client.create_authorization_url(
                self._discover()["authorization_endpoint"],
                nonce=nonce,
                code_verifier=verifier,
                ui_locales=language,
            )
        return LoginStart(url, state, {"nonce": nonce, "verifier": verifier, "state": state})

    def finish(
        self,
        memory: Mapping[str, str],
        answer: Mapping[str, str],
        enough: Callable[[Mapping[str, Any]], object] = lambda _claims: True,
    ) -> Mapping[str, Any]:
        """Exchange the code, check the ID token; its claims, with userinfo's where it has not `enough`.

        Raises LoginFailed, LoginCancelled.
        """
        if not compare_digest(memory["state"].encode(), answer.get("state", "").encode()):
            raise LoginFailed("state: not that of this browser's login")
        if answer.get("iss", self._settings.issuer) != self._settings.issuer:
            raise LoginFailed("iss: the answer comes from another provider")
        if error := answer.get("error"):
            cancelled = error in ("access_denied", "login_required", "interaction_required")
            raise (LoginCancelled if cancelled else LoginFailed)("error: the provider ended the login")
        if not answer.get("code"):
            raise LoginFailed("code: missing")
        try:
            with self._client() as client:
                token = client.fetch_token(
                    self._discover()["token_endpoint"],
                    grant_type="authorization_code",
                    code=answer["code"],
                    code_verifier=memory["verifier"],
                )
                claims = self._checked(token, memory["nonce"])
                return claims if enough(claims) else self._completed(client, claims)
        except (AuthlibBaseError, JoseError) as error:
            raise LoginFailed(f"token: {type(error).__name__}") from None
        except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
            raise LoginFailed(f"provider: {type(error).__name__}") from None

    def access_claims(self, token: str, audience: str) -> Mapping[str, Any]:
        """The claims of an access token that is signed by the provider, for us, and fresh (RFC 9068 §4).

        Raises LoginFailed.
        """
        try:
            decoded = self._decoded(token)
            if str(decoded.header.get("typ", "")).lower().removeprefix("application/") != "at+jwt":
                raise LoginFailed("typ: an access token is at+jwt; this is something else")
            registry = jwt.JWTClaimsRegistry(
                leeway=self._settings.leeway,
                iss={"essential": True, "value": self._settings.issuer},
                aud={"essential": True, "value": audience},
                exp={"essential": True},
                sub={"essential": True},
            )
            registry.validate(decoded.claims)
        except JoseError as error:
            raise LoginFailed(f"token: {type(error).__name__}") from None
        except (ValueError, TypeError, KeyError) as error:
            raise LoginFailed(f"provider: {type(error).__name__}") from None
        return dict(decoded.claims)

    def _client(self) -> Any:
        settings = self._settings
        return OAuth2Client(
            settings.client_id,
            settings.client_secret,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - a method's name
            scope=settings.scope,
            redirect_uri=settings.redirect_uri,
            code_challenge_method="S256",
            verify=self._tls,
            timeout=settings.timeout,
            follow_redirects=False,
        )

    def _get(self, url: str) -> Any:
        try:
            with httpx.Client(verify=self._tls, timeout=self._settings.timeout) as client:
                answer = client.get(url)
                answer.raise_for_status()
                return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise LoginFailed(f"provider: {type(error).__name__}") from None

    def _discover(self) -> Mapping[str, str]:
        with self._lock:
            if self._metadata is None:
                found = self._get(self._settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
                if not isinstance(found, dict) or found.get("issuer") != self._settings.issuer:
                    raise LoginFailed("issuer: discovery names another issuer")
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    if urlsplit(str(found.get(name))).scheme != "https":
                        raise LoginFailed(f"{name}: discovery names no https URL")
                self._metadata = found
            return self._metadata

    def _key_set(self, fresh: bool = False) -> KeySet:
        address = self._discover()["jwks_uri"]
        with self._lock:
            if self._keys is None or fresh:
                self._keys = KeySet.import_key_set(self._get(address))
            return self._keys

    def _decoded(self, raw: str) -> jwt.Token:
        algorithms = list(self._settings.algorithms)
        try:
            return jwt.decode(raw, self._key_set(), algorithms=algorithms)
        except InvalidKeyIdError:
            return jwt.decode(raw, self._key_set(fresh=True), algorithms=algorithms)

    def _checked(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of an ID token that is signed, ours, fresh and of this login (Core §3.1.3.7)."""
        settings, decoded = self._settings, self._decoded(token["id_token"])
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": settings.issuer},
                "aud": {"essential": True, "value": settings.client_id},
            },
            params={
                "nonce": nonce,
                "client_id": settings.client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(leeway=settings.leeway)
        return dict(claims)

    def _completed(self, client: Any, claims: dict[str, Any]) -> dict[str, Any]:
        """Add what the ID token leaves out from the userinfo endpoint (Core §5.3)."""
        endpoint = self._discover().get("userinfo_endpoint")
        if not endpoint or urlsplit(endpoint).scheme != "https":
            return claims
        answer = client.get(endpoint)
        answer.raise_for_status()
        more = answer.json()
        if more.get("sub") != claims["sub"]:
            raise LoginFailed("sub: userinfo speaks of somebody else")
        return {**more, **claims}
