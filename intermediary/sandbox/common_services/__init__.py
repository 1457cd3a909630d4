"""A double of the Commission's Common Services: EB and DSD from data, signed answers, faults on demand.

`answering` decides (pure), `data` holds what countries publish (YAML, and our own country from its mappings),
`server` speaks HTTP. A foreign country is one more file in `countries/`.
"""

from intermediary.sandbox.common_services.answering import answer
from intermediary.sandbox.common_services.data import load_publications, own_publication, with_differences
from intermediary.sandbox.common_services.server import Fault, create_app, directory_app
from intermediary.sandbox.common_services.signing import Signer

__all__ = [
    "Fault",
    "Signer",
    "answer",
    "create_app",
    "directory_app",
    "load_publications",
    "own_publication",
    "with_differences",
]
