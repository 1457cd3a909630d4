"""Sealed content in an object store that speaks S3: sealed here, so that the store sees noise only.

An object is complete or not there: small ones are put in one request, large ones in parts that become an
object with the last request. It is there before the commit that names it and goes after the commit that
forgets it; what a crash leaves, unfinished uploads included, is swept.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from intermediary.content import Content, InMemory
from intermediary.store.errors import BlobsUnusable
from intermediary.store.sealed import (
    SALT,
    SEALED,
    UNNAMED_SECONDS,
    Sealed,
    checked,
    gone,
    is_name,
    new_name,
    seal,
    sealed_size,
)
from intermediary.store.vault import KeyVault

PART = 8 * 1024 * 1024
"""Bytes of a part; an upload holds two in memory. 10,000 are allowed."""
_RESUMES = 5
"""Times that reading goes on after the connection broke, without a chunk in between."""
_GONE = ("NoSuchKey", "404")


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where the objects lie. Credentials come from where the AWS library looks for them: environment, files,
    web identity, instance role."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    """None: AWS."""
    region: str | None = None
    credentials_file: Path | None = None
    ca: Path | None = None

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}" + (f" at {self.endpoint}" if self.endpoint else "")


class S3Blobs:
    """Implements exchange.contracts.Blobs. One for all threads of a process."""

    def __init__(self, place: S3Place, vault: KeyVault) -> None:
        """Also tries whether the bucket can be used. Raises BlobsUnusable with the remedy."""
        self._place, self._vault = place, vault
        self._before = f"{place.prefix.strip('/')}/".lstrip("/")
        self._client: Any = _client(place)
        self._try()

    def put(self, key: bytes, content: Content) -> str:
        """Seal under a wrapped key; in the store when this returns. Returns the name."""
        name = new_name()
        pieces = seal(self._vault, key, name, content)
        if sealed_size(content.size) <= PART:
            self._client.put_object(**self._object(name), Body=b"".join(pieces))
        else:
            self._put_in_parts(name, pieces)
        return name

    def _put_in_parts(self, name: str, pieces: Iterator[bytes]) -> None:
        upload = self._object(name)
        upload["UploadId"] = self._client.create_multipart_upload(**upload)["UploadId"]
        try:
            parts = []
            for number, body in enumerate(_joined(pieces), 1):
                stored = self._client.upload_part(**upload, PartNumber=number, Body=body)
                parts.append({"PartNumber": number, "ETag": stored["ETag"]})
            self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except BaseException:
            with suppress(Exception):  # what stays is swept
                self._client.abort_multipart_upload(**upload)
            raise

    def open(self, key: bytes, name: str) -> Content:
        """The content; raises ValueError where there is none, or where key or bytes do not fit."""
        from botocore.exceptions import ClientError

        try:
            found = self._begin(checked(name))
        except ClientError as error:
            if _code(error) == "InvalidRange":
                raise ValueError("The sealed content is cut off") from None
            raise
        return _SealedObject(self, self._vault, key, name, found)

    def _begin(self, name: str) -> "_Found":
        """The salt, and the first chunk with it: most blobs have no other."""
        broken = 0
        while True:
            found = self._get(name, 0, SALT + SEALED)
            try:
                head = found["Body"].read()
            except _breaks():
                broken += 1
                if broken > _RESUMES:
                    raise
                continue
            finally:
                found["Body"].close()
            size = int(found["ContentRange"].rpartition("/")[2]) if "ContentRange" in found else len(head)
            return _Found(head, size)

    def delete(self, name: str) -> None:
        """Delete; whoever reads it then is told that it is gone."""
        self._client.delete_object(**self._object(checked(name)))

    def old(self) -> Iterator[str]:
        """Names of the objects that no commit to come will name; uploads as old as that are ended."""
        uploads = self._client.get_paginator("list_multipart_uploads")
        for page in uploads.paginate(Bucket=self._place.bucket, Prefix=self._before):
            before = _time_of(page) - timedelta(seconds=UNNAMED_SECONDS)
            for upload in page.get("Uploads", ()):
                if self._name(upload["Key"]) and upload["Initiated"] < before:
                    self._client.abort_multipart_upload(
                        Bucket=self._place.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
        objects = self._client.get_paginator("list_objects_v2")
        for page in objects.paginate(Bucket=self._place.bucket, Prefix=self._before):
            before = _time_of(page) - timedelta(seconds=UNNAMED_SECONDS)
            for found in page.get("Contents", ()):
                if (name := self._name(found["Key"])) and found["LastModified"] < before:
                    yield name

    def pieces(self, name: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes of an object from `start`, in pieces of SEALED bytes; one request, unless it breaks."""
        broken = 0
        while start < stop:
            body = self._get(name, start, stop)["Body"]
            try:
                while start < stop:
                    piece = _exactly(body, min(SEALED, stop - start))
                    start += len(piece)
                    broken = 0
                    yield piece
            except _breaks():
                broken += 1
                if broken > _RESUMES:
                    raise
            finally:
                body.close()

    def _get(self, name: str, start: int, stop: int) -> Any:
        from botocore.exceptions import ClientError

        try:
            return self._client.get_object(**self._object(name), Range=f"bytes={start}-{stop - 1}")
        except ClientError as error:
            if _code(error) in _GONE:
                raise gone() from None
            raise

    def _object(self, name: str) -> dict[str, Any]:
        return {"Bucket": self._place.bucket, "Key": self._before + name}

    def _name(self, key: str) -> str | None:
        name = key.removeprefix(self._before)
        return name if is_name(name) else None

    def _try(self) -> None:
        """All that is needed: list, put, read, delete. What a crash leaves of it is swept."""
        from botocore.exceptions import BotoCoreError, ClientError

        did = "reach"
        try:
            self._client.head_bucket(Bucket=self._place.bucket)
            did = "list (s3:ListBucket, s3:ListBucketMultipartUploads)"
            self._client.list_objects_v2(Bucket=self._place.bucket, Prefix=self._before, MaxKeys=1)
            self._client.list_multipart_uploads(Bucket=self._place.bucket, Prefix=self._before, MaxUploads=1)
            did = "write (s3:PutObject)"
            key = self._vault.new_key()
            name = self.put(key, InMemory(b""))
            did = "read (s3:GetObject)"
            self.open(key, name)
            did = "delete (s3:DeleteObject)"
            self.delete(name)
        except ClientError as error:
            code = _code(error)
            if code in ("404", "NoSuchBucket"):
                raise BlobsUnusable(f"{self._place}: there is no such bucket; create it") from None
            if code in ("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"):
                raise BlobsUnusable(
                    f"{self._place}: we may not {did}: {code}; look at the credentials and their permissions"
                ) from None
            raise BlobsUnusable(f"{self._place}: cannot {did}: {code}") from None
        except BotoCoreError as error:
            raise BlobsUnusable(f"{self._place}: cannot {did}: {error}") from None


