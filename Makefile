# Everything runs in a private virtual environment, .venv, that is built on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?= -n auto

LOWEST := .venv-lowest
# What depends on the libraries whose lowest versions are tried; everything else, and what needs
# a browser or the API's own library, runs with the newest ones.
LOWEST_TESTS := tests/config tests/model tests/render tests/engine tests/twilio tests/kinds/queue \
	tests/cli/test_queues.py --ignore=tests/render/test_html.py --ignore=tests/twilio/test_parameters.py

.PHONY: demo test test-lowest check lint types imports bench clean

demo: $(VENV)/.demo
	@$(BIN)/voiceform demo

test: $(VENV)/.dev
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

# The lower bounds of pyproject.toml, each of them exactly, in an environment of their own.
test-lowest: $(LOWEST)/.done
	@$(LOWEST)/bin/python -m pytest -q -p no:cacheprovider $(PYTEST_ARGS) $(LOWEST_TESTS)

check: lint types imports

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev
	@$(BIN)/mypy

imports: $(VENV)/.dev
	@$(BIN)/lint-imports

$(VENV)/.demo: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing voiceform into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[emulator]'
	@touch $@

$(VENV)/.dev: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing voiceform and what its tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.demo

$(LOWEST)/.done: pyproject.toml .ci/lowest.py
	@rm -rf $(LOWEST) && $(PYTHON) -m venv $(LOWEST)
	@echo "Installing the lowest versions that pyproject.toml allows into $(LOWEST) ..."
	@$(LOWEST)/bin/python .ci/lowest.py > $(LOWEST)/constraints.txt
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -c $(LOWEST)/constraints.txt \
		hatchling editables pytest pytest-xdist hypothesis
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -c $(LOWEST)/constraints.txt \
		--no-build-isolation -e '.[calendar,emulator,metrics,objectstore,postgres]'
	@touch $@

clean:
	rm -rf $(VENV) $(LOWEST) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
