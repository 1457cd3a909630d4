"""A document of 250 MB goes from process to process, through chunks only."""

import pytest

from tests.bench import as4_memory


@pytest.mark.slow
def test_250_mb_out_and_in_with_at_most_64_mb_over_idle() -> None:
    received, sent = as4_memory.run(as4_memory.MEGABYTES)
    assert received["digest"] == sent["digest"]
    assert float(sent["extra_mb"]) <= 64
    assert float(received["extra_mb"]) <= 64
