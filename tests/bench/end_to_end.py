"""Exchanges per second from end to end, and where the CPU goes: every party a process of its own on loopback.

The portal (this process) pushes both requests, takes both answers and plays the citizen; the platform is one
process that receives and shows, and one or two that work; the register is another. AS4 bytes, signatures and
receipts are real both ways; HTTP is without TLS, and the register speaks pickles instead of a national
protocol. Databases sync each commit. CPU seconds are read by process, so the figures say what the limit was.
"""

import http.client
import os
import pickle
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from uuid import uuid4

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.concurrency import run_in_threadpool

from intermediary.as4.model import Packed
from intermediary.content import Content
from intermediary.exchange import Exchanges, HttpAnswer, PreviewStep
from intermediary.exchange.own_as4 import OwnAs4
from intermediary.mapping.model import Provider
from intermediary.national.model import NationalAnswer, NationalRequest
from intermediary.sandbox import doubles
from intermediary.transport.as4 import HttpPush, endpoint_router
from tests import postgresql
from tests.exchange.house import House, a_request, inputs_for, login_of

WARM, MEASURED, AT_ONCE = 8, 80, 6
_TICK = os.sysconf("SC_CLK_TCK")
_IDLE = 0.02
"""Seconds after which a worker, or the citizen before a page that waits, looks again."""


def measure() -> dict[str, float]:
    """`exchanges_per_second_…` for each set-up, and CPU milliseconds of an exchange by party."""
    figures: dict[str, float] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        figures |= _run(folder / "sqlite", "sqlite", None, 1, None)
        try:
            cluster = stack.enter_context(postgresql.running(durable=True))
        except postgresql.Unavailable as unavailable:
            sys.stderr.write(f"NOT MEASURED end to end on PostgreSQL: {unavailable}\n")
            return figures
        for workers in (1, 2):
            name = f"postgresql_{workers}"
            database = cluster.create()
            figures |= _run(folder / name, name, cluster.url(database), workers, cluster.folder)
            cluster.drop(database)
    return figures


def _run(
    folder: Path, name: str, database: str | None, workers: int, server: Path | None
) -> dict[str, float]:
    folder.mkdir()
    url = database or f"sqlite:///{folder}/ledger.sqlite"
    with ExitStack() as stack:
        House(folder, database=database).engine.dispose()  # keys and schema
        portal = _Portal(folder)
        push_to = stack.enter_context(_serving(portal.router))
        register = _child(stack, "register")
        where = (str(folder), url, push_to, _said(register))
        platform = _child(stack, "serve", *where)
        working = [_child(stack, "work", *where) for _ in range(workers)]
        platform_url = _said(platform)
        for each in working:
            _said(each)
        push = stack.enter_context(HttpPush(ssl.create_default_context()))
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))

        def exchange(_number: int) -> None:
            portal.exchange(push, platform_url)

        list(pool.map(exchange, range(WARM)))
        parties: dict[str, Callable[[], float]] = {
            "receiving": lambda: _cpu(platform.pid),
            "working": lambda: sum(_cpu(each.pid) for each in working),
            "portal": time.process_time,
            "register": lambda: _cpu(register.pid),
        }
        if server is not None:
            parties["database"] = lambda: cpu_of_cluster(server)
        before = {party: spent() for party, spent in parties.items()}
        begin = time.perf_counter()
        list(pool.map(exchange, range(MEASURED)))
        seconds = time.perf_counter() - begin
        cpu = {party: spent() - before[party] for party, spent in parties.items()}
    return {
        f"exchanges_per_second_{name}": MEASURED / seconds,
        **{f"{party}_cpu_ms_{name}": each / MEASURED * 1000 for party, each in cpu.items()},
        f"cores_busy_{name}": sum(cpu.values()) / seconds,
    }


