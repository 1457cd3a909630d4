"""Each room's `__init__.py` is its front door: it exports public names and says what lives there."""

import importlib
import pkgutil

import pytest

import intermediary

ROOMS = sorted(m.name for m in pkgutil.iter_modules(intermediary.__path__) if m.ispkg)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_lives_there(room: str) -> None:
    module = importlib.import_module(f"intermediary.{room}")
    assert module.__doc__, f"intermediary/{room}/__init__.py has no docstring"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_exports_what_it_has_in_order(room: str) -> None:
    module = importlib.import_module(f"intermediary.{room}")
    exported = getattr(module, "__all__", [])
    assert all(hasattr(module, name) for name in exported)
    assert len(set(exported)) == len(exported)
