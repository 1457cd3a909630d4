"""Pages for those who run the platform or connect to it. So far: the public self-check of messages.

May live here: pages and their texts, the HTTP API beside them, and what both and the command line share
(`Checker`). What may not: rules, schemas, the order of an exchange.

    app.include_router(self_check_router(Checker(validator), SelfCheckSettings()))
"""

from intermediary.console.checking import Checked, CheckedPart, Checker
from intermediary.console.validate import SelfCheckSettings, self_check_router

__all__ = ["Checked", "CheckedPart", "Checker", "SelfCheckSettings", "self_check_router"]
