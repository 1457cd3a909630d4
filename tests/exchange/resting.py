"""A house on each kind of database and of blobs, and all bytes that it leaves anywhere."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from intermediary import store
from intermediary.sandbox.world import World
from tests import postgresql
from tests import s3 as server
from tests.exchange.house import House

KINDS = tuple((database, blobs) for database in postgresql.BOTH for blobs in ("files", "s3"))


@dataclass
class Home:
    """A house, and where it keeps things."""

    house: House
    cluster: postgresql.Cluster | None
    bucket: store.S3Place | None
    since: float
    """Files that were written last before that have nothing of this house."""

    def at_rest(self) -> Iterator[tuple[str, bytes]]:
        """Everything that is written anywhere just now, by where it is: files without a name included."""
        folder = self.house.folder
        if self.cluster is not None:
            with self.house.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                connection.exec_driver_sql("CHECKPOINT")
        places = [folder / "blobs", folder / "tmp", *folder.glob("ledger.sqlite*")]
        places += [] if self.cluster is None else [self.cluster.folder]
        for place in places:
            for file in (place, *place.rglob("*")):
                with suppress(FileNotFoundError):
                    if file.is_file() and file.stat().st_mtime >= self.since:
                        yield str(file), file.read_bytes()
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                if (name := str(descriptor.readlink())).endswith("(deleted)"):
                    yield name, descriptor.read_bytes()
        if self.bucket is not None:
            yield from server.objects(self.bucket).items()

    def blobs(self) -> dict[str, bytes]:
        """The blobs that are there."""
        if self.bucket is not None:
            return {key.rpartition("/")[2]: content for key, content in server.objects(self.bucket).items()}
        return {file.name: file.read_bytes() for file in (self.house.folder / "blobs").iterdir()}

    def column(self, query: str) -> list[bytes]:
        """What is in the live rows."""
        with self.house.engine.connect() as connection:
            return [
                bytes(value) for value in connection.exec_driver_sql(query).scalars() if value is not None
            ]


@contextmanager
def home(kind: tuple[str, str], folder: Path, keys: World) -> Iterator[Home]:
    """A house on a fresh database and fresh blobs; its platform key is a folder with the key `first`."""
    since = time.time() - 1
    (folder / "pki").symlink_to(keys.root / "pki")
    (folder / "platform.key").mkdir()
    (folder / "tmp").mkdir()
    store.KeyFolder(folder / "platform.key").add("first")
    database, blobs = kind
    bucket = server.place() if blobs == "s3" else None
    cluster = postgresql.shared() if database == "postgresql" else None
    name = None if cluster is None else cluster.create()
    if cluster is None:
        shutil.copy(keys.root / "ledger.sqlite", folder)
    there = None if cluster is None or name is None else cluster.url(name)
    house = House(folder, database=there, blobs_of=blobs_in(bucket))
    try:
        yield Home(house, cluster, bucket, since)
    finally:
        house.engine.dispose()
        if cluster is not None and name is not None:
            cluster.drop(name)


class blobs_in:  # noqa: N801 - a function with a memory
    """Opens blobs in a bucket, or in the folder that it is given."""

    def __init__(self, bucket: store.S3Place | None) -> None:
        self._bucket = bucket

    def __call__(self, folder: Path, vault: store.KeyVault) -> store.SweptBlobs:
        return store.FileBlobs(folder, vault) if self._bucket is None else store.S3Blobs(self._bucket, vault)
