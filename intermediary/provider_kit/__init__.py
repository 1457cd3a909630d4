"""The conformance kit for providers: every case of the national protocol, tried on a provider's test system.

May live here: the cases, what a provider says of its test persons (`read_plan`), running them (`run_kit`) and
the report. What may not: the HTTP client (`transport.national` implements `Line`), pages of the console.
"""

from intermediary.provider_kit.cases import CASES
from intermediary.provider_kit.contracts import Heard, Line, NoReply, NoToken, Reply
from intermediary.provider_kit.errors import KitError, PlanInvalid
from intermediary.provider_kit.model import Case, Exchanged, Report, Result, Text, Verdict
from intermediary.provider_kit.page import as_html
from intermediary.provider_kit.plan import Plan, read_plan, template
from intermediary.provider_kit.run import run_kit

__all__ = [
    "CASES",
    "Case",
    "Exchanged",
    "Heard",
    "KitError",
    "Line",
    "NoReply",
    "NoToken",
    "Plan",
    "PlanInvalid",
    "Reply",
    "Report",
    "Result",
    "Text",
    "Verdict",
    "as_html",
    "read_plan",
    "run_kit",
    "template",
]
