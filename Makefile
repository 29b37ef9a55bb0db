# The two commands a newcomer needs are `make demo` and `make test`.
.DEFAULT_GOAL := help

# the first Python on the path that is new enough
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] < (3,14))' \
  && { echo $$p; break; }; done)
ifeq ($(PYTHON),)
  $(error telltale needs Python 3.11, 3.12 or 3.13 on the path. Or name one: make PYTHON=/path/to/python3.12)
endif
LOCK := constraints/py$(shell $(PYTHON) -c 'import sys; print(311 if sys.version_info < (3, 12) else 313)').txt
BIN := .venv/bin
WEB := $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: help demo test test-long check format bench bench-quality models clean
help:  ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.venv/installed: pyproject.toml hatch_build.py $(LOCK) $(WEB)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(LOCK) -e '.[archive]'
	@touch $@

.venv/developing: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(LOCK) -e '.[archive,models,train,vehicle,mqtt,industrial,dev]'
	$(PYTHON) -m venv .venv/broker
	.venv/broker/bin/python -m pip install --quiet --disable-pip-version-check -r constraints/broker.txt
	@touch $@

demo: .venv/installed  ## set up everything and open five moving machines at http://127.0.0.1:8000
	$(BIN)/telltale demo --data data/demo

test: .venv/developing  ## set up everything and run all tests, browser tests included
	$(BIN)/python scripts/find_browser.py
	$(BIN)/python -m pytest -n 3 --dist loadfile

test-long: .venv/developing  ## the nightly forms: 100 kills, millions of rows
	$(BIN)/python scripts/find_browser.py
	$(BIN)/python -m pytest -n 3 --dist loadfile --long

check: .venv/developing  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/developing  ## mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/developing  ## measure speed and size on this machine, as JSON
	$(BIN)/python -m benchmarks

bench-quality: .venv/developing  ## judge the models on public data (../shared/data), write docs/reference/quality.md
	$(BIN)/python benchmarks/quality

models: .venv/developing  ## train every model again that telltale brings along; the fault network takes longest
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(LOCK) -e '.[networks]'
	$(BIN)/python -m training

clean:  ## remove what was set up and built
	rm -rf .venv src/telltale/web web/node_modules
