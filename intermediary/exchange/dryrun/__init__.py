"""Dry runs: what a request would become, and what a change of the mappings would have changed. No I/O.

`dry_run` lets a real exchange happen on paper: the same intake, desk, workflow and outbox, on a ledger in
memory, with a citizen who agrees and a provider that says what it is told to.
"""

from intermediary.exchange.dryrun.model import (
    Answers,
    Call,
    Connectors,
    DryRun,
    Expected,
    Page,
    PaperConnector,
    Plan,
    Recorded,
    Sent,
)
from intermediary.exchange.dryrun.replay import Aspect, Change, PastRequest, Replay, replay
from intermediary.exchange.dryrun.run import MOST, dry_run
from intermediary.exchange.dryrun.samples import sample_request

__all__ = [
    "MOST",
    "Answers",
    "Aspect",
    "Call",
    "Change",
    "Connectors",
    "DryRun",
    "Expected",
    "Page",
    "PaperConnector",
    "PastRequest",
    "Plan",
    "Recorded",
    "Replay",
    "Sent",
    "dry_run",
    "replay",
    "sample_request",
]
