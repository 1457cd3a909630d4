"""An S3 server for tests: moto's, a process on loopback that ends with the one that began it."""

import atexit
import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from intermediary.store import S3Place, s3

_NUMBERS = count(1)


@cache
def endpoint() -> str:
    """Where the server of this test process listens."""
    server = subprocess.Popen(
        ["setpriv", "--pdeathsig=KILL", sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/",
        env={**os.environ, "S3_UPLOAD_PART_MIN_SIZE": "1024"},  # AWS: 5 MiB
    )  # fmt: skip
    atexit.register(server.kill)
    assert server.stderr is not None
    for line in server.stderr:
        if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", line):
            # What else it says is not read any more; its log of requests must not fill the pipe.
            subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
            return found[1]
    raise AssertionError("moto's server ended at once; is moto[s3] with flask installed?")


@cache
def _credentials() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="s3-")
    atexit.register(folder.cleanup)
    file = Path(folder.name) / "credentials"
    file.write_text("[default]\naws_access_key_id = test\naws_secret_access_key = test\n")
    return file


def place(prefix: str = "blobs", *, at: str | None = None, bucket: str | None = None) -> S3Place:
    """A fresh bucket, or a named one that need not exist."""
    name = bucket or f"bucket-{next(_NUMBERS)}"
    there = S3Place(name, prefix, at or endpoint(), "eu-central-1", _credentials())
    if bucket is None:
        where = {"LocationConstraint": "eu-central-1"}
        _client(endpoint()).create_bucket(Bucket=name, CreateBucketConfiguration=where)
    return there


def client(place: S3Place) -> Any:
    """A client of the library, to look behind our back."""
    return _client(place.endpoint)


@cache
def _client(at: str) -> Any:
    return s3._client(S3Place("", "", at, "eu-central-1", _credentials()))


def objects(place: S3Place) -> dict[str, bytes]:
    """All that the store holds in the bucket, by key: objects, and the parts of unfinished uploads."""
    c = client(place)
    found = {
        each["Key"]: c.get_object(Bucket=place.bucket, Key=each["Key"])["Body"].read()
        for each in c.list_objects_v2(Bucket=place.bucket).get("Contents", ())
    }
    for upload in c.list_multipart_uploads(Bucket=place.bucket).get("Uploads", ()):
        found[f"{upload['Key']} (unfinished)"] = b""
    return found
