# Everything runs in a private virtual environment, .venv, that is built on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?= -n auto --dist worksteal
# Tests start the program hundreds of times: it must not be compiled anew each time.
unexport PYTHONDONTWRITEBYTECODE

LOWEST := .venv-lowest
# What depends on the libraries whose lowest versions are tried; everything else, and what needs
# a browser, npm, servers or the API's own library, runs with the newest ones.
LOWEST_TESTS := tests/config tests/model tests/render tests/engine tests/twilio tests/kinds/queue \
	tests/cli/test_queues.py --ignore=tests/render/test_html.py --ignore=tests/twilio/test_parameters.py \
	--ignore=tests/render/test_sarif_published.py --ignore=tests/engine/test_dispatch_crash.py

# Each counts what it tried, and has a longer form of its own; docs/reliability.md says what they cover.
PROOFS := tests/models tests/simulation tests/matrix tests/disks tests/fuzz tests/secrets \
	tests/fleet/test_cluster_prune.py tests/fleet/test_cluster_dispatch.py

# Tests of parts, which need neither a network nor servers beside the emulator, with few examples of each property.
FAST_TESTS := tests/config tests/model tests/render tests/kinds/queue tests/kinds/call/test_cron.py \
	tests/kinds/call/test_rrule.py tests/kinds/retention/test_matching.py tests/engine/test_order.py \
	tests/engine/test_safety.py tests/state/test_documents.py tests/twilio/test_dates.py \
	--ignore=tests/render/test_html.py --ignore=tests/render/test_sarif_published.py \
	--ignore=tests/config/test_bounds.py

.PHONY: help demo test proofs test-fast test-lowest check lint types imports fix schemas reference bench coverage another-day mutants simulate matrix fuzz fleets screenshots clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  */\1#/p' $(firstword $(MAKEFILE_LIST)) | while IFS='#' read -r name what; do \
		printf '%-13s %s\n' "$$name" "$$what"; done

demo: $(VENV)/.demo  ## watch voiceform at work, on this machine alone
	@$(BIN)/voiceform demo

test: $(VENV)/.dev  ## every test but the proofs
	@$(BIN)/python -m pytest $(PYTEST_ARGS) $(PROOFS:%=--ignore=%)

proofs: $(VENV)/.dev  ## what holds in thousands of histories: models, universes, faults, crashes, damage, secrets
	@$(BIN)/python -m pytest $(PYTEST_ARGS) $(PROOFS)

test-fast: $(VENV)/.dev  ## the tests of parts, under a minute
	@$(BIN)/python -m pytest -q $(PYTEST_ARGS) --hypothesis-profile=fast $(FAST_TESTS)

# The lower bounds of pyproject.toml, each of them exactly, in an environment of their own.
test-lowest: $(LOWEST)/.done  ## what depends on libraries, with their lowest versions
	@$(LOWEST)/bin/python -m pytest -q -p no:cacheprovider $(PYTEST_ARGS) $(LOWEST_TESTS)

# Takes an hour, so it is no part of `test`; MODULES="dialler hours" tries some alone.
mutants: $(VENV)/.dev  ## what no test notices, where the promises are kept
	@$(BIN)/python tests/mutation/mutate.py $(MODULES)

SEEDS ?= 10000
# SEED=4711 replays one, with its whole history; BUGS=1 tells in which universe each planted bug is found.
simulate: $(VENV)/.dev  ## simulated universes: SEEDS=10000 of them, or one again with SEED=4711
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),$(if $(BUGS),--bugs) $(SEEDS))

# Takes hours, and fewer with TMPDIR=/dev/shm; a sample of it is in `proofs`. What passed is not played again
# until something in the program or the tests is another.
matrix: $(VENV)/.dev  ## every command with every fault at every operation, killed at, and out of disk from every step
	@VOICEFORM_MATRIX=whole $(BIN)/python -m pytest -q -p tests.matrix.played $(PYTEST_ARGS) tests/matrix tests/disks

# The tests of tests/fuzz with so much more of each: from 100 on every byte and every length. Takes an hour;
# FUZZ_EFFORT=10 a few minutes.
fuzz: $(VENV)/.dev  ## every byte flipped, every length cut, and readers of foreign bytes for long
	@FUZZ_EFFORT=$${FUZZ_EFFORT:-100} $(BIN)/python -m pytest -q $(PYTEST_ARGS) tests/fuzz

# 200 accounts with 20,000 recordings each, of which 100 are due; the emulator takes 2.3 GB of memory.
fleets: $(VENV)/.dev  ## retention of many accounts on a cluster whose workers die
	@FLEET_ACCOUNTS=$${FLEET_ACCOUNTS:-200} FLEET_RECORDINGS=$${FLEET_RECORDINGS:-20000} FLEET_DUE=$${FLEET_DUE:-100} \
		$(BIN)/python -m pytest -q -n 0 tests/fleet/test_cluster_prune.py -k exactly

check: lint types imports  ## lint, types and layers

lint: $(VENV)/.dev  ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## mypy --strict, of tests too
	@$(BIN)/mypy

imports: $(VENV)/.dev  ## import-linter: who may import whom
	@$(BIN)/lint-imports

fix: $(VENV)/.dev  ## let ruff mend and format what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

schemas: $(VENV)/.dev  ## write schemas/config.schema.json from schemas/source/
	@$(BIN)/python -m schemas.source

screenshots: $(VENV)/.dev  ## draw the terminal for docs/, and write down the first minutes at it
	@$(BIN)/python -m tests.terminal.scenes

reference: $(VENV)/.dev  ## write what of docs/ comes from the code: commands, configuration, codes, Python
	@$(BIN)/python -m schemas.reference
	@$(BIN)/python -m tests.docs.reference

# Each with little to do: whether they run, and the order of magnitude. docs/performance.md has those that count.
bench: $(VENV)/.dev  ## every benchmark in a short form
	@$(BIN)/python bench/all.py --short

# Of the programs that tests start, too; takes half as long again as `test`, so it is no part of it.
coverage: $(VENV)/.dev  ## every test, and which lines and branches none of them reaches
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(PYTEST_ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

# For root on Linux with gcc. A test that takes the machine's clock for its own passes until a date is past.
DATE ?= 500 days
another-day: $(VENV)/.dev  ## every test but the proofs on another date: DATE="2028-02-29 23:55"
	@.ci/another-day "$(DATE)" $(BIN)/python -m pytest $(PYTEST_ARGS) $(PROOFS:%=--ignore=%)

$(VENV)/.demo: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing voiceform into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[emulator]'
	@touch $@

$(VENV)/.dev: pyproject.toml .ci/constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing voiceform and what its tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.demo

$(LOWEST)/.done: pyproject.toml .ci/lowest.py
	@rm -rf $(LOWEST) && $(PYTHON) -m venv $(LOWEST)
	@echo "Installing the lowest versions that pyproject.toml allows into $(LOWEST) ..."
	@$(LOWEST)/bin/python .ci/lowest.py > $(LOWEST)/constraints.txt
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -c $(LOWEST)/constraints.txt \
		hatchling editables pytest pytest-xdist hypothesis
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -c $(LOWEST)/constraints.txt \
		--no-build-isolation -e '.[calendar,dask,emulator,holidays,languages,metrics,objectstore,postgres,socks]'
	@touch $@

clean:  ## remove what was built
	rm -rf $(VENV) $(LOWEST) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .coverage
