"""A Domibus or Harmony gateway as the access point: its web-service plugin as client, its push as endpoint.

Only adapters live here: what a message means and when it is due is decided by the exchange.
"""

from intermediary.transport.domibus.backend import Backend, backend_router
from intermediary.transport.domibus.client import GatewayAccess, WsPlugin
from intermediary.transport.domibus.inbox import Inbox
from intermediary.transport.domibus.messaging import GatewayMessaging

__all__ = ["Backend", "GatewayAccess", "GatewayMessaging", "Inbox", "WsPlugin", "backend_router"]
