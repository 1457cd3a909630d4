"""The authorities' identity and access management: tokens for components (`national/xnachweis/README.md`).

OAuth 2.0 client credentials (RFC 6749 §4.4) with private_key_jwt (RFC 7523); access tokens are JWTs (ES256).
"""

import secrets
import time
from typing import Annotated, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI, Form
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from intermediary.sandbox.world import World

CLIENT_ID = "platform"
SCOPE = "nachweisabruf"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TOKEN_SECONDS = 300
_ASSERTION_SECONDS = 300
"""The longest life of a client assertion that is accepted."""


def token_url_of(world: World) -> str:
    """The token endpoint: the platform's `token_url`."""
    return world.url("iam", "/token")


def create_app(world: World) -> FastAPI:
    """The token service, issuer `world.url("iam")`."""
    issuer, token_url = world.url("iam"), token_url_of(world)
    key = ECKey.import_key(world.key("iam", "token").read_bytes(), {"use": "sig", "alg": "ES256"})
    key.ensure_kid()
    certificate = x509.load_pem_x509_certificate(world.certificate("platform", "token").read_bytes())
    client_key = ECKey.import_key(
        certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    used: dict[str, float] = {}
    app = FastAPI(title="Sandbox IAM", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/jwks")
    def jwks() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False)]}

    @app.post("/token")
    def token(
        *,
        grant_type: Annotated[str, Form()] = "",
        scope: Annotated[str, Form()] = "",
        audience: Annotated[str, Form()] = "",
        client_id: Annotated[str, Form()] = "",
        client_assertion_type: Annotated[str, Form()] = "",
        client_assertion: Annotated[str, Form()] = "",
    ) -> JSONResponse:
        if client_id != CLIENT_ID or client_assertion_type != _ASSERTION:
            return _error("invalid_client", "Authenticate as platform with private_key_jwt", 401)
        problem = _refusal(client_assertion, client_key, token_url, used)
        if problem is not None:
            return _error("invalid_client", problem, 401)
        if grant_type != "client_credentials":
            return _error("unsupported_grant_type", "Only client_credentials")
        if scope not in ("", SCOPE):
            return _error("invalid_scope", f"Only {SCOPE}")
        if not audience:
            return _error("invalid_target", "Name the service in the parameter audience")
        now = int(time.time())
        claims = {
            "iss": issuer,
            "sub": client_id,
            "aud": audience,
            "scope": SCOPE,
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        access_token = jwt.encode(
            {"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}, claims, key, algorithms=["ES256"]
        )
        return JSONResponse(
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": _TOKEN_SECONDS,
                "scope": SCOPE,
            },
            headers={"Cache-Control": "no-store"},
        )

    return app


def _refusal(assertion: str, key: ECKey, token_url: str, used: dict[str, float]) -> str | None:
    """Why a client assertion is not accepted (RFC 7523 §3), or None; an accepted one is used up."""
    try:
        claims = jwt.decode(assertion, key, algorithms=["ES256"]).claims
        now = int(time.time())
        jwt.JWTClaimsRegistry(
            now=now,
            leeway=5,
            iss={"essential": True, "value": CLIENT_ID},
            sub={"essential": True, "value": CLIENT_ID},
            aud={"essential": True, "value": token_url},
            exp={"essential": True},
            jti={"essential": True},
        ).validate(claims)
    except (JoseError, ValueError) as problem:
        return f"The client assertion is not acceptable: {type(problem).__name__}"
    expires, jti = int(claims["exp"]), str(claims["jti"])
    if expires > now + _ASSERTION_SECONDS:
        return "The client assertion lives too long"
    for old in [name for name, until in used.items() if until < now - 5]:
        del used[old]
    if jti in used:
        return "The client assertion was used before; make a fresh jti each time"
    used[jti] = float(expires)
    return None


def _error(error: str, description: str, status: int = 400) -> JSONResponse:
    return JSONResponse(
        {"error": error, "error_description": description}, status, {"Cache-Control": "no-store"}
    )
