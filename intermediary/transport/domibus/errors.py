"""What can go wrong between us and the gateway.

PartnerUnreachable (exchange)  worth trying again
└── GatewayUnreachable         no connection, refused credentials, an answer that cannot be read
GatewayFault                   the plugin answered with a SOAP fault
ArrivalUnreadable              a retrieved message is none, or too large; it stays at the gateway
NotificationUnreadable         what was pushed to us is no notification
"""

from intermediary.exchange import PartnerUnreachable


class GatewayUnreachable(PartnerUnreachable):
    """The gateway could not be asked."""


class GatewayFault(Exception):  # noqa: N818
    """A SOAP fault: `code` of its FaultDetail (ebMS codes as EBMS:0001), else that of SOAP: `soap:Sender`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class ArrivalUnreadable(ValueError):  # noqa: N818
    """The retrieved message cannot be taken; names place and remedy, never content."""


class NotificationUnreadable(ValueError):  # noqa: N818
    """The body is no notification of the plugin."""
