# Everything a newcomer needs; each target works on a bare machine with Python 3.11, make and the registries.
SHELL := /bin/bash
BIN := .venv/bin
PYTHON ?= python3

.PHONY: demo test lint bench conformance chaos model fuzz format clean

.venv/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

demo: .venv/.ready  ## a whole OOTS on this machine; AUTO=1 runs all stories without a browser, EDM=1.2 only one version
	$(BIN)/intermediary demo $(if $(AUTO),--auto) $(if $(EDM),--edm $(EDM))

test: .venv/.ready  ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: .venv/.ready  ## style, types, who may import whom; the rules for mappings, the languages of the pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/intermediary mappings lint mappings --strict
	$(BIN)/intermediary languages

format: .venv/.ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.ready  ## speed, as ratios measured side by side; writes build/bench.json
	$(BIN)/python -m tests.bench

conformance: .venv/.ready  ## our checks beside the official artefacts; writes build/conformance.json
	$(BIN)/python -m tests.conformance

chaos: .venv/.ready  ## 1,000 kills at random instants, with faults; audits everybody's books; writes build/chaos.json
	$(BIN)/python -m tests.chaos

model: .venv/.ready  ## the platform against its model, EXAMPLES (1000) fresh ones; every transition must be taken
	INTERMEDIARY_MODEL_EXAMPLES=$(or $(EXAMPLES),1000) $(BIN)/python -m pytest tests/exchange/test_model.py -n0 -s

fuzz: .venv/.ready  ## coverage-guided fuzzing of all readers, SECONDS_EACH (600); what finds new paths is kept
	for target in mime soap message signal edm national; do \
	  $(BIN)/python -m tests.fuzz $$target --seconds $(or $(SECONDS_EACH),600) --keep || exit 1; done

clean:
	rm -rf build dist var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
