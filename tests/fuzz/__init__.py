"""Coverage-guided fuzzing of everything that reads bytes from the wire: MIME, SOAP, security header, signals.

`python -m tests.fuzz TARGET` runs one target (atheris, libFuzzer); `make fuzz` runs all of them for long, and
a short run of each is among the tests. The kept corpus grows by `--keep`.
"""
