"""How a lookup grows with the number of mappings: 100 000 beside 100, in one run.

Both sets are asked for a hundred classifications (in the large one spread over all), since a processor's
cache would else be measured: a partner asks for few types, however many there are.
"""

from dataclasses import replace
from datetime import date
from statistics import median
from time import perf_counter

from intermediary.mapping import MappingSet, load
from intermediary.shipped import shipped

_DAY = date(2026, 11, 24)
_ROUNDS, _LOOKUPS = 21, 2_000


def measure() -> dict[str, float]:
    """Time of a lookup among 100 000 mappings as a multiple of that among 100."""
    small, large = _set_of(100), _set_of(100_000)
    wanted = [small.mappings[n % 100].evidence_type_classifications[0] for n in range(_LOOKUPS)]
    spread = [large.mappings[n % 100 * 991].evidence_type_classifications[0] for n in range(_LOOKUPS)]
    _time(small, wanted)
    _time(large, spread)
    # Side by side, so that whatever else the machine does weighs on both.
    rounds = [(_time(large, spread), _time(small, wanted)) for _ in range(_ROUNDS)]
    return {"mapping_lookup_100k_over_100": median(one / other for one, other in rounds)}


def _set_of(size: int) -> MappingSet:
    shipped_set = load(shipped("mappings"))
    base = shipped_set.mappings[0]
    uri = (
        "https://sr.oots.tech.ec.europa.eu/evidencetypeclassifications/DE/{:08x}-0000-4000-8000-000000000000"
    )
    rows = (replace(base, key=f"m{n}", evidence_type_classifications=(uri.format(n),)) for n in range(size))
    return replace(shipped_set, mappings=tuple(rows))


def _time(mappings: MappingSet, classifications: list[str]) -> float:
    started = perf_counter()
    for classification in classifications:
        mappings.find(classification, _DAY)
    return perf_counter() - started


if __name__ == "__main__":
    print(measure())  # noqa: T201 - a bench speaks on its standard output
