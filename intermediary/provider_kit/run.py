"""Runs the cases, one after the other."""

import time
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from intermediary.mapping.model import Provider
from intermediary.provider_kit.cases import _N, CASES
from intermediary.provider_kit.checks import CHECKS
from intermediary.provider_kit.contracts import Line, NoReply
from intermediary.provider_kit.model import Case, Report, Result, Verdict
from intermediary.provider_kit.plan import Plan
from intermediary.provider_kit.trial import Ended, Trial

_SHOWN = 30
"""Texts and calls of one case in the report: a provider must not make it as large as it likes."""
Progress = Callable[[int, int], None]


def run_kit(
    provider: Provider,
    plan: Plan,
    line: Line,
    clock: Callable[[], datetime],
    *,
    progress: Progress = lambda done, of: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Report:
    """Try every case, one after the other. `progress` hears how many of how many are done."""
    run = Trial(provider, plan, line, clock, sleep)
    started, results = clock(), []
    for number, case in enumerate(CASES):
        progress(number, len(CASES))
        results.append(_tried(run, case))
    progress(len(CASES), len(CASES))
    return Report(_shown(provider.url), provider.protocol, started, clock(), tuple(results))


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:500]


def _tried(run: Trial, case: Case) -> Result:
    run.came.clear()
    try:
        _may_be_tried(run, case)
        CHECKS[case.id](run)
        verdict = Verdict.PASS
    except Ended as ended:
        verdict = ended.verdict
        run.came.append(ended.came)
    except NoReply as none:
        verdict = Verdict.FAIL
        run.say(_N("No answer: %(why)s."), why=none)
    exchanged = run.line.made()
    run.exchanged += exchanged
    return Result(case, verdict, tuple(run.came[:_SHOWN]), exchanged[:_SHOWN])


def _may_be_tried(run: Trial, case: Case) -> None:
    protocol = run.provider.protocol
    if protocol not in case.protocols:
        raise Ended(Verdict.NOT_APPLICABLE, _N("The protocol %(name)s has no such case."), name=protocol)
    if case.id != "connection" and not run.connected:
        raise Ended(Verdict.SKIPPED, _N("There is no connection."))
