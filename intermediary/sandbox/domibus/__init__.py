"""A gateway as other people run it: our double of Domibus with its web-service plugin.

Towards partners it speaks real AS4 for the platform's party; towards the platform it is as strict as the
plugin's schema. Nothing of `intermediary.transport` is used here: both sides were written from the facts.
"""

from intermediary.sandbox.domibus.app import create_app
from intermediary.sandbox.domibus.gateway import Gateway, Options

__all__ = ["Gateway", "Options", "create_app"]
