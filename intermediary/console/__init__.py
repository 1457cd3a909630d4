"""The operators' pages and HTTP API, and the public self-check of messages.

May live here: pages and their texts, the HTTP API beside them, and what both and the command line share
(`Checker`). What may not: rules, schemas, the order of an exchange. Each area is a `Part`: pages, API,
entries of the navigation, what needs attention. `desk.py` shows how a page is written.

    app.mount("/console", create_app(desk, tokens, client, parts))
    app.include_router(self_check_router(Checker(validator), SelfCheckSettings()))
"""

from intermediary.console.access import Operator, Role
from intermediary.console.checking import Checked, CheckedPart, Checker
from intermediary.console.desk import Desk
from intermediary.console.directories import DirectoriesDesk, directories_part
from intermediary.console.dryrun import dryrun_part, would_change_summary
from intermediary.console.editor import editor_part
from intermediary.console.exchanges import Choices, ExchangeDesk, exchanges_part
from intermediary.console.lint import lint_part
from intermediary.console.mappings import mappings_part
from intermediary.console.offices import Act, Acts, log_part, sessions_part
from intermediary.console.partners import Flaw, Partners, Traffic, partners_part
from intermediary.console.service import Part, create_app
from intermediary.console.sessions import Sessions
from intermediary.console.settings import ConsoleSettings
from intermediary.console.tokens import Tokens
from intermediary.console.validate import SelfCheckSettings, self_check_router
from intermediary.console.validator import validator_part

__all__ = [
    "Act",
    "Acts",
    "Checked",
    "CheckedPart",
    "Checker",
    "Choices",
    "ConsoleSettings",
    "Desk",
    "DirectoriesDesk",
    "ExchangeDesk",
    "Flaw",
    "Operator",
    "Part",
    "Partners",
    "Role",
    "SelfCheckSettings",
    "Sessions",
    "Tokens",
    "Traffic",
    "create_app",
    "directories_part",
    "dryrun_part",
    "editor_part",
    "exchanges_part",
    "lint_part",
    "log_part",
    "mappings_part",
    "partners_part",
    "self_check_router",
    "sessions_part",
    "validator_part",
    "would_change_summary",
]
