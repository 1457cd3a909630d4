"""The AS4 door: endpoint for what partners push, sender for what we push, P-Modes from files."""

from intermediary.transport.as4.endpoint import endpoint_router
from intermediary.transport.as4.lint import PModeFinding, lint_partners
from intermediary.transport.as4.pmodes import Partner, PModeInvalid, load_partners
from intermediary.transport.as4.sender import HttpPush

__all__ = [
    "HttpPush",
    "PModeFinding",
    "PModeInvalid",
    "Partner",
    "endpoint_router",
    "lint_partners",
    "load_partners",
]
