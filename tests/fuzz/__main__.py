"""Run one target under atheris: `python -m tests.fuzz TARGET [--runs N | --seconds N] [--keep]`."""

import argparse
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Never returns: libFuzzer ends the process, with 0 where nothing was found."""
    import atheris

    with atheris.instrument_imports(include=["intermediary"]):
        from tests.fuzz.targets import TARGETS

    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("target", choices=TARGETS)
    options.add_argument("--runs", type=int, default=-1)
    options.add_argument("--seconds", type=int, default=0)
    options.add_argument("--keep", action="store_true", help="add what found new paths to the kept corpus")
    given = options.parse_args()
    target = TARGETS[given.target]
    kept = HERE / "corpus" / given.target
    kept.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f"fuzz-{given.target}-"))
    for number, seed in enumerate(target.seeds()):
        (fresh / f"seed-{number}").write_bytes(seed)
    folders = (kept, fresh) if given.keep else (fresh, kept)
    arguments = [
        sys.argv[0],
        f"-runs={given.runs}",
        f"-max_total_time={given.seconds}",
        "-max_len=20000",
        "-timeout=20",
        "-rss_limit_mb=2048",
        f"-dict={HERE / 'words.dict'}",
        f"-artifact_prefix={fresh}/",
        *map(str, folders),
    ]
    atheris.Setup(arguments, target.reader)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
