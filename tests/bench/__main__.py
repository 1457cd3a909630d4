"""`make bench`: run every measurement, print a table, write build/bench.json (flat)."""

import json
import sys
from pathlib import Path

from tests.bench import (
    as4_codec,
    as4_memory,
    end_to_end,
    exchange,
    mapping_lookup,
    phase4_throughput,
    rules,
    storage,
    two_workers,
)

MEASUREMENTS = (
    as4_codec,
    as4_memory,
    phase4_throughput,
    exchange,
    mapping_lookup,
    rules,
    two_workers,
    end_to_end,
    storage,
)


def main() -> int:
    """Measure and report; a measurement that breaks fails the run."""
    figures: dict[str, float] = {}
    for module in MEASUREMENTS:
        sys.stderr.write(f"{module.__name__.rpartition('.')[2]} …\n")
        figures |= module.measure()
    rounded = {name: round(value, 3) for name, value in figures.items()}
    out = Path("build/bench.json")
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(rounded, indent=1) + "\n")
    for name, value in rounded.items():
        sys.stdout.write(f"{name:<40}{value:>10.3f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
