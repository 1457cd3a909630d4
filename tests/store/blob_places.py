"""Both kinds of blobs, and a look behind their back: what the contract's tests run on."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from intermediary.store import FileBlobs, KeyVault, S3Blobs, S3Place, SweptBlobs, s3
from tests import s3 as server

KINDS = ("files", "s3")


class Place(Protocol):
    """Where blobs lie."""

    blobs: SweptBlobs

    def read(self, name: str) -> bytes:
        """The bytes that lie there."""

    def write(self, name: str, content: bytes) -> None:
        """Others in their stead, or a new thing."""

    def names(self) -> set[str]:
        """All that lies there."""

    def age(self, patch: pytest.MonkeyPatch) -> None:
        """Let all that lies there be old."""


@dataclass
class Files:
    """A folder."""

    folder: Path
    blobs: SweptBlobs

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def names(self) -> set[str]:
        return {file.name for file in self.folder.iterdir()}

    def age(self, patch: pytest.MonkeyPatch) -> None:
        for file in self.folder.iterdir():
            os.utime(file, (0, 0))


@dataclass
class Bucket:
    """A prefix in a bucket."""

    place: S3Place
    blobs: SweptBlobs

    def _key(self, name: str) -> str:
        return f"{self.place.prefix}/{name}"

    def read(self, name: str) -> bytes:
        return server.objects(self.place)[self._key(name)]

    def write(self, name: str, content: bytes) -> None:
        client = server.client(self.place)
        client.put_object(Bucket=self.place.bucket, Key=self._key(name), Body=content)

    def names(self) -> set[str]:
        return {key.removeprefix(self._key("")) for key in server.objects(self.place)}

    def age(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(s3, "UNNAMED_SECONDS", -60.0)


def open_place(kind: str, folder: Path, vault: KeyVault) -> Place:
    """A fresh place of one of KINDS."""
    if kind == "files":
        return Files(folder, FileBlobs(folder, vault))
    bucket = server.place()
    return Bucket(bucket, S3Blobs(bucket, vault))