@dataclass(frozen=True, slots=True)
class _Found:
    """The beginning of an object, and how many bytes all of it has."""

    head: bytes
    size: int


class _SealedObject(Sealed):
    """The content of one object; its first chunk is here already."""

    __slots__ = ("_blobs", "_first", "_total")

    def __init__(self, blobs: S3Blobs, vault: KeyVault, key: bytes, name: str, found: "_Found") -> None:
        super().__init__(vault, key, name, found.head[:SALT], found.size)
        self._blobs, self._first, self._total = blobs, found.head[SALT:], found.size

    def _sealed(self, numbers: range) -> Iterator[bytes]:
        first = numbers.start
        if first == 0:
            yield self._first
            first = 1
        start, stop = SALT + first * SEALED, min(SALT + numbers.stop * SEALED, self._total)
        yield from self._blobs.pieces(self._name, start, stop)


def _client(place: S3Place) -> Any:
    try:
        import boto3
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise BlobsUnusable(f"{place}: needs `pip install 'intermediary[s3]'`") from None
    session = botocore.session.get_session()
    if place.credentials_file is not None:
        session.set_config_variable("credentials_file", str(place.credentials_file))
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "max_attempts": 5},
        max_pool_connections=32,
    )
    try:
        return boto3.session.Session(botocore_session=session).client(
            "s3",
            endpoint_url=place.endpoint,
            region_name=place.region,
            verify=None if place.ca is None else str(place.ca),
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise BlobsUnusable(f"{place}: {error}") from None


def _breaks() -> tuple[type[Exception], ...]:
    """What the library raises where a connection breaks while an answer is read; it repeats only requests."""
    from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError

    return IncompleteReadError, ReadTimeoutError, ResponseStreamingError


def _joined(pieces: Iterator[bytes]) -> Iterator[bytearray]:
    """Pieces put together to parts of at least PART bytes; only the last may have fewer."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= PART:
            yield held
            held = bytearray()
    if held:
        yield held


def _exactly(body: Any, size: int) -> bytes:
    """So many bytes; the library raises where they do not come."""
    piece: bytes = body.read(size)
    while len(piece) < size:
        more = body.read(size - len(piece))
        if not more:
            from botocore.exceptions import IncompleteReadError

            raise IncompleteReadError(actual_bytes=len(piece), expected_bytes=size)
        piece += more
    return piece


def _time_of(page: Any) -> datetime:
    """The store's own time: its clock stamped what it lists."""
    return parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"])


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
