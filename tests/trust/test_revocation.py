"""Revocation over a real HTTP server: what authorities answer, or do not, and what is made of it."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from intermediary import trust
from intermediary.transport.revocation import HttpFetch
from intermediary.trust import Answer, NoAnswer, Revocation
from tests.as4.pki import NOW
from tests.trust.responder import DAY, DER, Authority, addresses, certificate, delegate, serving

SOFT = trust.CertificatePolicy(fetch_seconds=2.0, patience_seconds=3.0)
HARD = replace(SOFT, revocation=Revocation.HARD)
HOUR = timedelta(hours=1)


@pytest.fixture
def authority() -> Iterator[Authority]:
    with serving() as running:
        yield running


def revocations(policy: trust.CertificatePolicy = SOFT, folder: Path | None = None) -> trust.Revocations:
    return trust.Revocations(policy, HttpFetch(policy), folder)


def judge(
    authority: Authority,
    member: x509.Certificate,
    policy: trust.CertificatePolicy = HARD,
    known: trust.Revocations | None = None,
    after: timedelta = timedelta(),
) -> str | None:
    status = (known or revocations(policy)).status
    check = trust.certificate_check([authority.root], policy, NOW + after, (), status)
    return check(member.public_bytes(DER))


@pytest.mark.parametrize(("ocsp", "crl"), [(True, False), (False, True)])
def test_good_and_revoked(authority: Authority, ocsp: bool, crl: bool) -> None:
    member, other = authority.member(ocsp=ocsp, crl=crl), authority.member("AP_OTHER", ocsp=ocsp, crl=crl)
    assert judge(authority, member) is None
    authority.revoked.add(member.serial_number)
    assert judge(authority, other) is None
    for policy in (SOFT, HARD):
        reason = judge(authority, member, policy)
        assert reason is not None
        assert reason.startswith("revoked on 2026-06-29, keyCompromise (serial ")
        assert f"{member.serial_number:X} issued by CN=Rev CA" in reason


def test_off_asks_nobody(authority: Authority) -> None:
    member = authority.member()
    authority.revoked.add(member.serial_number)
    assert judge(authority, member, replace(SOFT, revocation=Revocation.OFF)) is None
    assert authority.asked == []


def test_without_addresses_soft_believes_and_hard_refuses(authority: Authority) -> None:
    member = authority.member(ocsp=False, crl=False)
    assert judge(authority, member, SOFT) is None
    reason = judge(authority, member, HARD) or ""
    assert "its revocation status is not known" in reason
    assert "names no address" in reason


def test_the_list_helps_where_the_responder_is_down(authority: Authority) -> None:
    member = authority.member()
    authority.down = True
    assert judge(authority, member) is None
    assert authority.asked == ["/ocsp", "/crl"]
    authority.revoked.add(member.serial_number)
    assert "revoked" in (judge(authority, member) or "")


def _unusable(authority: Authority, case: str) -> None:
    match case:
        case "unknown":
            authority.unknown = True
        case "forged":
            authority.signer = "Forger"
        case "stale":
            authority.this_update, authority.next_update = NOW - 9 * DAY, NOW - DAY
        case "too old, whatever it promises":
            authority.this_update, authority.next_update = NOW - 11 * DAY, NOW + 300 * DAY
        case "of the future":
            authority.this_update = NOW + HOUR
        case "wrong nonce":
            authority.nonce = "wrong"
        case "nonsense":
            authority.body = b"0\x82nonsense"
        case "empty":
            authority.body = b""
        case "HTTP 500":
            authority.status = 500
        case "redirect":
            authority.status, authority.body = 302, b""
        case "oversized":
            authority.body = bytes(SOFT.max_ocsp_bytes + 1)
        case "a responder without the extended key usage":
            authority.delegate, authority.signer = delegate(eku=False), "Responder"
        case "a responder of another authority":
            authority.delegate, authority.signer = delegate(issuer="Forger"), "Responder"
        case "an expired responder":
            authority.delegate, authority.signer = delegate(ends=NOW - DAY), "Responder"


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("unknown", "the responder does not know the certificate"),
        ("forged", "not signed by the issuer or a responder of its"),
        ("stale", "stale"),
        ("too old, whatever it promises", "stale"),
        ("of the future", "of the future"),
        ("wrong nonce", "the nonce is not the one that was sent"),
        ("nonsense", "cannot be read"),
        ("empty", "cannot be read"),
        ("HTTP 500", "HTTP 500"),
        ("redirect", "HTTP 302"),
        ("oversized", "more than 65536 bytes"),
        ("a responder without the extended key usage", "not signed by the issuer"),
        ("a responder of another authority", "not signed by the issuer"),
        ("an expired responder", "not signed by the issuer"),
    ],
)
def test_ocsp_answers_that_say_nothing(authority: Authority, case: str, told: str) -> None:
    member = authority.member(crl=False)
    _unusable(authority, case)
    assert told in (judge(authority, member, HARD) or "")
    assert judge(authority, member, SOFT) is None


@pytest.mark.parametrize("case", ["forged", "stale", "too old, whatever it promises", "nonsense", "HTTP 500"])
def test_lists_that_say_nothing(authority: Authority, case: str) -> None:
    member = authority.member(ocsp=False)
    _unusable(authority, case)
    assert "its revocation status is not known" in (judge(authority, member, HARD) or "")
    assert judge(authority, member, SOFT) is None


def _scope(**said: object) -> x509.IssuingDistributionPoint:
    told: dict[str, object] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(told | said))  # type: ignore[arg-type]


ELSEWHERE = [x509.UniformResourceIdentifier("http://elsewhere.example/crl")]


@pytest.mark.parametrize(
    ("extension", "usable"),
    [
        (_scope(only_contains_user_certs=True), True),
        (_scope(only_contains_ca_certs=True), False),
        (_scope(indirect_crl=True), False),
        (_scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), False),
        (_scope(full_name=ELSEWHERE), False),
        (x509.DeltaCRLIndicator(1), False),
    ],
)
def test_lists_that_are_only_a_part(
    authority: Authority, extension: x509.ExtensionType, usable: bool
) -> None:
    member = authority.member(ocsp=False)
    authority.crl_extensions = [(extension, True)]
    assert (judge(authority, member) is None) is usable


def test_a_delegated_responder(authority: Authority) -> None:
    member = authority.member(crl=False)
    authority.delegate, authority.signer = delegate(), "Responder"
    assert judge(authority, member) is None
    authority.revoked.add(member.serial_number)
    assert "revoked" in (judge(authority, member) or "")


def test_a_responder_without_nonce_is_believed_unless_the_policy_demands_it(authority: Authority) -> None:
    member = authority.member(crl=False)
    authority.nonce = "none"
    assert judge(authority, member) is None
    assert "leaves the nonce out" in (judge(authority, member, replace(HARD, ocsp_nonce_required=True)) or "")


def test_a_hash_that_the_policy_does_not_allow(authority: Authority) -> None:
    member = authority.member()
    narrow = replace(HARD, signature_hashes=frozenset({"sha384"}))
    answer = revocations(narrow).status(member, authority.root, NOW)
    assert isinstance(answer, NoAnswer)
    assert answer.reason.count("weak hash") == 2


def test_a_revoked_intermediate_refuses_what_it_issued(authority: Authority) -> None:
    places = addresses(authority.base, ocsp=False)
    middle = certificate("Middle", "Rev CA", *places, authority=True)
    member = certificate("AP_BELOW", "Middle")
    authority.revoked.add(middle.serial_number)
    status = revocations().status

    def check(policy: trust.CertificatePolicy) -> str | None:
        found = trust.certificate_check([authority.root], policy, NOW, (), status)
        return found(member.public_bytes(DER), [middle.public_bytes(DER)])

    assert f"revoked on 2026-06-29, keyCompromise (serial {middle.serial_number:X}" in (check(SOFT) or "")
    assert check(replace(SOFT, check_authorities=False)) is None


def test_known_answers_are_not_asked_again_and_survive_a_restart(
    authority: Authority, tmp_path: Path
) -> None:
    member = authority.member()
    known = revocations(folder=tmp_path / "revocation")
    assert [judge(authority, member, HARD, known) for _ in range(3)] == [None] * 3
    assert authority.asked == ["/ocsp"]
    authority.status = 503
    again = revocations(folder=tmp_path / "revocation")
    assert judge(authority, member, HARD, again, HOUR) is None
    assert authority.asked == ["/ocsp"]
    later = judge(authority, member, HARD, again, 4 * DAY) or ""
    assert "HTTP 503" in later, "the kept answer is too old"


def test_a_kept_answer_that_somebody_changed_is_not_believed(authority: Authority, tmp_path: Path) -> None:
    member = authority.member(ocsp=False)
    authority.revoked.add(member.serial_number)
    assert judge(authority, member, HARD, revocations(folder=tmp_path)) is not None
    authority.revoked.clear()
    authority.signer = "Forger"
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(authority.crl())
    authority.status = 503
    assert "HTTP 503" in (judge(authority, member, HARD, revocations(folder=tmp_path)) or "")


def test_an_older_list_does_not_hide_a_revocation(authority: Authority, tmp_path: Path) -> None:
    member = authority.member(ocsp=False)
    old = authority.crl()
    authority.this_update += timedelta(minutes=30)
    authority.revoked.add(member.serial_number)
    known = revocations(folder=tmp_path)
    assert "revoked" in (judge(authority, member, HARD, known) or "")
    authority.body = old
    known.refresh(NOW + 2 * HOUR)
    assert authority.asked == ["/crl", "/crl"]
    for same_or_restarted in (known, revocations(folder=tmp_path)):
        assert "revoked" in (judge(authority, member, HARD, same_or_restarted, 2 * HOUR) or "")
    assert authority.asked == ["/crl", "/crl"]


def test_the_background_job_learns_of_a_revocation(authority: Authority) -> None:
    member = authority.member()
    known = revocations()
    assert judge(authority, member, HARD, known) is None
    assert known.refresh(NOW + timedelta(minutes=10)) == 0, "not due yet"
    authority.revoked.add(member.serial_number)
    authority.this_update = NOW + HOUR
    assert known.refresh(NOW + 2 * HOUR) == 1
    assert "revoked" in (judge(authority, member, SOFT, known, 2 * HOUR) or "")


def test_what_is_not_used_any_more_is_forgotten(authority: Authority) -> None:
    known = revocations()
    assert judge(authority, authority.member(), HARD, known) is None
    assert known.refresh(NOW + 2 * DAY) == 0
    assert authority.asked == ["/ocsp"]


def test_the_job_runs_until_it_is_stopped(authority: Authority) -> None:
    known, stop, member = revocations(), threading.Event(), authority.member()

    def warm() -> None:
        stop.set()
        judge(authority, member, HARD, known)

    known.run(stop, lambda: NOW, warm)
    assert authority.asked == ["/ocsp"]


def test_a_dead_address_is_left_alone_for_a_while(authority: Authority) -> None:
    one, other = authority.member(crl=False), authority.member("AP_OTHER", crl=False)
    authority.status = 500
    known = revocations()
    first = judge(authority, one, HARD, known) or ""
    second = judge(authority, other, HARD, known) or ""
    assert "HTTP 500" in first
    assert "is not asked until 12:05:00 UTC (HTTP 500)" in second
    assert authority.asked == ["/ocsp"]
    authority.status = 200
    assert judge(authority, one, HARD, known, timedelta(minutes=6)) is None


def test_a_slow_responder_is_given_up(authority: Authority) -> None:
    hasty = replace(HARD, fetch_seconds=0.2, patience_seconds=0.3)
    member = authority.member(crl=False)
    authority.delay = 1.0
    known = revocations(hasty)
    assert "no whole answer within 0.2 s" in (judge(authority, member, hasty, known) or "")
    assert judge(authority, member, replace(hasty, revocation=Revocation.SOFT), known) is None
    assert authority.asked == ["/ocsp"]


def test_threads_that_want_the_same_ask_once(authority: Authority) -> None:
    authority.delay = 0.1
    known, member, found = revocations(), authority.member(), list[str | None]()
    threads = [
        threading.Thread(target=lambda: found.append(judge(authority, member, HARD, known))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [None] * 8
    assert authority.asked == ["/ocsp"]


def test_nobody_listens() -> None:
    alone = Authority("http://127.0.0.1:9")
    reason = judge(alone, alone.member(crl=False), HARD) or ""
    assert "http://127.0.0.1:9/ocsp: ConnectError" in reason


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ldap://x/y", "gopher://x", "http://", "http://[", "x"]
)
def test_only_http_is_fetched(url: str) -> None:
    with pytest.raises(trust.FetchFailed):
        HttpFetch(SOFT)(url, None)


def test_only_hosts_that_are_allowed(authority: Authority) -> None:
    with pytest.raises(trust.FetchFailed, match="not among the hosts"):
        HttpFetch(SOFT, frozenset({"crl.example"}))(f"{authority.base}/crl", None)
    assert HttpFetch(SOFT, frozenset({"127.0.0.1"}))(f"{authority.base}/crl", None) == authority.crl()


def test_a_certificate_is_explained(authority: Authority) -> None:
    member = authority.member()
    check = trust.certificate_check([authority.root], HARD, NOW, (), revocations().status)
    good = trust.explain(check, member.public_bytes(DER))
    assert good.trusted
    assert good.steps[0] == "path 1 of 1, 2 certificates:"
    assert any("revocation: good (answer of 2026-07-01 11:00" in step for step in good.steps)
    authority.revoked.add(member.serial_number)
    check = trust.certificate_check([authority.root], HARD, NOW, (), revocations().status)
    bad = trust.explain(check, member.public_bytes(DER))
    assert not bad.trusted
    assert bad.steps[-1].startswith("not trusted: revoked on 2026-06-29")
    stranger = trust.explain(check, delegate(issuer="Forger").public_bytes(DER))
    assert stranger.steps[-1].startswith(
        "not trusted: no path leads to a trust anchor: its issuer is not known"
    )


def test_an_answer_says_since_when(authority: Authority) -> None:
    member = authority.member()
    authority.revoked.add(member.serial_number)
    answer = revocations().status(member, authority.root, NOW)
    assert isinstance(answer, Answer)
    assert answer.revoked_at == NOW - 2 * DAY
    assert answer.until == NOW - HOUR + SOFT.ocsp_max_age
