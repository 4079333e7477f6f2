# Two commands do all the set-up on a fresh machine: `make up` and `make test`. Everything else is for convenience.
VENV ?= .venv
DEV_VENV ?= .venv-dev
BIN := $(DEV_VENV)/bin
PYTEST_WORKERS ?= 2

.PHONY: up demo test test-all check bench bench-all web reference conformance clean setup setup-dev

up: setup ## find this machine's logs, follow them and serve the dashboard
	$(VENV)/bin/whodid up

demo: setup ## play the December story and print who did it
	$(VENV)/bin/whodid demo

test: setup-dev web check ## everything CI runs
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup -m "not slow"

test-all: setup-dev web check ## and the slow proofs
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup

check: setup-dev ## lint, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup-dev ## measure, ten minutes at most; prints tables and writes benchmarks/results/*.json
	$(BIN)/python -m benchmarks $(ARGS)

bench-all: setup-dev ## the same with the long proofs: a store of 20 million lines
	$(BIN)/python -m benchmarks --all $(ARGS)

reference: setup-dev ## rewrite the generated parts of docs/reference
	$(BIN)/python tools/reference.py

web: setup-dev ## build the dashboard into src/whodid/api/static
	$(BIN)/python hatch_build.py

conformance: setup-dev ## Loki's recorded answers, from ../shared (a base instant that fits their steps: docs/design/0004)
	$(BIN)/python tools/conformance.py $(ARGS)

setup:
	@tools/setup server $(VENV)

setup-dev:
	@tools/setup dev $(DEV_VENV)

clean:
	rm -rf $(VENV) $(DEV_VENV) src/whodid/api/static web/node_modules .pytest_cache .mypy_cache .ruff_cache
