"""What the citizen added for the register: personal data, so sealed with the evidence key."""

import json
from collections.abc import Mapping

from intermediary.exchange.contracts import Vault
from intermediary.exchange.model import Exchange


def seal_inputs(vault: Vault, exchange: Exchange, inputs: Mapping[str, str]) -> bytes:
    """Sealed under the exchange's evidence key."""
    assert exchange.evidence_key is not None
    return vault.seal(exchange.evidence_key, json.dumps(dict(inputs)).encode())


def open_inputs(vault: Vault, exchange: Exchange) -> Mapping[str, str]:
    """The inputs given so far; empty where none were."""
    if exchange.sealed_inputs is None or exchange.evidence_key is None:
        return {}
    opened: dict[str, str] = json.loads(vault.open(exchange.evidence_key, exchange.sealed_inputs))
    return opened
