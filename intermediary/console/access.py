"""Who may do what: operators and their roles."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from intermediary.console.errors import Forbidden


class Role(StrEnum):
    """What an operator is trusted with; each role also sees what a viewer sees."""

    VIEWER = "viewer"
    """Sees mappings, partners, counts and exchanges without what belongs to a person."""
    EDITOR = "editor"
    """Drafts mappings and hands them in for review."""
    APPROVER = "approver"
    """Approves what somebody else drafted, makes it live, rolls it back, retires it."""
    AUDITOR = "auditor"
    """Sees messages, searches by person, reads the log of what operators did."""
    ADMINISTRATOR = "administrator"
    """Invites providers, sees partners' technical settings, ends sessions. Approves nothing."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who is signed in."""

    subject: str
    """Identifier given by the identity provider; the name under which changes are recorded."""
    name: str
    roles: frozenset[Role]

    def has(self, *roles: Role) -> bool:
        """True with one of the roles; everybody with any role is a viewer."""
        return bool(self.roles) and (Role.VIEWER in roles or not self.roles.isdisjoint(roles))

    def need(self, *roles: Role) -> None:
        """Raises Forbidden where `has` is false."""
        if not self.has(*roles):
            raise Forbidden(", ".join(roles))


def known_roles(names: Iterable[object]) -> frozenset[Role]:
    """The roles among what a claim or a form names; anything else is nobody's role."""
    values = {role.value: role for role in Role}
    return frozenset(values[name] for name in names if isinstance(name, str) and name in values)
