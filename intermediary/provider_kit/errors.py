"""What goes wrong in the kit; what goes wrong at the provider is a verdict.

KitError
└── PlanInvalid (ValueError)   the test data cannot be used; the text has a line for each defect
"""


class KitError(Exception):
    """Base of all errors of this room."""


class PlanInvalid(KitError, ValueError):  # noqa: N818
    """The test data cannot be used."""
