"""A small real OpenID Connect provider: discovery, keys, authorization, token, userinfo, over TLS.

It checks the client as a good provider does (secret, redirect URI, PKCE) and can be told to misbehave.
"""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from starlette.responses import RedirectResponse

CLIENT, SECRET = "preview", "s3cret-for-tests"
CLAIMS: dict[str, Any] = {
    "sub": "subject-1",
    "person_identifier": "DE/FR/Kim-0815",
    "family_name": "Beispiel",
    "given_name": "Kim",
    "birthdate": "1990-04-01",
    "birth_family_name": "Muster",
    "place_of_birth": "Musterstadt",
    "gender": "unspecified",
    "acr": "http://eidas.europa.eu/LoA/substantial",
}


@dataclass
class Provider:
    """What it knows, and how it misbehaves."""

    issuer: str
    redirect_uri: str
    key: ECKey | RSAKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    algorithm: str = "ES256"
    claims: dict[str, Any] = field(default_factory=lambda: dict(CLAIMS))
    overrides: dict[str, Any] = field(default_factory=dict)
    """Claims of the ID token that are wrong, or None: left out."""
    userinfo: dict[str, Any] | None = None
    discovery: dict[str, Any] = field(default_factory=dict)
    signing_key: ECKey | RSAKey | None = None
    """Another key than the published one."""
    unsigned: bool = False
    shared_secret: bytes | None = None
    """Sign with HS256 and this."""
    requests: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> FastAPI:
        """The ASGI application."""
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def discovery() -> dict[str, Any]:
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/keys",
                **self.discovery,
            }

        @app.get("/keys")
        def keys() -> dict[str, Any]:
            return dict(KeySet([self.key]).as_dict(private=False))

        @app.get("/authorize")
        def authorize(request: Request) -> RedirectResponse:
            query = dict(request.query_params)
            self.requests.append(query)
            if query["client_id"] != CLIENT or query["redirect_uri"] != self.redirect_uri:
                raise HTTPException(400)
            code = f"code-{len(self.requests)}"
            self.codes[code] = query
            answer = {"code": code, "state": query["state"], "iss": self.issuer}
            return RedirectResponse(f"{self.redirect_uri}?{urlencode(answer)}", 303)

        @app.post("/token")
        async def token(request: Request) -> dict[str, Any]:
            form = await request.form()
            basic = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
            asked = self.codes.pop(str(form["code"]), None)
            challenge = _part(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
            if (
                basic != f"{CLIENT}:{SECRET}"
                or asked is None
                or asked["code_challenge_method"] != "S256"
                or asked["code_challenge"] != challenge
                or form["redirect_uri"] != self.redirect_uri
                or form["grant_type"] != "authorization_code"
            ):
                raise HTTPException(400)
            return {
                "access_token": "access",
                "token_type": "Bearer",
                "id_token": self.id_token(asked["nonce"]),
            }

        @app.get("/userinfo")
        def userinfo(request: Request) -> dict[str, Any]:
            if request.headers.get("authorization") != "Bearer access" or self.userinfo is None:
                raise HTTPException(401)
            return self.userinfo

        return app

    def id_token(self, nonce: str) -> str:
        """The ID token, right or wrong."""
        now = int(time.time())
        right = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = {name: value for name, value in {**right, **self.claims, **self.overrides}.items() if value}
        if self.unsigned:
            return ".".join((_part(b'{"alg":"none"}'), _part(json.dumps(claims).encode()), ""))
        if self.shared_secret:
            signed = ".".join((_part(b'{"alg":"HS256","kid":"one"}'), _part(json.dumps(claims).encode())))
            return f"{signed}.{_part(hmac.digest(self.shared_secret, signed.encode(), 'sha256'))}"
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return jwt.encode(header, claims, self.signing_key or self.key, algorithms=[self.algorithm])


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
