"""A URL from outside leads to public addresses only, and to the address that was judged."""

import ipaddress

import httpcore
import pytest

from intermediary.provider_kit import PlanInvalid, Verdict, read_plan
from intermediary.transport.national.reach import Judged, Reach, Unreachable
from tests.provider_kit.conftest import VEHICLES, Bench
from tests.provider_kit.test_sandbox_registers import verdicts

PRIVATE = (
    "127.0.0.1",
    "127.9.9.9",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "240.0.0.1",
    "::1",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fe80::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "fec0::1",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not Reach().permits("provider.example", ipaddress.ip_address(address))
    judged = Judged(Reach(), lambda host, port: ("8.8.8.8", address))
    with pytest.raises(Unreachable):
        judged.connect_tcp("provider.example", 443)


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450:4001::1", "::ffff:8.8.8.8"])
def test_what_is_public_is_permitted(address: str) -> None:
    assert Reach().permits("provider.example", ipaddress.ip_address(address))


def test_the_operator_allows_names_and_networks() -> None:
    inside = ipaddress.ip_address("10.1.2.3")
    assert Reach(allowed=("10.1.0.0/16",)).permits("x", inside)
    assert Reach(allowed=("test.example",)).permits("TEST.example", inside)
    assert not Reach(allowed=("10.2.0.0/16", "other.example")).permits("test.example", inside)


def test_a_name_that_changes_its_address_is_not_asked_again() -> None:
    answers = [("127.0.0.1",), ("10.0.0.1",)]

    def resolve(host: str, port: int) -> tuple[str, ...]:
        return answers.pop(0)

    judged = Judged(Reach(allowed=("127.0.0.1/32",)), resolve)
    for _ in range(2):
        with pytest.raises(httpcore.ConnectError):  # to the first address: nobody listens on port 1
            judged.connect_tcp("rebinding.example", 1, timeout=1)
    assert answers == [("10.0.0.1",)]


@pytest.mark.parametrize("found", [(), ("no address",)])
def test_a_name_without_an_address_is_refused(found: tuple[str, ...]) -> None:
    with pytest.raises(Unreachable):
        Judged(Reach(), lambda host, port: found).connect_tcp("provider.example", 443)


def test_a_run_at_a_private_address_calls_nobody(bench: Bench) -> None:
    from datetime import UTC, datetime

    from intermediary.provider_kit import run_kit

    provider = bench.provider(bench.world.url("vehicle-register"), "zfzr")
    with bench.line(reach=Reach()) as line:
        report = run_kit(provider, read_plan(VEHICLES), line, lambda: datetime.now(UTC))
    assert verdicts(report)["connection"] is Verdict.FAIL
    (connection,) = report.results[0].exchanged
    assert connection.status is None
    assert "not a public one" in connection.failure
    assert report.count(Verdict.PASS) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "a: [",
        "x" * 70_000,
        "a: &a [x]\n" + "\n".join(f"b{n}: *a" for n in range(60)),
        "!!python/object/apply:os.system [id]",
        "[" * 5000,
        VEHICLES.replace("1990-04-12", "yesterday"),
        VEHICLES + "surprise: 1\n",
        VEHICLES.replace("wait_seconds: 20", "wait_seconds: 1e9"),
    ],
    ids=range(10),
)
def test_test_data_that_cannot_be_used_are_refused(text: str) -> None:
    with pytest.raises(PlanInvalid) as refused:
        read_plan(text)
    assert "Rossi" not in str(refused.value)
    assert "yesterday" not in str(refused.value)
