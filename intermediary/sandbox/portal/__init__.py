"""Another Member State's procedure portal with its own AS4 access point: the requester of the sandbox.

Another party's system: of the platform's code it uses the `as4` and `edm` codecs (and the XML parser) only.
"""

from intermediary.sandbox.portal.app import create_app

__all__ = ["create_app"]
