# Kitalotse: every recurring task as one command. `make` alone lists them.
#
# Nothing here needs root or Node, except that `make test` installs Chromium with apt-get where it is missing
# (as root or through passwordless sudo; otherwise it prints the line to run and stops).

PYTHON ?= python3
PYTEST ?=
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
FLOORS := schemas harvesters recommender webapp
COMPILE := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

.PHONY: help
help: ## list these commands
	@echo "Kitalotse"
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/\1|\2/' \
		| awk -F'|' '{ printf "  make %-11s %s\n", $$1, $$2 }'
	@echo 'Variables: PYTHON=python3.12, PYTEST="tests/schemas -k ages", WORKERS=4'

.PHONY: demo
demo: $(VENV)/.installed ## install, then show everything with example data; prints the addresses to open
	$(BIN)/kitalotse demo

.PHONY: demo-check
demo-check: $(VENV)/.installed ## the same, but verify each step and end
	$(BIN)/kitalotse demo --check

.PHONY: install
install: $(VENV)/.installed ## only install, into .venv

.PHONY: test
test: $(VENV)/.installed-test ## lint, types, then the tests (PYTEST="tests/schemas" for a part)
	bash .ci/system-packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not slow" $(PYTEST)

.PHONY: test-all
test-all: $(VENV)/.installed-test ## the tests with the slow ones
	bash .ci/system-packages
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(PYTEST)

.PHONY: lint
lint: $(VENV)/.installed-test ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: chaos
chaos: $(VENV)/.installed-test ## kill the sender of mails fifty times on each database: none twice, none lost in silence
	KITALOTSE_TEST_KILLS=50 $(BIN)/pytest -p no:xdist tests/webapp/test_mail_relay.py -k crash

.PHONY: bench
bench: $(VENV)/.installed ## measure: new and unchanged Records per second, lists and pages with 100,000 offers, the desk with 20,000 waiting, exports over HTTP, a harvest, the normaliser
	$(BIN)/kitalotse bench upsert
	$(BIN)/kitalotse bench list
	$(BIN)/kitalotse bench portal
	$(BIN)/kitalotse bench desk
	$(BIN)/kitalotse bench export
	$(BIN)/kitalotse bench harvest
	$(BIN)/kitalotse bench normalise

.PHONY: model
model: $(VENV)/.installed ## learn the text models for suitability and areas anew, from harvesters/normalise/training
	$(BIN)/python -m harvesters.normalise.train
	$(BIN)/python -m harvesters.normalise.train_areas

.PHONY: docs
docs: $(VENV)/.installed ## write the reference tables in the READMEs anew
	$(BIN)/python -m tests.reference

.PHONY: pictures
pictures: $(VENV)/.installed-test ## take the README's pictures anew, in Chromium
	bash .ci/system-packages
	$(BIN)/python -m tests.journeys.pictures

.PHONY: lock
lock: ## write both lock files anew (UPGRADE=--upgrade for newer versions)
	test -x $(VENV)/lock/bin/uv || { $(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet uv; }
	$(VENV)/lock/bin/uv pip compile $(COMPILE) $(UPGRADE) --quiet --extra build --output-file requirements.lock pyproject.toml
	$(VENV)/lock/bin/uv pip compile $(COMPILE) $(UPGRADE) --quiet --extra build --extra postgres --extra cluster --extra test \
		--constraint requirements.lock --output-file requirements-test.lock pyproject.toml
	@! grep -nE 'https?://' requirements.lock requirements-test.lock

.PHONY: clean
clean: ## remove the environment and everything built or cached in this folder
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(FLOORS) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. Stamps lie inside it, so removing .venv forgets them; a changed lock file installs again.
# Everything comes with a hash from the lock file. One dependency is built from source: setuptools goes first, and
# build isolation is off, or pip would fetch another setuptools without a hash for it.

define install
	sed -n '/^setuptools==/,/[^\\]$$/p' $(1) > $(VENV)/build.lock
	$(PIP) install --quiet --require-hashes -r $(VENV)/build.lock
	$(PIP) install --quiet --require-hashes --no-build-isolation -r $(1)
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
endef

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Kitalotse needs Python 3.11 or newer; '$(PYTHON)' is not. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' \
		|| { echo "This Python has no venv module. On Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV); once, about a minute."
	$(call install,$<)
	touch $@

$(VENV)/.installed-test: requirements-test.lock pyproject.toml | $(BIN)/python
	@echo "Installing the tools for tests into $(VENV); once, about a minute."
	$(call install,$<)
	touch $@ $(VENV)/.installed
