"""The citizen's login at an OpenID Connect provider: claims become the eIDAS minimum data set."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from intermediary.exchange.preview import Identity
from intermediary.web import LoginFailed, LoginStart, OidcClient, OidcSettings


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


class OidcLogin:
    """The `Login` of an OpenID Connect provider; safe to share between threads.

    `levels`: value of the level claim → eIDAS level (Low, Substantial, High); anything else is refused.
    """

    def __init__(
        self,
        settings: OidcSettings,
        names: ClaimNames = ClaimNames(),
        levels: Mapping[str, str] | None = None,
    ) -> None:
        self._client, self._names = OidcClient(settings), names
        self._levels = _eidas_levels() if levels is None else levels

    def begin(self, language: str) -> LoginStart:
        """Address of the provider's login page, and what to remember."""
        return self._client.begin(language)

    def finish(self, memory: Mapping[str, str], answer: Mapping[str, str]) -> Identity:
        """The person whom the query parameters of the redirect vouch for."""
        return self._identity(self._client.finish(memory, answer, self._enough))

    def _enough(self, claims: Mapping[str, Any]) -> object:
        """A person can be told from these claims."""
        names = self._names
        natural = claims.get(names.family_name) and claims.get(names.date_of_birth)
        return natural or (claims.get(names.legal_name) and claims.get(names.legal_person_identifier))

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        names = self._names
        level = self._levels.get(str(claims.get(names.level_of_assurance)))
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
