"""Self service of providers: operators invite one; by its link it describes its service, tries its test
system with the conformance kit, and hands in what it drafted.

`selfservice_part` is the operators' side, `provider_app` the provider's: pages with a session of their own,
no more than the invitation allows.
"""

from intermediary.console.selfservice.contracts import Counted, Counts, Trial
from intermediary.console.selfservice.invitations import Invitations
from intermediary.console.selfservice.pages import provider_app
from intermediary.console.selfservice.part import selfservice_part
from intermediary.console.selfservice.runs import Runs

__all__ = ["Counted", "Counts", "Invitations", "Runs", "Trial", "provider_app", "selfservice_part"]
