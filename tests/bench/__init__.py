"""Speed as ratios, measured side by side in one run: `python -m tests.bench`, which writes build/bench.json."""
