# The two that matter: `make run` and `make test`. Everything they need is set up by them.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3.10
# Of the tests: each keeps a whole bot, a database's server and a browser.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help install run test check train bench-nlu bench-search bench-complaints bench-console bench-gateway bench-retraining lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-16s %s\n", $$1, $$2}'

run: install ## set up what is missing, then start the bot and print its addresses
	@$(BIN)/motcua run

test: install $(VENV)/.dev ## set up what is missing, then run every check and test
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: install $(VENV)/.dev ## format, lint, types, Rasa's data, the content
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/motcua knowledge check
	@$(BIN)/motcua validate

train: install ## train the model when its inputs changed
	@$(BIN)/motcua train

bench-nlu: install $(VENV)/.dev ## understanding beside Rasa's usual pipelines, into docs/benchmarks.md (an hour or two the first time)
	@$(BIN)/python -m benchmarks.nlu

bench-search: install $(VENV)/.dev ## procedure search beside SQLite's and PostgreSQL's full text, into docs/benchmarks.md
	@$(BIN)/python -m benchmarks.search

bench-complaints: install $(VENV)/.dev ## 100,000 complaints by 8 writers, lists and search among a million, into docs/benchmarks.md (half an hour)
	@$(BIN)/python -m benchmarks.complaints

bench-gateway: install $(VENV)/.dev ## the storm on the gateway, throughput beside stock Rasa, latency, into docs/benchmarks.md (about an hour)
	@$(BIN)/python -m benchmarks.gateway

bench-console: install $(VENV)/.dev ## the console's pages among a million complaints and among a thousand, into docs/benchmarks.md
	@$(BIN)/python -m benchmarks.console

bench-retraining: install $(VENV)/.dev ## the gate's hundred drills, models put live and back under load, a simulated month, into docs/benchmarks.md (about 40 minutes)
	@$(BIN)/python -m benchmarks.retraining

install: $(VENV)/.run ## set up the virtual environment only

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null && $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))' 2>/dev/null || { \
	  echo "Python 3.10 is needed (Rasa 3.6 allows no newer) and '$(PYTHON)' is not it. Install it, for example with"; \
	  echo "'apt-get install python3.10 python3.10-venv' (Ubuntu 22.04) or 'pyenv install 3.10' (anywhere), or name one: make PYTHON=/path/to/python3.10"; \
	  exit 1; }
	@echo "Creating the virtual environment $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked packages (about 3 GB on disk; a few minutes the first time) …"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@echo "Installing the locked packages for tests …"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

lock: ## write the lock files again from requirements*.in (needs uv)
	uv pip compile --quiet --python-version 3.10 --generate-hashes --no-header requirements.in -o requirements.txt
	uv pip compile --quiet --python-version 3.10 --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt

clean: ## remove models, logs and data of this checkout (asks first)
	@read -r -p "This deletes models/ and var/ with every complaint in it. Type 'yes': " answer && [ "$$answer" = yes ] && rm -rf models var .rasa
