"""The sandbox's login: an OpenID Connect provider where you choose who you are.

OpenID Connect Core 1.0, code flow only, with PKCE S256 (RFC 7636) and client_secret_basic; ES256 ID tokens.
State is in memory: a restart forgets codes, never keys.
"""

import base64
import binascii
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import FastAPI, Form, Header, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import ECKey

from intermediary.sandbox.login_page import page
from intermediary.sandbox.people import Person, person
from intermediary.sandbox.world import World

CLIENT_ID = "platform"
SCOPES = ("openid", "eidas")
LEVEL = "http://eidas.europa.eu/LoA/"
_CODE_SECONDS = 60
_TOKEN_SECONDS = 300
_ASKED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)


@dataclass(frozen=True, slots=True)
class _Code:
    person: str
    redirect_uri: str
    nonce: str | None
    challenge: str
    expires: float


def redirect_uri(world: World) -> str:
    """The one registered redirect URI."""
    return world.url("platform", "/preview/login/callback")


def claims(who: Person) -> dict[str, str]:
    """What is said of a person: the eIDAS minimum data set under OpenID names, without what is unknown."""
    known = {
        "sub": hashlib.sha256(f"sandbox:{who.key}".encode()).hexdigest()[:32],
        "person_identifier": who.identifier,
        "family_name": who.family_name,
        "given_name": who.given_names,
        "birthdate": who.date_of_birth.isoformat(),
        "birth_family_name": who.birth_name,
        "place_of_birth": who.place_of_birth,
        "gender": who.gender,
        "legal_name": who.represents.name if who.represents else None,
        "legal_person_identifier": who.represents.identifier if who.represents else None,
        "acr": LEVEL + who.assurance,
    }
    return {name: value for name, value in known.items() if value is not None}


def create_app(world: World) -> FastAPI:
    """The provider, issuer `world.url("identity-provider")`."""
    issuer = world.url("identity-provider")
    registered = redirect_uri(world)
    client_secret = world.secret("oidc").read_text().strip()
    key = ECKey.import_key(
        world.key("identity-provider", "token").read_bytes(), {"use": "sig", "alg": "ES256"}
    )
    key.ensure_kid()
    codes: dict[str, _Code] = {}
    tokens: dict[str, tuple[str, float]] = {}
    app = FastAPI(title="Sandbox identity provider", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/jwks",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "acr_values_supported": [LEVEL + level for level in ("low", "substantial", "high")],
            "claims_supported": sorted(
                {name for who in ("bjoern", "chiara") for name in claims(person(who))}
            ),
            "authorization_response_iss_parameter_supported": True,
        }

    @app.get("/jwks")
    def jwks() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False)]}

    @app.get("/authorize")
    def ask(request: Request) -> Response:
        asked = dict(request.query_params)
        refusal = _refusal(asked, registered, issuer)
        if refusal is not None:
            return refusal
        return _html(page({name: asked[name] for name in _ASKED if name in asked}))

    @app.post("/authorize")
    async def choose(request: Request) -> Response:
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        refusal = _refusal(form, registered, issuer)
        if refusal is not None:
            return refusal
        chosen = form.get("person", "")
        if chosen == "cancel":
            return _back(
                form, {"error": "access_denied", "error_description": "The user has cancelled"}, issuer
            )
        try:
            person(chosen)
        except KeyError:
            return _back(
                form,
                {"error": "invalid_request", "error_description": "There is no such test person"},
                issuer,
            )
        code = secrets.token_urlsafe(32)
        codes[code] = _Code(
            chosen,
            form["redirect_uri"],
            form.get("nonce"),
            form["code_challenge"],
            time.time() + _CODE_SECONDS,
        )
        return _back(form, {"code": code}, issuer)

    @app.post("/token")
    def token(
        grant_type: Annotated[str, Form()] = "",
        code: Annotated[str, Form()] = "",
        redirect: Annotated[str, Form(alias="redirect_uri")] = "",
        code_verifier: Annotated[str, Form()] = "",
        authorization: Annotated[str, Header()] = "",
    ) -> Response:
        if not _is_client(authorization, client_secret):
            return _error("invalid_client", "Use client_secret_basic with the secret of the client", 401)
        if grant_type != "authorization_code":
            return _error("unsupported_grant_type", "Only authorization_code")
        granted = codes.pop(code, None)  # whatever follows, a code is good for one try
        if granted is None or granted.expires < time.time():
            return _error("invalid_grant", "The code is unknown, used or too old")
        if granted.redirect_uri != redirect:
            return _error("invalid_grant", "The redirect_uri is not the one of the authorization request")
        if not secrets.compare_digest(_challenge(code_verifier), granted.challenge):
            return _error("invalid_grant", "The code_verifier does not fit the code_challenge")
        now = int(time.time())
        access_token = secrets.token_urlsafe(32)
        tokens[access_token] = (granted.person, now + _TOKEN_SECONDS)
        said: dict[str, Any] = {
            **claims(person(granted.person)),
            "iss": issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "auth_time": now,
            "exp": now + _TOKEN_SECONDS,
        }
        if granted.nonce is not None:
            said["nonce"] = granted.nonce
        id_token = jwt.encode({"alg": "ES256", "kid": key.kid}, said, key, algorithms=["ES256"])
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": _TOKEN_SECONDS,
            "id_token": id_token,
            "scope": " ".join(SCOPES),
        }
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    @app.get("/userinfo")
    def userinfo(authorization: Annotated[str, Header()] = "") -> dict[str, str]:
        scheme, _, access_token = authorization.partition(" ")
        who, expires = tokens.get(access_token, ("", 0.0))
        if scheme.lower() != "bearer" or expires < time.time():
            raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return claims(person(who))

    return app


def _refusal(asked: dict[str, str], registered: str, issuer: str) -> Response | None:
    """Why an authorization request is refused; never by a redirect to an address that is not registered."""
    if asked.get("client_id") != CLIENT_ID:
        return _html("<p>Unknown client_id: only “platform” is registered here.</p>", 400)
    if asked.get("redirect_uri") != registered:
        return _html("<p>This redirect_uri is not registered; nobody is sent there.</p>", 400)
    if asked.get("response_type") != "code":
        return _back(asked, {"error": "unsupported_response_type", "error_description": "Only code"}, issuer)
    if "openid" not in asked.get("scope", "").split():
        return _back(
            asked, {"error": "invalid_scope", "error_description": "The scope openid is missing"}, issuer
        )
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        return _back(
            asked, {"error": "invalid_request", "error_description": "PKCE with S256 is required"}, issuer
        )
    return None


def _back(asked: dict[str, str], answer: dict[str, str], issuer: str) -> Response:
    answer["iss"] = issuer  # RFC 9207
    if asked.get("state"):
        answer["state"] = asked["state"]
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 303)


def _html(body: str, status: int = 200) -> HTMLResponse:
    # form-action is left out: browsers apply it to the redirect after the form too
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
    return HTMLResponse(body, status, {"Content-Security-Policy": policy, "Cache-Control": "no-store"})


def _error(error: str, description: str, status: int = 400) -> JSONResponse:
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = "Basic"
    return JSONResponse({"error": error, "error_description": description}, status, headers)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _is_client(authorization: str, client_secret: str) -> bool:
    scheme, _, encoded = authorization.partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return False
    return scheme.lower() == "basic" and secrets.compare_digest(
        given, f"{CLIENT_ID}:{client_secret}".encode()
    )
