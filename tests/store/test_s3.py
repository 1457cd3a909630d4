"""What only an object store can do: be away, refuse, break off, keep halves of uploads."""

import contextlib
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from intermediary.content import CHUNK, Content, InMemory, Octets
from intermediary.store import BlobsUnusable, KeyVault, S3Blobs, s3
from tests import s3 as server

VAULT = KeyVault(bytes(range(32)))
KEY = VAULT.new_key()


class _Long(Content):
    """Content that is nowhere as a whole."""

    size = 40 * 1024 * 1024

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Octets]:
        for at in range(start, stop or self.size, CHUNK):
            yield at.to_bytes(8) * (min(CHUNK, (stop or self.size) - at) // 8)


def test_large_content_is_never_in_memory_as_a_whole() -> None:
    blobs = S3Blobs(server.place(), VAULT)
    tracemalloc.start()
    try:
        opened = blobs.open(KEY, blobs.put(KEY, _Long()))
        assert opened.size == _Long.size
        assert all(a == b for a, b in zip(opened.chunks(), _Long().chunks(), strict=True))
        assert tracemalloc.get_traced_memory()[1] < 3 * s3.PART < _Long.size
    finally:
        tracemalloc.stop()


def test_an_upload_that_a_crash_left_is_no_blob_and_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    place = server.place()
    blobs, client = S3Blobs(place, VAULT), server.client(place)
    for name in ("0" * 32, "somebody-else's"):
        upload = {"Bucket": place.bucket, "Key": f"blobs/{name}"}
        upload["UploadId"] = client.create_multipart_upload(**upload)["UploadId"]
        client.upload_part(**upload, PartNumber=1, Body=b"sealed")
    with pytest.raises(ValueError, match="not there any more"):
        blobs.open(KEY, "0" * 32)
    with monkeypatch.context() as patch:
        patch.setattr(s3, "UNNAMED_SECONDS", 20 * 365 * 86400.0)  # moto says that all began in 2010
        assert list(blobs.old()) == []
    assert len(server.objects(place)) == 2, "it may be in work"
    assert list(blobs.old()) == []
    assert list(server.objects(place)) == ["blobs/somebody-else's (unfinished)"]


def test_a_prefix_is_kept_apart_and_may_be_left_out() -> None:
    one = server.place("a/b")
    other = server.place("", bucket=one.bucket)
    names = [S3Blobs(place, VAULT).put(KEY, InMemory(b"x")) for place in (one, other)]
    assert set(server.objects(one)) == {f"a/b/{names[0]}", names[1]}
    with pytest.raises(ValueError, match="not there any more"):
        S3Blobs(one, VAULT).open(KEY, names[1])


def test_many_threads_share_one() -> None:
    place = server.place()
    blobs, found = S3Blobs(place, VAULT), []

    def work(number: int) -> None:
        content = str(number).encode() * CHUNK
        opened = blobs.open(KEY, blobs.put(KEY, InMemory(content)))
        found.append(opened == content)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


class _Cutting:
    """A way to the server that breaks off each answer after some bytes, as often as told."""

    def __init__(self, after: int, times: int) -> None:
        self._after, self._times = after, times
        self.cut = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._door.getsockname()[1]}"

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                there = socket.create_connection(("127.0.0.1", int(urlsplit(server.endpoint()).port or 0)))
                threading.Thread(target=self._pump, args=(caller, there, None), daemon=True).start()
                threading.Thread(target=self._pump, args=(there, caller, self._after), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, after: int | None) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
                passed += len(data)
                if after is not None and passed > after and self.cut < self._times:
                    self.cut += 1
                    break
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("after", [CHUNK // 2, 3 * CHUNK])
def test_reading_goes_on_where_the_connection_broke(after: int) -> None:
    content = InMemory(bytes(range(256)) * 4096 * 6)
    way = _Cutting(after, times=2)
    blobs = S3Blobs(server.place(at=way.endpoint), VAULT)
    opened = blobs.open(KEY, blobs.put(KEY, content))
    assert b"".join(opened.chunks()) == content.read()
    assert way.cut == 2


def test_reading_ends_where_the_connection_breaks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import BotoCoreError

    monkeypatch.setattr(s3, "_RESUMES", 1)
    way = _Cutting(after=CHUNK // 2, times=0)
    blobs = S3Blobs(server.place(at=way.endpoint), VAULT)
    opened = blobs.open(KEY, blobs.put(KEY, InMemory(bytes(3 * CHUNK))))
    way._times = 1000
    with pytest.raises(BotoCoreError):
        b"".join(opened.chunks())


def test_a_blob_that_is_deleted_while_somebody_reads_is_told_as_gone() -> None:
    blobs = S3Blobs(server.place(), VAULT)
    opened = blobs.open(KEY, name := blobs.put(KEY, InMemory(bytes(3 * CHUNK))))
    blobs.delete(name)
    with pytest.raises(ValueError, match="not there any more"):
        b"".join(opened.chunks())


def test_a_bucket_that_is_missing_is_told_at_start() -> None:
    with pytest.raises(BlobsUnusable, match=r"no-such-one.*there is no such bucket; create it"):
        S3Blobs(server.place(bucket="no-such-one"), VAULT)


def test_a_store_that_is_away_is_told_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with pytest.raises(BlobsUnusable, match="cannot reach"):
        S3Blobs(server.place(bucket="bucket", at=f"http://127.0.0.1:{port}"), VAULT)


def test_missing_credentials_are_told_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(BlobsUnusable, match="credentials"):
        S3Blobs(s3.S3Place("bucket", endpoint=server.endpoint(), region="eu-central-1"), VAULT)


@pytest.mark.parametrize(
    ("refused", "told"),
    [("HEAD", "may not reach"), ("GET", "may not list"), ("PUT", r"may not write \(s3:PutObject\)")],
)
def test_a_missing_permission_is_told_at_start(refused: str, told: str) -> None:
    class Strict(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b"<ListBucketResult/>"
            if self.command == refused:
                body = b"<Error><Code>AccessDenied</Code></Error>"
            self.send_response(403 if self.command == refused else 200)
            self.send_header("Content-Length", str(0 if self.command == "HEAD" else len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET = do_PUT = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Strict) as strict:
        threading.Thread(target=strict.serve_forever, daemon=True).start()
        try:
            with pytest.raises(BlobsUnusable, match=told):
                S3Blobs(server.place(bucket="bucket", at=f"http://127.0.0.1:{strict.server_port}"), VAULT)
        finally:
            strict.shutdown()
