"""Dry runs: what a request would become, and what a draft would have changed for the requests that came."""

from intermediary.console.dryrun.asked import subject_of
from intermediary.console.dryrun.contracts import Trials
from intermediary.console.dryrun.out import DryRunOut, ReplayOut, replay_out, run_out
from intermediary.console.dryrun.part import dryrun_part
from intermediary.console.dryrun.summary import Summary, would_change_summary

__all__ = [
    "DryRunOut",
    "ReplayOut",
    "Summary",
    "Trials",
    "dryrun_part",
    "replay_out",
    "run_out",
    "subject_of",
    "would_change_summary",
]
