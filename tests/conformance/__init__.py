"""Our checks beside the official artefacts, run by `python -m tests.conformance`."""
