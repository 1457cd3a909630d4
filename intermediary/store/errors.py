"""What can be wrong with the store at start, or with the keys that an operator handles.

StoreError         base
├── BlobsUnusable  the object store cannot be used: missing, forbidden, out of reach
└── KeysUnusable   the platform's keys cannot be used as they lie there, or must not be changed so
"""


class StoreError(Exception):
    """The store cannot be used; the text says what to mend."""


class BlobsUnusable(StoreError):  # noqa: N818
    """The object store cannot be used."""


class KeysUnusable(StoreError):  # noqa: N818
    """The platform's keys cannot be used as they lie there."""
