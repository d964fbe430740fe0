# `make run` and `make test` need Python 3.11 and nothing else; every other target is for people who change Genkan.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
# One more than there are cores, since tests also wait: for deadlines, disks and other programs.
WORKERS := $(shell cores=$$(nproc 2>/dev/null || echo 2); echo $$((cores < 4 ? cores + 1 : 4)))
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: help run test test-long lint format bench bench-quick docs screenshots lock clean

help:  ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

run:  ## set up and start a site on SQLite in ./genkan-data
	@tools/install.sh runtime
	@exec sh tools/run.sh

test:  ## set up and run the tests that this machine can run; says what it left out
	@tools/install.sh dev
	@$(PYTEST)

test-long:  ## the tests that take minutes
	@tools/install.sh dev
	@$(PYTEST) -m long

lint:  ## ruff, mypy and the import contracts
	@tools/install.sh dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format:  ## let ruff format and repair what it can
	@tools/install.sh dev
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench:  ## the whole benchmark
	@tools/install.sh dev
	@$(BIN)/python -m bench

bench-quick:  ## the benchmark, seconds instead of minutes
	@tools/install.sh dev
	@$(BIN)/python -m bench --quick

docs:  ## write the generated pages of docs/ anew
	@tools/install.sh dev
	@$(BIN)/python -m tools.generate_docs

screenshots:  ## take the pictures of docs/screenshots anew
	@tools/install.sh dev
	@mkdir -p docs/screenshots
	@PICTURES=docs/screenshots $(BIN)/python -m pytest -q -n 0 tests/browser/test_pictures.py -k taken

lock:  ## write the lock files anew; UPGRADE=1 takes newer versions
	@tools/install.sh dev
	@$(BIN)/python -m tools.lock $(if $(UPGRADE),--upgrade)

clean:  ## remove what was built, keep every site's data
	rm -rf .venv build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} +
