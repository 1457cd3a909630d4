"""Login through an OpenID Connect provider: authorization code flow with PKCE.

OpenID Connect Core 1.0 §3.1, Discovery 1.0 §4, RFC 7636 (S256), RFC 9207 (issuer in the answer). The client
authenticates with `client_secret_basic`. Claims become the eIDAS minimum data set and are then dropped.
"""

import ssl
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
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

from intermediary.exchange.preview import Identity
from intermediary.preview.contracts import LoginStart
from intermediary.preview.errors import LoginCancelled, LoginFailed, SettingsInvalid

with warnings.catch_warnings():
    # Authlib would rather have httpx2; both speak the same interface.
    warnings.simplefilter("ignore")
    from authlib.integrations.httpx_client import OAuth2Client


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Which claim carries which attribute of the eIDAS minimum data set."""

    identifier: str = "person_identifier"
    family_name: str = "family_name"
    given_name: str = "given_name"
    date_of_birth: str = "birthdate"
    birth_name: str = "birth_family_name"
    place_of_birth: str = "place_of_birth"
    gender: str = "gender"
    legal_name: str = "legal_name"
    legal_person_identifier: str = "legal_person_identifier"
    level_of_assurance: str = "acr"


def _eidas_levels() -> Mapping[str, str]:
    return {f"http://eidas.europa.eu/LoA/{level.lower()}": level for level in ("Low", "Substantial", "High")}


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """One client registration. Raises SettingsInvalid."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    """`{public base}/preview/login/callback`."""
    scope: str = "openid eidas"
    claims: ClaimNames = ClaimNames()
    levels: Mapping[str, str] = field(default_factory=_eidas_levels)
    """Value of the level claim → eIDAS level (Low, Substantial, High); anything else is refused."""
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


class OidcLogin:
    """The `Login` of an OpenID Connect provider; safe to share between threads.

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

    def finish(self, memory: Mapping[str, str], answer: Mapping[str, str]) -> Identity:
        """Exchange the code, check the ID token, read the claims."""
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
                return self._identity(self._completed(client, claims))
        except (AuthlibBaseError, JoseError) as error:
            raise LoginFailed(f"token: {type(error).__name__}") from None
        except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
            raise LoginFailed(f"provider: {type(error).__name__}") from None

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

    def _checked(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of an ID token that is signed, ours, fresh and of this login (Core §3.1.3.7)."""
        settings, raw = self._settings, token["id_token"]
        algorithms = list(settings.algorithms)
        try:
            decoded = jwt.decode(raw, self._key_set(), algorithms=algorithms)
        except InvalidKeyIdError:
            decoded = jwt.decode(raw, self._key_set(fresh=True), algorithms=algorithms)
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
        names, endpoint = self._settings.claims, self._discover().get("userinfo_endpoint")
        natural = claims.get(names.family_name) and claims.get(names.date_of_birth)
        legal = claims.get(names.legal_name) and claims.get(names.legal_person_identifier)
        if natural or legal or not endpoint or urlsplit(endpoint).scheme != "https":
            return claims
        answer = client.get(endpoint)
        answer.raise_for_status()
        more = answer.json()
        if more.get("sub") != claims["sub"]:
            raise LoginFailed("sub: userinfo speaks of somebody else")
        return {**more, **claims}

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        names = self._settings.claims
        level = self._settings.levels.get(str(claims.get(names.level_of_assurance)))
        if level is None:
            raise LoginFailed("acr: no known level of assurance")

        def text(name: str) -> str | None:
            value = claims.get(name)
            return value.strip() or None if isinstance(value, str) else None

        return Identity(
            level_of_assurance=level,
            identifier=text(names.identifier),
            family_name=text(names.family_name) or "",
            given_name=text(names.given_name) or "",
            date_of_birth=_day(text(names.date_of_birth)),
            birth_name=text(names.birth_name),
            place_of_birth=text(names.place_of_birth),
            gender=text(names.gender),
            legal_name=text(names.legal_name),
            legal_person_identifier=text(names.legal_person_identifier),
        )


def _day(value: str | None) -> date | None:
    try:
        return date.fromisoformat(value or "")
    except ValueError:
        return None
