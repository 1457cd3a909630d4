"""What can go wrong in the console.

ConsoleError
├── NotSignedIn   no session, or one that is over: pages lead to the login, the API answers 401
├── Forbidden     signed in, but without a role that may do this (403)
├── FormForged    a form that this session was not given (403)
└── NotThere      the thing asked for does not exist (404)
"""


class ConsoleError(Exception):
    """The console cannot do what was asked."""


class NotSignedIn(ConsoleError):  # noqa: N818
    """Nobody is signed in."""


class Forbidden(ConsoleError):  # noqa: N818
    """The operator has none of the roles that may do this; `args[0]` names them."""


class FormForged(ConsoleError):  # noqa: N818
    """The form does not carry the value that this session was given."""


class NotThere(ConsoleError):  # noqa: N818
    """What was asked for does not exist."""
