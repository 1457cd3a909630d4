"""The store: database engine, tables, migrations, the ledger of exchanges, its blobs and keys."""

from intermediary.store.blind_index import KeyedIndex
from intermediary.store.blobs import FileBlobs
from intermediary.store.engine import UtcDateTime, is_away, open_engine, scrub
from intermediary.store.errors import BlobsUnusable, KeysUnusable, StoreError
from intermediary.store.generated import made_once
from intermediary.store.ledger import SqlLedger
from intermediary.store.migrations import is_current, migrate
from intermediary.store.platform_keys import KeyFolder, PlatformKey
from intermediary.store.rotation import rewrap, wrapped_by, wraps
from intermediary.store.s3 import S3Blobs, S3Place
from intermediary.store.sealed import SweptBlobs
from intermediary.store.vault import KeyVault

__all__ = [
    "BlobsUnusable",
    "FileBlobs",
    "KeyFolder",
    "KeyVault",
    "KeyedIndex",
    "KeysUnusable",
    "PlatformKey",
    "S3Blobs",
    "S3Place",
    "SqlLedger",
    "StoreError",
    "SweptBlobs",
    "UtcDateTime",
    "is_away",
    "is_current",
    "made_once",
    "migrate",
    "open_engine",
    "rewrap",
    "scrub",
    "wrapped_by",
    "wraps",
]
