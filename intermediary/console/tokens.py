"""Whom claims and tokens vouch for: the operator and their roles."""

import hashlib
from collections.abc import Mapping
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from intermediary.console.access import Operator, known_roles
from intermediary.console.settings import ConsoleSettings
from intermediary.web import LoginFailed, OidcClient

_DEVELOPMENT_SECONDS = 8 * 3600


class Tokens:
    """Access tokens of the HTTP API: JWTs of the identity provider (RFC 9068); our own in the sandbox."""

    def __init__(self, settings: ConsoleSettings, client: OidcClient | None) -> None:
        self._settings, self._client = settings, client
        self._seal = URLSafeTimedSerializer(
            settings.session_secret, salt="console.token", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def operator(self, token: str) -> Operator | None:
        """Whom the token vouches for, if anybody."""
        if not token:
            return None
        if self._settings.development_login and (found := self._development(token)) is not None:
            return found
        if self._client is None:
            return None
        try:
            return self.from_claims(self._client.access_claims(token, self._settings.api_audience))
        except LoginFailed:
            return None

    def from_claims(self, claims: Mapping[str, Any]) -> Operator | None:
        """The operator of checked claims; None without a subject or any role of ours."""
        subject, names = claims.get("sub"), self._settings.role_names
        found: Any = claims
        for step in self._settings.roles_claim.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
        listed = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
        roles = known_roles(names.get(name, name) for name in listed if isinstance(name, str))
        if not isinstance(subject, str) or not subject or not roles:
            return None
        name = next(
            (n for key in ("name", "preferred_username") if isinstance(n := claims.get(key), str) and n), ""
        )
        return Operator(subject[:200], name[:200] or subject[:200], roles)

    def issue_development(self, operator: Operator) -> str:
        """A token of the sandbox."""
        said = [operator.subject, operator.name, sorted(operator.roles)]
        text = self._seal.dumps(said)
        return text if isinstance(text, str) else text.decode()

    def _development(self, token: str) -> Operator | None:
        try:
            subject, name, roles = self._seal.loads(token, max_age=_DEVELOPMENT_SECONDS)
        except (BadData, ValueError):
            return None
        return Operator(subject, name, known_roles(roles))
