"""Doors to national systems: the connector that asks registers, the callback for later answers, and the line
of the conformance kit to a provider under test.
"""

from intermediary.transport.national.callback import callback_router
from intermediary.transport.national.connector import Connector
from intermediary.transport.national.kit_line import KitLine
from intermediary.transport.national.paper import PaperConnector
from intermediary.transport.national.reach import Reach
from intermediary.transport.national.settings import NationalSettings

__all__ = ["Connector", "KitLine", "NationalSettings", "PaperConnector", "Reach", "callback_router"]
