"""Who may ask a register: bearer tokens of the authorities' IAM, and the sandbox' own switches."""

import ssl
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Body, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from intermediary.sandbox.registers.cases import Cases
from intermediary.sandbox.world import World


class Unauthorised(Exception):  # noqa: N818
    """The access token is missing or not good for this register; the text says why."""


class TokenCheck:
    """Checks access tokens of the sandbox' IAM; its keys are fetched when the first token comes."""

    def __init__(self, world: World, audiences: Collection[str]) -> None:
        self._issuer = world.url("iam")
        self._authority = world.authority
        self._audiences = list(audiences)
        self._keys: KeySet | None = None

    def check(self, authorization: str) -> None:
        """Raises Unauthorised where the Authorization header holds no good token."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorised("a bearer token is needed")
        try:
            claims = self._decode(token)
            jwt.JWTClaimsRegistry(
                now=int(time.time()),
                leeway=5,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "values": self._audiences},
                exp={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError) as problem:
            raise Unauthorised(f"the token is not good here: {type(problem).__name__}") from None
        except httpx.HTTPError:
            raise Unauthorised("the IAM could not be asked for its keys") from None

    def _decode(self, token: str) -> dict[str, Any]:
        try:
            return dict(jwt.decode(token, self._keys or self._fetch(), algorithms=["ES256"]).claims)
        except (JoseError, ValueError):
            # the IAM may have new keys
            return dict(jwt.decode(token, self._fetch(), algorithms=["ES256"]).claims)

    def _fetch(self) -> KeySet:
        trust = ssl.create_default_context(cafile=str(self._authority))
        answer = httpx.get(f"{self._issuer}/jwks", verify=trust, timeout=5, trust_env=False)
        self._keys = KeySet.import_key_set(answer.raise_for_status().json())
        return self._keys


def add_switches(app: FastAPI, cases: Cases) -> None:
    """`/_sandbox/…`: an outage on demand, what was asked, and «let tomorrow be now»."""
    down_until = [0.0]
    switches = APIRouter(prefix="/_sandbox")

    @switches.post("/outage", status_code=204)
    def begin(seconds: Annotated[float, Body(embed=True, gt=0)]) -> None:
        down_until[0] = time.monotonic() + seconds

    @switches.delete("/outage", status_code=204)
    def end() -> None:
        down_until[0] = 0.0

    @switches.post("/hurry", status_code=204)
    def hurry() -> None:
        cases.hurry()

    @switches.get("/requests")
    def requests() -> dict[str, Any]:
        return {"requests": cases.counted()}

    @app.middleware("http")
    async def outage(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if time.monotonic() < down_until[0] and not request.url.path.startswith("/_sandbox/"):
            return problem(503, "about:blank", "The register is being serviced", {"Retry-After": "1"})
        return await call_next(request)

    app.include_router(switches)


def unauthorised(refusal: Unauthorised) -> JSONResponse:
    """The answer to who has no good token (RFC 6750 §3)."""
    return problem(401, "about:blank", str(refusal), {"WWW-Authenticate": "Bearer"})


def problem(status: int, kind: str, title: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An `application/problem+json` (RFC 9457)."""
    return JSONResponse(
        {"type": kind, "title": title, "status": status}, status, headers, "application/problem+json"
    )
