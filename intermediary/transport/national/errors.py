"""Why a national system is unavailable, as far as the connector must tell apart.

exchange.contracts.ProviderUnavailable   what the exchange sees; worth trying again, later
├── CallFailed                           no answer, or a 5xx: counts for the circuit breaker
│   └── CallInterrupted                  the connection failed, or 502, 503, 504: worth one more attempt now
├── AnswerUnusable                       there is an answer, but none that may be believed
└── TokenRefused                         the IAM gave no token

Texts name the kind of failure and rule ids, never a URL, a value or a text of the other side.
"""

from intermediary.exchange.contracts import ProviderUnavailable
from intermediary.national.errors import Problem


class CallFailed(ProviderUnavailable):
    """No answer came, or the provider reported a failure of its own."""


class CallInterrupted(CallFailed):
    """The connection failed or a gateway in between did; try again at once."""


class AnswerUnusable(ProviderUnavailable):
    """The answer is not one that the protocol allows; `problems` say why, where it could not be read."""

    def __init__(self, text: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(text)
        self.problems = problems


class TokenRefused(ProviderUnavailable):
    """The IAM gave no access token."""
