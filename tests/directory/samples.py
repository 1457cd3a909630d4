"""The official samples of the Common Services; they live outside the repository."""

from pathlib import Path
from typing import Final

import pytest

COMMON: Final = Path(__file__).parents[3] / "shared" / "common-services"
SAMPLES: Final = COMMON / "samples"

requires_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the Common Services artefacts are not at ../shared/common-services"
)


def names(*folders: str) -> list[str]:
    """All samples of some folders, as paths below `SAMPLES`."""
    found = (path for folder in folders for path in (SAMPLES / folder).glob("*.xml"))
    return sorted(path.relative_to(SAMPLES).as_posix() for path in found)


def sample(start: str) -> bytes:
    """The one sample whose path begins like that."""
    (path,) = (SAMPLES / name for name in names("eb", "dsd", "lcm") if name.startswith(start))
    return path.read_bytes()
