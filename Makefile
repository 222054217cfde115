# Needs make and Python 3.11 or later, nothing else. `make PYTHON=/path/to/python3` chooses another Python.
#
#   make demo    set up, assess a published case of massive hemoptysis, and end with the address of the page
#   make test    set up, then style, types, layers and tests
#   make setup   the whole environment in .venv
#   make bench   set up, then the benchmarks, side by side in one run
#   make torture set up, then kill, fill and damage the encounter log for twenty minutes; prints what was lost
#   make lock    write requirements/*.txt anew from requirements/*.in
#   make clean   remove .venv and everything that tools left behind

PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin

# The environment is named after what it was made from, so it is made again when, and only when, that changes. The
# folder counts too: a virtual environment that was moved no longer runs.
PINS := $(shell { pwd; cat requirements/*.txt; } | cksum | cut -d ' ' -f 1)
PROJECT := $(shell cksum < pyproject.toml | cut -d ' ' -f 1)
RUNTIME := .venv/runtime-$(PINS)
PACKAGE := .venv/package-$(PINS)-$(PROJECT)
DEV := .venv/dev-$(PINS)
PAGE := .venv/page-$(PINS)
PEERS := .venv/peers-$(PINS)

.PHONY: help setup setup-runtime demo test bench torture lock clean
.NOTPARALLEL:

help:
	@sed -n 's/^#   //p' Makefile

setup: $(PACKAGE) $(DEV)

setup-runtime: $(PACKAGE)

$(RUNTIME):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo 'Clinical Commander needs Python 3.11 or later as `$(PYTHON)`; choose one with `make PYTHON=...`.' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null \
	    || { echo 'Python lacks its venv module: on Debian or Ubuntu, run `apt-get install python3-venv`.' >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@touch $@

$(PACKAGE): $(RUNTIME)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUNTIME)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(PAGE): $(RUNTIME)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/service.txt
	@touch $@

$(PEERS): $(DEV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

# The page goes on in the background and stops by itself when nobody has asked for an hour.
demo: setup-runtime $(PAGE)
	$(BIN)/commander assess examples/cases/tb-04.yaml
	$(BIN)/commander serve --port 0 --detach --idle 60

# pytest comes last: its closing line is the verdict.
test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

bench: setup $(PEERS)
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.encounter
	$(BIN)/python -m benchmarks.page

torture: setup
	$(BIN)/python -m tests.torture

# Needs uv. Every published file's hash is kept, so one set of pins serves every platform and Python from 3.11 on. Pins
# that still fit stay as they are; `make lock LOCK=--upgrade` takes the newest.
lock:
	cd requirements && for name in runtime build dev service bench; do \
	    uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	        --no-emit-find-links --custom-compile-command 'make lock' $(LOCK) $$name.in --output-file $$name.txt || exit 1; \
	done

clean:
	rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
