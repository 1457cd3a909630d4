"""The versions spoken here."""

from collections.abc import Mapping
from types import MappingProxyType

from intermediary.edm.errors import UnsupportedVersion
from intermediary.edm.profiles.profile import Profile
from intermediary.edm.profiles.v1_0 import V1_0
from intermediary.edm.profiles.v1_1 import V1_1
from intermediary.edm.profiles.v1_2 import V1_2
from intermediary.edm.profiles.v2_0 import V2_0

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.specification_identifier: profile for profile in (V1_0, V1_1, V1_2, V2_0)}
)
"""Profiles by specification identifier, oldest first."""
LATEST = "oots-edm:v2.0"


def profile_for(identifier: str) -> Profile:
    """The profile of a specification identifier, white space around it ignored. Raises UnsupportedVersion."""
    try:
        return PROFILES[identifier.strip()]
    except KeyError:
        raise UnsupportedVersion(f"EDM versions spoken here: {', '.join(PROFILES)}") from None
