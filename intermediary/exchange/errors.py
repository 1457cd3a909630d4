"""What can go wrong while an exchange is worked on.

ExchangeError          base
├── IllegalTransition  the table has no such transition: a defect, nothing was written
├── LeaseLost          another worker, or the citizen, was first: the result is dropped
└── SettingsInvalid    settings contradict each other; said at start-up
"""


class ExchangeError(Exception):
    """An exchange cannot go on this way."""


class IllegalTransition(ExchangeError):  # noqa: N818
    """The state machine has no such transition."""


class LeaseLost(ExchangeError):  # noqa: N818
    """Somebody else has moved this exchange meanwhile; the result of this step is dropped."""


class SettingsInvalid(ExchangeError):  # noqa: N818
    """The settings contradict each other."""
