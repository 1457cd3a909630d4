"""Nothing of the citizen and nothing of the evidence reaches logs, metrics or traces."""

import io
import logging

import pytest
import structlog
import uvicorn

from intermediary.exchange import ProviderUnavailable
from intermediary.national.model import NationalAnswer, Outcome
from intermediary.observing import configure_logging
from intermediary.sandbox.doubles import PDF
from tests.exchange.house import a_request, login_of
from tests.observing.conftest import Watched
from tests.observing.test_alerts import an_exchange

PLANTED = "PLANTED-SECRET"


def _shown(watched: Watched, log: io.StringIO) -> dict[str, str]:
    spans = "".join(span.to_json() for span in watched.spans.get_finished_spans())
    return {"log": log.getvalue(), "metrics": watched.metrics.text().decode(), "traces": spans}


@pytest.mark.usefixtures("own_logging")
def test_nothing_personal_is_shown_of_whole_stories(watched: Watched) -> None:
    log, house = io.StringIO(), watched.house
    configure_logging(log)
    an_exchange(watched)

    # An impostor; a register that quotes the person in its reason; a step that breaks on their data.
    request = a_request()
    identity = login_of(request)
    house.desk.identify(house.begin(request), "visitor-2", login_of(request, "Low"))
    house.register.script.append(
        NationalAnswer("", Outcome.REJECTED, code="PX-1", reason=f"{identity.family_name} is unknown")
    )
    house.preview(a_request())
    house.register.script.append(ProviderUnavailable("timeout"))
    house.preview(a_request())

    def broken(*_given: object) -> None:
        raise RuntimeError(f"{PLANTED} {identity.family_name}")

    house.register.ask = broken  # type: ignore[assignment,method-assign]
    house.preview(a_request())
    # A message that is refused, with a text of its own.
    house.receive(house.partner.pack(a_request(id=f"urn:uuid:{PLANTED}")))
    house.work()

    facts = {str(seen.event.fact) for seen in watched.seen}
    assert {"closed", "citizen-identified", "provider-unavailable", "step-failed", "settled"} <= facts
    assert identity.identifier is not None
    assert identity.date_of_birth is not None
    words = [
        identity.family_name,
        identity.given_name,
        identity.identifier,
        identity.date_of_birth.isoformat(),
        PLANTED,
        PDF[:40].decode("latin-1"),
    ]
    shown = _shown(watched, log)
    assert all("provider-asked" in text for text in shown.values()), "each has to show the story"
    for where, text in shown.items():
        for word in words:
            assert word not in text, (where, word)


@pytest.mark.usefixtures("own_logging")
def test_values_under_names_that_are_not_listed_are_withheld() -> None:
    log = io.StringIO()
    configure_logging(log)
    structlog.get_logger("intermediary.test").warning("found", family_name=PLANTED, item="in|it|1")
    assert PLANTED not in log.getvalue()
    assert '"withheld": ["family_name"]' in log.getvalue()
    assert '"item": "in|it|1"' in log.getvalue()


@pytest.mark.usefixtures("own_logging")
@pytest.mark.parametrize("logger", ["intermediary.test", "uvicorn.error", "somebody.else"])
def test_of_an_exception_only_kind_and_place_are_logged(logger: str) -> None:
    log = io.StringIO()
    uvicorn.Config(lambda: None)  # puts handlers of its own on its loggers
    configure_logging(log)
    try:
        {"": 0}[PLANTED]
    except KeyError:
        logging.getLogger(logger).exception("it broke\nfuture: <Task exception=%s>", PLANTED)
        structlog.get_logger(logger).exception("it broke")
    assert PLANTED not in log.getvalue()
    assert log.getvalue().count('"exception": "KeyError at test_private.py:') == 2
