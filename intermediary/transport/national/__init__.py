"""Doors to national systems: the connector that asks registers, the callback for later answers."""

from intermediary.transport.national.callback import callback_router
from intermediary.transport.national.connector import Connector
from intermediary.transport.national.paper import PaperConnector
from intermediary.transport.national.settings import NationalSettings

__all__ = ["Connector", "NationalSettings", "PaperConnector", "callback_router"]
