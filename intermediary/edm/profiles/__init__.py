"""One profile per EDM version: data first. A version is a parameter of reader and writer, never a branch."""

from intermediary.edm.profiles.catalogue import LATEST, PROFILES, profile_for
from intermediary.edm.profiles.profile import Profile

__all__ = ["LATEST", "PROFILES", "Profile", "profile_for"]
