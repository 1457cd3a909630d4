"""What the citizen's pages see of an exchange, and what they may do: the port that `preview` calls.

Tokens are the unguessable part of a preview location; a `visitor` is the session that first identified
itself on the link: another one is refused (PreviewOutcome.TAKEN). All texts by language (lower-case code).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from intermediary.content import Content


class PreviewStep(StrEnum):
    """Where the citizen stands."""

    LOGIN = "login"
    """Not yet identified: send them to the identity provider."""
    INPUT = "input"
    """The register needs something beyond identity: ask (`inputs`)."""
    WAITING = "waiting"
    """The register is being asked; come back in a moment."""
    LATER = "later"
    """The register answers later than this visit (`available_at`)."""
    DECIDE = "decide"
    """Documents are here: show them, take the decision."""
    DONE = "done"
    """Decided; go back to the portal."""
    UNKNOWN_PERSON = "unknown-person"
    """The person who logged in is not the person of the request."""
    NOT_FOUND = "not-found"
    """The register holds no such evidence, or more than one person fits."""
    REGISTER_DOWN = "register-down"
    """The register could not be reached in time."""
    EXPIRED = "expired"
    """The time is over; nothing was sent."""
    TAKEN = "taken"
    """Another person's session is on this link."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who logged in: eIDAS minimum data set from the identity provider. Never in repr."""

    level_of_assurance: str
    identifier: str | None = field(default=None, repr=False)
    family_name: str = field(default="", repr=False)
    given_name: str = field(default="", repr=False)
    date_of_birth: date | None = field(default=None, repr=False)
    birth_name: str | None = field(default=None, repr=False)
    place_of_birth: str | None = field(default=None, repr=False)
    gender: str | None = field(default=None, repr=False)
    legal_name: str | None = field(default=None, repr=False)
    legal_person_identifier: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class InputField:
    """One thing to ask the citizen for; `choices` value → text by language makes it a select."""

    key: str
    titles: Mapping[str, str]
    hints: Mapping[str, str]
    required: bool
    pattern: str | None = None
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PreviewDocument:
    """One document to look at and to allow or not; the content comes from `PreviewDesk.document`."""

    id: str
    title: Mapping[str, str]
    media_type: str
    size: int
    issuing_authority: str
    issuing_date: date | None = None


@dataclass(frozen=True, slots=True)
class PreviewView:
    """All that a page shows."""

    step: PreviewStep
    requester_name: str
    requester_country: str | None
    procedure: str
    """Code of the procedures list."""
    evidence_title: Mapping[str, str]
    provider_name: Mapping[str, str]
    """Empty while the competent provider is not known yet."""
    deadline: datetime | None = None
    inputs: tuple[InputField, ...] = ()
    documents: tuple[PreviewDocument, ...] = ()
    available_at: datetime | None = None
    return_location: str | None = None
    """Validated https URL of the portal, None while unknown."""
    return_method: str = "GET"
    approved: int = 0
    """Number of documents approved, once done."""
    declined: bool = False


class PreviewDesk(Protocol):
    """Implemented by the exchange service. An unknown token raises PreviewUnknown; all others are views."""

    def view(self, token: str, visitor: str | None) -> PreviewView:
        """What to show to this visitor now; the visitor is the session's id once identified."""

    def remember_return(self, token: str, return_url: str | None, return_method: str | None) -> None:
        """Keep where the portal wants the user back (EDM 1.x query parameters), if it is acceptable.

        The first acceptable one counts; anything else is ignored and logged as an event (no open redirect).
        """

    def identify(self, token: str, visitor: str, identity: Identity) -> PreviewView:
        """Compare who logged in with the person of the request; on a match the visitor owns the link."""

    def supply(self, token: str, visitor: str, inputs: Mapping[str, str]) -> tuple[str, ...]:
        """Give the additional inputs; returns the keys that are missing or not well-formed."""

    def document(self, token: str, visitor: str, document_id: str) -> tuple[str, Content]:
        """Media type and content of one document shown to this visitor. Raises PreviewUnknown."""

    def decide(self, token: str, visitor: str, approved: frozenset[str]) -> PreviewView:
        """Approve these documents (empty: decline). Deciding twice changes nothing."""


class PreviewUnknown(LookupError):  # noqa: N818
    """There is no such preview link, or it does not belong to this visitor."""
