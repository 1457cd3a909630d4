"""Imported by the process that forks the nodes: does an exchange once, so that they inherit what it loads."""

import os
import tempfile
from pathlib import Path

from intermediary.sandbox.world import World
from tests.chaos.serving import KEYS
from tests.exchange.house import House, a_request

with tempfile.TemporaryDirectory() as _folder:
    _house = House(Path(_folder), world=World(Path(os.environ[KEYS])))
    _request = a_request()
    _token, _view = _house.preview(_request)
    _house.push(_house.second(_request, _token))
    _house.desk.decide(_token, "visitor-1", frozenset(d.id for d in _view.documents))
    _house.work()
    _house.engine.dispose()
