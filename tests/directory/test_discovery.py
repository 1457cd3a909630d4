"""NAPTR: from the records of a real name server on a socket to a base URL."""

import socket
import threading
from collections.abc import Iterator

import dns.message
import dns.rcode
import dns.rrset
import pytest

from intermediary.directory import NameUnresolvable, NaptrResolver, Service
from intermediary.directory.discovery import owner_name

ZONE = "cs.test"
RECORDS = {
    "de.eb.v1.cs.test.": [
        '20 10 "U" "meta:http" "!.*!https://late.example/!" .',
        '10 30 "U" "meta:http" "!.*!https://second.example/!" .',
        '10 20 "u" "meta:http" "!.*!https://first.example/path!" .',
        '1 1 "S" "" "!.*!https://not-terminal.example/!" .',
    ],
    "at.eb.v1.cs.test.": ['1 1 "U" "" "!^.*$!https://x.example/!" .'],
    "be.eb.v1.cs.test.": ['1 1 "U" "" "!.*!http://plain.example/!" .'],
    "bg.eb.v1.cs.test.": ['1 1 "U" "" "!.*!https://x.example/!i" .'],
    "cy.eb.v1.cs.test.": ['1 1 "U" "" "!.*!https://u:p@x.example/!" .'],
    "cz.eb.v1.cs.test.": ['1 1 "A" "" "" a.example.'],
    "ee.eb.v1.cs.test.": [],
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _serve(server: socket.socket) -> None:
    while True:
        try:
            data, peer = server.recvfrom(4096)
        except OSError:
            return
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        name = query.question[0].name.to_text()
        if name.startswith("silent"):
            continue
        if name.startswith("broken"):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in RECORDS:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif RECORDS[name]:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "NAPTR", *RECORDS[name]))
        server.sendto(answer.to_wire(), peer)


def _resolver(port: int) -> NaptrResolver:
    return NaptrResolver(["127.0.0.1"], port=port, seconds=1.0)


def test_lowest_order_then_preference_of_the_terminal_records(port: int) -> None:
    name = owner_name("DE", Service.EVIDENCE_BROKER, ZONE, 1)
    assert name == "de.eb.v1.cs.test"
    assert _resolver(port)(name) == "https://first.example/path"


@pytest.mark.parametrize("country", ["at", "be", "bg", "cy", "cz", "ee", "fr"])
def test_what_is_no_usable_record_is_not_a_time_out(port: int, country: str) -> None:
    with pytest.raises(NameUnresolvable) as refused:
        _resolver(port)(owner_name(country, Service.EVIDENCE_BROKER, ZONE, 1))
    assert not refused.value.timed_out


@pytest.mark.parametrize("country", ["silent", "broken"])
def test_nobody_who_answers_is_told_from_nothing_there(port: int, country: str) -> None:
    with pytest.raises(NameUnresolvable) as refused:
        _resolver(port)(owner_name(country, Service.EVIDENCE_BROKER, ZONE, 1))
    assert refused.value.timed_out