def _cpu(pid: int, *, children: bool = False) -> float:
    """CPU seconds of a process, of its dead children too if asked for."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in told[11 : 15 if children else 13]) / _TICK


def cpu_of_cluster(folder: Path) -> float:
    """CPU seconds of a PostgreSQL server, its processes that ended included."""
    head = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    spent = _cpu(head, children=True)
    for task in Path(f"/proc/{head}/task").iterdir():
        for child in (task / "children").read_text().split():
            spent += _cpu(int(child))
    return spent


@contextmanager
def _serving(router: APIRouter) -> Iterator[str]:
    """The URL of a server in a thread."""
    app = FastAPI()
    app.include_router(router)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


class _Portal(doubles.Partner):
    """The double on a socket, for several exchanges at once."""

    def __init__(self, folder: Path) -> None:
        house = House(folder)
        house.engine.dispose()
        super().__init__(house.world)
        self._lock = threading.Lock()
        self._answers: dict[str, SimpleQueue[doubles.Delivered]] = {}
        self.router = endpoint_router(self._take, 10_000_000)

    def _take(self, content_type: str, body: Content) -> HttpAnswer:
        with self._lock:
            answer = self("", Packed(content_type, body))
            got = self.delivered.pop()
        self.journal = _Nowhere()
        self._answers[got.header.conversation_id].put(got)
        return HttpAnswer(*answer)

    def exchange(self, push: HttpPush, platform: str) -> None:
        """One exchange, from the first request to the evidence."""
        conversation = str(uuid4())
        answers = self._answers[conversation] = SimpleQueue()
        request = a_request()
        assert push(f"{platform}/as4", self.pack(request, conversation_id=conversation))[0] == 200
        location = doubles._location(answers.get(timeout=60).message)
        assert location is not None
        second = replace(request, id=f"urn:uuid:{uuid4()}", preview_location=location)
        assert push(f"{platform}/as4", self.pack(second, conversation_id=conversation))[0] == 200
        _ask(f"{platform}/citizen", pickle.dumps((location.rpartition("/")[2], login_of(request))))
        assert type(answers.get(timeout=60).message).__name__ == "EvidenceResponse"


class _Nowhere(doubles.Journal):
    """Nobody reads it, so nothing is forced to disk."""

    def __init__(self) -> None:
        pass

    def write(self, **entry: object) -> None:
        """Nothing."""


def _ask(url: str, body: bytes) -> bytes:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.request("POST", f"/{path}", body)
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        return answer.read()
    finally:
        connection.close()


class _Connector:
    """Asks the register (implements NationalConnector)."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, _provider: Provider, request: NationalRequest) -> NationalAnswer:
        """Over loopback; the register is ours, so its pickles are believed."""
        answer: NationalAnswer = pickle.loads(_ask(self._url, pickle.dumps(request)))
        return answer

    def poll(self, provider: Provider, request_id: str, poll_url: str) -> NationalAnswer:
        """Never needed."""
        raise NotImplementedError


class _Register(BaseHTTPRequestHandler):
    """Delivers whatever is asked for."""

    def do_POST(self) -> None:
        """Answer."""
        request = pickle.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = pickle.dumps(doubles.delivery(request))
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: object) -> None:
        """Silent."""


def _child(stack: ExitStack, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.end_to_end", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def _said(process: subprocess.Popen[str]) -> str:
    """What a process says once it stands: its URL, if it has one."""
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    assert said, "a process of the bench did not start"
    return said


def _platform(folder: str, database: str, partner: str, register: str) -> Exchanges:
    house = House(Path(folder), database=database)
    own = house.ports.messaging
    assert isinstance(own, OwnAs4)
    (pmode,) = house.ports.pmodes
    ports = replace(
        house.ports,
        pmodes=(replace(pmode, url=f"{partner}/as4"),),
        messaging=replace(own, push=HttpPush(ssl.create_default_context())),
        connector=_Connector(register),
    )
    return Exchanges(ports)


def _citizen(exchanges: Exchanges) -> APIRouter:
    """The citizen's clicks as one call."""
    router, desk = APIRouter(), exchanges.desk

    def decide(body: bytes) -> None:
        token, identity = pickle.loads(body)
        view = desk.identify(token, "visitor", identity)
        assert desk.supply(token, "visitor", inputs_for(view)) == ()
        while (view := desk.view(token, "visitor")).step is PreviewStep.WAITING:
            time.sleep(_IDLE)
        assert view.step is PreviewStep.DECIDE, view.step
        desk.decide(token, "visitor", frozenset(d.id for d in view.documents))

    @router.post("/citizen")
    async def visit(request: Request) -> None:
        await run_in_threadpool(decide, await request.body())

    return router


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _main(role: str, *arguments: str) -> None:
    if role == "register":
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Register)
        _say(f"http://127.0.0.1:{server.server_port}/")
        server.serve_forever()
    exchanges = _platform(*arguments)
    if role == "work":
        worker = exchanges.worker(f"worker-{uuid4()}")
        _say("works")
        worker.run(threading.Event(), threading.Event(), _IDLE)
    router = endpoint_router(exchanges.access_point.receive, 10_000_000)
    router.include_router(_citizen(exchanges))
    with _serving(router) as url:
        _say(url)
        threading.Event().wait()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _main(*sys.argv[1:])
    else:
        for key, value in measure().items():
            _say(f"{key:<40}{value:>10.2f}")
