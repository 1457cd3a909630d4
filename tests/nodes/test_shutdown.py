"""A node that is told to end: what is in progress is finished, nothing waits for a lease, exit code 0."""

import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from intermediary import store
from intermediary.as4.model import Packed
from intermediary.sandbox import doubles
from tests.exchange.house import a_request
from tests.nodes.stage import PATIENCE, Node, Stage, until

pytestmark = pytest.mark.slow


def message(stage: Stage) -> Packed:
    """A first request, as the partner pushes it."""
    return doubles.Partner(stage.world).pack(a_request())


def begin_push(stage: Stage, node: Node, packed: Packed) -> tuple[ssl.SSLSocket, bytes]:
    """Push the first half of a message; returns the connection and the half that is to come."""
    body = packed.body
    head = (
        f"POST /as4 HTTP/1.1\r\nHost: localhost\r\nContent-Type: {packed.content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    plain = socket.create_connection(("localhost", node.port), PATIENCE)
    connection = stage.trust.wrap_socket(plain, server_hostname="localhost")
    half = len(body) // 2
    connection.sendall(head + body[:half])
    return connection, body[half:]


def answer_on(connection: ssl.SSLSocket) -> bytes:
    """Everything that comes until the other side closes."""
    got = b""
    try:
        while octets := connection.recv(65536):
            got += octets
    except OSError:
        pass
    connection.close()
    return got


def closing(node: Node) -> bool:
    """True once a node takes no new connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", node.port)) != 0


def engine_of(stage: Stage) -> Engine:
    """Of the stage's SQLite database."""
    return store.open_engine(f"sqlite:///{stage.world.data('platform').resolve() / 'platform.db'}")


def column(stage: Stage, statement: str) -> list[object]:
    """Read the database."""
    engine = engine_of(stage)
    try:
        with engine.connect().execution_options(reading=True) as connection:
            return list(connection.exec_driver_sql(statement).scalars())
    finally:
        engine.dispose()


def owners(stage: Stage) -> set[object]:
    """Who holds a lease."""
    return set(column(stage, "SELECT owner FROM message UNION ALL SELECT owner FROM exchange"))


def test_a_message_that_is_half_there_is_taken_and_one_that_never_ends_gets_no_receipt(stage: Stage) -> None:
    node = stage.serve(INTERMEDIARY_WORKERS="0")
    finished, rest = begin_push(stage, node, message(stage))
    stalled, _never = begin_push(stage, node, message(stage))
    for _ in range(2):  # the second one changes nothing
        node.process.send_signal(signal.SIGTERM)
    until(lambda: closing(node))
    assert column(stage, "SELECT state FROM message") == []
    finished.sendall(rest)
    answer = answer_on(finished)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Receipt" in answer
    assert node.process.wait(PATIENCE) == 0
    answer = answer_on(stalled)
    assert not answer or answer.startswith(b"HTTP/1.1 50")
    assert b"Receipt" not in answer
    assert column(stage, "SELECT state FROM message") == ["stored"]


@contextmanager
def hanging_partner(stage: Stage) -> Iterator[tuple[threading.Event, threading.Event]]:
    """A partner who takes a message and does not answer: (it has come, let it end)."""
    came, go = threading.Event(), threading.Event()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    world = stage.world
    context.load_cert_chain(world.certificate("portal", "tls-server"), world.key("portal", "tls-server"))
    server = socket.create_server(("127.0.0.1", world.port("portal")))

    def serve() -> None:
        plain, _ = server.accept()
        with context.wrap_socket(plain, server_side=True) as connection:
            connection.recv(65536)
            came.set()
            go.wait(PATIENCE)
            connection.sendall(b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield came, go
    finally:
        go.set()
        server.close()


@pytest.mark.parametrize("how", ["SIGTERM", "two Ctrl-C"])
def test_a_step_in_work_is_ended_and_no_lease_is_left(stage: Stage, how: str) -> None:
    with hanging_partner(stage) as (came, go):
        node = stage.serve(INTERMEDIARY_WORKERS="1")
        packed = message(stage)
        answer = node.client.post("/as4", content=packed.body, headers={"Content-Type": packed.content_type})
        assert answer.status_code == 200
        assert came.wait(PATIENCE)
        assert owners(stage) != {None}, "the push is under way"
        if how == "SIGTERM":
            node.process.send_signal(signal.SIGTERM)
        else:
            node.process.send_signal(signal.SIGINT)
            until(lambda: closing(node))
            node.process.send_signal(signal.SIGINT)
        node.client.close()
        until(lambda: closing(node))
        assert node.process.poll() is None, "it waits for the step"
        go.set()
        code = node.process.wait(PATIENCE)
    assert code == 0 if how == "SIGTERM" else code in (0, 1, 130, -2)
    assert owners(stage) == {None}
    assert column(stage, "SELECT count(*) FROM event WHERE fact = 'send-failed'") == [1]


def test_a_worker_ends_its_step_and_no_lease_is_left(stage: Stage) -> None:
    with hanging_partner(stage) as (came, go):
        door = stage.serve(INTERMEDIARY_WORKERS="0")
        node = stage.work(INTERMEDIARY_WORKERS="1")
        packed = message(stage)
        door.client.post("/as4", content=packed.body, headers={"Content-Type": packed.content_type})
        assert came.wait(PATIENCE)
        node.process.send_signal(signal.SIGTERM)
        node.process.send_signal(signal.SIGTERM)
        assert owners(stage) != {None}
        go.set()
        assert node.process.wait(PATIENCE) == 0
    assert owners(stage) == {None}
    assert column(stage, "SELECT count(*) FROM event WHERE fact = 'send-failed'") == [1]
