"""One exchange is one trace, on any node, and the push to the partner names it."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.trace import StatusCode

from intermediary.as4.model import Packed
from intermediary.exchange.model import Fact
from intermediary.observing import trace_id_of, traceparent
from intermediary.sandbox.doubles import Partner
from intermediary.transport.as4 import HttpPush
from tests.exchange.house import a_request
from tests.observing.conftest import Watched, watch
from tests.observing.test_alerts import an_exchange


def test_all_events_of_an_exchange_are_one_trace_below_one_span(watched: Watched) -> None:
    an_exchange(watched)
    story = watched.house.story()
    spans = watched.spans.get_finished_spans()
    (root,) = [span for span in spans if span.parent is None]
    assert {span.context.trace_id for span in spans} == {trace_id_of(story.summary.id)}
    assert {span.parent.span_id for span in spans if span.parent} == {root.context.span_id}
    assert sorted(span.name for span in spans if span.parent) == sorted(str(e.fact) for e in story.events)
    assert root.start_time is not None
    assert all(root.start_time <= (span.start_time or 0) for span in spans if span.name != "request-received")
    (asked,) = [span for span in spans if span.name == "provider-answered"]
    assert asked.attributes is not None
    assert asked.attributes["mapping"] == "fahrzeugregistrierung"


def test_another_node_continues_the_trace(watched: Watched) -> None:
    request = a_request()
    token = watched.house.begin(request)
    first = {span.context.trace_id for span in watched.spans.get_finished_spans()}
    other = watch(watched.house)  # nothing is handed over but the database
    watched.house.log_in(request, token)
    assert {span.context.trace_id for span in other.spans.get_finished_spans()} == first


def test_what_fails_is_marked(watched: Watched) -> None:
    watched.house.partner.unreachable = 1
    watched.house.push(a_request())
    watched.house.work()
    (failed,) = [s for s in watched.spans.get_finished_spans() if s.name == Fact.SEND_FAILED]
    assert failed.status.status_code is StatusCode.ERROR


def test_the_push_of_an_answer_happens_in_the_trace_of_its_exchange(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, push = [], Partner.__call__

    def recorded(partner: Partner, url: str, packed: Packed) -> tuple[int, str, bytes]:
        headers.append(traceparent())
        return push(partner, url, packed)

    monkeypatch.setattr(Partner, "__call__", recorded)
    ids = []
    for _ in range(2):
        watched.house.begin(a_request())
        ids.append(watched.seen[-1].exchange_id or "")
    assert [header["traceparent"][3:35] for header in headers] == [
        f"{trace_id_of(each):032x}" for each in ids
    ]


def test_the_header_travels() -> None:
    class Access(BaseHTTPRequestHandler):
        seen: str | None = None

        def do_POST(self) -> None:
            Access.seen = self.headers["traceparent"]
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_given: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Access)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        named = {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
        with HttpPush(ssl.create_default_context(), trace=lambda: named) as push:
            push(f"http://127.0.0.1:{server.server_port}/as4", Packed("text/xml", b"<x/>"))
        assert Access.seen == named["traceparent"]
        with HttpPush(ssl.create_default_context()) as push:
            push(f"http://127.0.0.1:{server.server_port}/as4", Packed("text/xml", b"<x/>"))
        assert Access.seen is None
    finally:
        server.shutdown()
        server.server_close()
