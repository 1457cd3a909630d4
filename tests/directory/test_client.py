"""The client against the double on a TLS socket: every fault, versions, cache, retries."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import stamina

from intermediary.directory import (
    AnswerNotTrusted,
    AnswerUnreadable,
    DirectoryUnreachable,
    Distrust,
    FolderCache,
    NameUnresolvable,
    QueryInvalid,
    RefusalCode,
    Service,
    SignaturePolicy,
    Source,
    VersionMismatch,
    answers_to,
    data_services_query,
    evidence_types_query,
    requirements_query,
)
from intermediary.directory.query import Query
from intermediary.sandbox.common_services import Fault
from tests.directory.double import Double

SR = "https://sr.oots.tech.ec.europa.eu"
BIRTH = f"{SR}/requirements/2a0c6a5e-1f0d-4f6c-9a37-6a5fd5b7a003"
ITALIAN = f"{SR}/evidencetypeclassifications/IT/6f1f0a52-6f0c-4d62-9a40-2a6a4e5d0202"
QUESTION = "6f1f0a52-6f0c-4d62-9a40-2a6a4e5d0411"


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def test_from_procedure_to_provider(common_services: Double) -> None:
    client = common_services.client()
    required = client.ask(requirements_query("R1", "DE")).answer.requirements
    assert {each.identifier for each in required} >= {BIRTH}
    assert all(not each.evidence_type_lists for each in required)
    proof = client.ask(evidence_types_query(BIRTH, "IT"))
    lists = proof.answer.requirements[0].evidence_type_lists
    assert [len(held.evidence_types) for held in lists] == [1, 2]
    assert all(held.jurisdiction for held in lists)
    assert proof.verified.signed
    assert "signer" in proof.verified.signer
    asked = client.ask(data_services_query(ITALIAN, "IT"))
    (question,) = asked.answer.inputs
    assert question.determination is None, "2.0 has classifications only"
    said = answers_to(question, values={QUESTION: "Abroad"}, evidence_type_id=False)
    found = client.ask(data_services_query(ITALIAN, "IT", said=said)).answer.services
    assert [a.provider.identifier.value for each in found for a in each.access_services] == ["IT-MILANO"]


def test_1_x_asks_for_the_place_and_answers_by_it(common_services: Double) -> None:
    client = common_services.client(version="oots-cs:v1.1")
    (question,) = client.ask(data_services_query(ITALIAN, "IT")).answer.inputs
    assert question.determination is not None
    with pytest.raises(QueryInvalid, match="LAU"):
        answers_to(question, values={QUESTION: "InItaly"})
    said = answers_to(question, place="058091", values={QUESTION: "InItaly"})
    found = client.ask(data_services_query(ITALIAN, "IT", said=said)).answer.services
    assert [a.provider.identifier.value for each in found for a in each.access_services] == ["IT-ROMA"]
    wrong = client.ask(data_services_query(ITALIAN, "IT", said={**said, "jurisdiction-admin-l3": "§"}))
    assert [each.code for each in wrong.answer.refusals] == [RefusalCode.DSD_VALUE]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.NO_SIGNATURE, Distrust.SIGNATURE_MISSING),
        (Fault.WRONG_DIGEST, Distrust.DIGEST_WRONG),
        (Fault.WRONG_KEY, Distrust.SIGNATURE_WRONG),
        (Fault.ALGORITHM, Distrust.ALGORITHM_REFUSED),
    ],
)
def test_an_answer_that_is_not_proved_is_discarded(
    common_services: Double, fault: Fault, reason: Distrust, tmp_path: Path
) -> None:
    common_services.app.state.fault = fault
    client = common_services.client(FolderCache(tmp_path))
    for _ in range(2):
        with pytest.raises(AnswerNotTrusted) as refused:
            client.ask(requirements_query("R1", "DE"))
        assert refused.value.reason is reason
    assert common_services.app.state.asked == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (Fault.MALFORMED, "XML-WELL-FORMED"),
        (Fault.WRONG_ROOT, "CS-ROOT"),
        (Fault.EMPTY_SUCCESS, "CS-SUCCESS-EMPTY"),
        (Fault.DOCTYPE, "XML-NO-DOCTYPE"),
        (Fault.HUGE, "CS-LIMITS"),
    ],
)
def test_what_cannot_be_read_is_a_protocol_error(common_services: Double, fault: Fault, rule: str) -> None:
    common_services.app.state.fault = fault
    with pytest.raises(AnswerUnreadable) as refused:
        common_services.client().ask(requirements_query("R1", "DE"))
    assert refused.value.rule == rule
    assert common_services.app.state.asked == 1


def test_a_proxy_that_drops_the_version_is_noticed(common_services: Double) -> None:
    common_services.app.state.fault = Fault.IGNORE_VERSION
    client = common_services.client(signatures=SignaturePolicy.IF_PRESENT)
    with pytest.raises(VersionMismatch):
        client.ask(requirements_query("R1", "DE"))
    with pytest.raises(VersionMismatch, match="EB:ERR:0001"):
        client.ask(requirements_query("R1", "FR"))


def test_a_version_that_the_service_does_not_have(common_services: Double) -> None:
    client = common_services.client(version="oots-cs:v9.0", signatures=SignaturePolicy.IF_PRESENT)
    with pytest.raises(VersionMismatch, match="EB:ERR:0003"):
        client.ask(requirements_query("R1", "DE"))


def test_1_0_is_asked_without_header_and_answers_unsigned(common_services: Double) -> None:
    reply = common_services.client(version="oots-cs:v1.0").ask(evidence_types_query(BIRTH, "DE"))
    assert reply.answer.version is None
    assert not reply.verified.signed
    (held, *_) = reply.answer.requirements[0].evidence_type_lists
    assert held.jurisdiction is None
    assert held.evidence_types[0].jurisdictions


def test_answers_are_kept_and_refusals_are_not(common_services: Double, tmp_path: Path) -> None:
    client = common_services.client(FolderCache(tmp_path))
    assert client.ask(requirements_query("R1", "DE")).source is Source.NETWORK
    again = common_services.client(FolderCache(tmp_path)).ask(requirements_query("R1", "DE"))
    assert again.source is Source.CACHE, "another process finds it"
    assert common_services.app.state.asked == 1
    for _ in range(2):
        assert client.ask(requirements_query("R1", "FR")).answer.refusals[0].nothing_found
    assert common_services.app.state.asked == 3
    common_services.clock.later(minutes=16)
    assert client.ask(requirements_query("R1", "DE")).source is Source.NETWORK
    assert client.ask(requirements_query("R1", "DE"), anew=True).source is Source.NETWORK


def test_what_a_user_said_is_never_kept(common_services: Double, tmp_path: Path) -> None:
    client = common_services.client(FolderCache(tmp_path))
    query = data_services_query(ITALIAN, "IT", said={QUESTION: "Abroad"})
    assert query.personal
    assert "Abroad" not in repr(query)
    assert client.ask(query).answer.services
    assert client.ask(query).source is Source.NETWORK
    assert list(tmp_path.iterdir()) == []


def test_a_start_without_network_lives_on_what_was_kept(common_services: Double, tmp_path: Path) -> None:
    asked = requirements_query("R1", "DE")
    common_services.client(FolderCache(tmp_path)).ask(asked)
    common_services.app.state.fault = Fault.UNAVAILABLE
    alone = common_services.client(FolderCache(tmp_path), attempts=1)
    common_services.clock.later(hours=2)
    assert alone.ask(asked).source is Source.STALE
    common_services.clock.later(hours=23)
    with pytest.raises(DirectoryUnreachable):
        alone.ask(asked)


def test_a_name_that_is_no_longer_found_is_remembered(common_services: Double, tmp_path: Path) -> None:
    known = True
    names: list[str] = []

    def resolve(name: str) -> str:
        names.append(name)
        if known:
            return f"{common_services.url}/eb/"
        raise NameUnresolvable(name, "nobody", timed_out=True)

    client = common_services.client(FolderCache(tmp_path), resolve, urls={}, zone="cs.test")
    assert client.ask(requirements_query("R1", "DE")).source is Source.NETWORK
    assert client.ask(evidence_types_query(BIRTH, "IT")).source is Source.NETWORK
    assert names == ["de.eb.v1.cs.test", "it.eb.v1.cs.test"], "requirements at home, evidence types there"
    known = False
    assert client.ask(requirements_query("R1", "DE")).source is Source.CACHE
    common_services.clock.later(minutes=20)
    assert client.ask(requirements_query("R1", "DE")).source is Source.STALE
    with pytest.raises(NameUnresolvable):
        client.base_url(Service.DATA_SERVICE_DIRECTORY, "FR")


def test_what_was_changed_in_the_cache_is_not_believed(common_services: Double, tmp_path: Path) -> None:
    client = common_services.client(FolderCache(tmp_path))
    client.ask(requirements_query("R1", "DE"))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes().replace(b"Birth", b"Death"))
    with pytest.raises(AnswerNotTrusted):
        client.ask(requirements_query("R1", "DE"))


def test_a_gateway_error_is_asked_again_twice_and_a_refusal_never(common_services: Double) -> None:
    client = common_services.client()
    client.ask(requirements_query("R1", "FR"))
    assert common_services.app.state.asked == 1
    common_services.app.state.fault = Fault.UNAVAILABLE
    with pytest.raises(DirectoryUnreachable, match="503"):
        client.ask(requirements_query("R1", "DE"))
    assert common_services.app.state.asked == 4


def test_redirects_are_not_followed_and_slow_answers_end(common_services: Double) -> None:
    common_services.app.state.fault = Fault.REDIRECT
    with pytest.raises(DirectoryUnreachable, match="302"):
        common_services.client().ask(requirements_query("R1", "DE"))
    common_services.app.state.fault = Fault.SLOW
    with pytest.raises(DirectoryUnreachable, match="no whole answer"):
        common_services.client(total_seconds=0.3).ask(requirements_query("R1", "DE"))


def test_records_of_something_else_are_refused(common_services: Double) -> None:
    publications = common_services.app.state.publications
    client = common_services.client()
    common_services.app.state.publications = publications
    reply = client.ask(requirements_query())
    assert len(reply.answer.requirements) > 10, "the whole catalogue"
    with pytest.raises(QueryInvalid, match="jurisdiction-admin-l3"):
        client.ask(data_services_query(ITALIAN, "IT", said={"jurisdiction-admin-l3": "058091"}))


def test_urls_must_be_https(common_services: Double) -> None:
    for url in ("http://localhost/", "https://a/?b", "https://u@h/", "https:///x", "https://h:99999/"):
        with pytest.raises(QueryInvalid):
            common_services.settings(urls={Service.EVIDENCE_BROKER: url})


def test_threads_share_a_client(common_services: Double) -> None:
    client = common_services.client(fresh=timedelta(0))
    found: list[int] = []

    def ask(query: Query) -> None:
        found.append(len(client.ask(query).answer.requirements))

    threads = [threading.Thread(target=ask, args=(requirements_query("R1", "DE"),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 4
