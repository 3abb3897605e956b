# Everything that is done with this project. "make help" lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PY := .venv/bin/python
export PYTHONPATH := $(CURDIR):$(CURDIR)/layers/core
# The newest Python on the path that is 3.11 or later. Given by hand: make setup PYTHON=/path/to/python3.12
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$p" && break; done)

.PHONY: help setup run invoke serve sample test worlds mutants test-trino lint types format lighthouse weight bench bench-protection attacks template assets lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.complete ## Make the virtual environment (run by every other command when needed)

.venv/.complete: requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed and was not found on the path; install it, or give PYTHON=" >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON)"
	"$(PYTHON)" -m venv --clear .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

run: setup ## Six sources to a served page. SOURCES= AS_OF= SERVE=0 FRESH=1 PORT=8000 HOST= FAULT=
	@$(PY) -m local.run --sources "$(SOURCES)" --as-of "$(AS_OF)" --serve "$(SERVE)" --fresh "$(FRESH)" --port "$(PORT)" --host "$(HOST)" --fault "$(FAULT)"

invoke: setup ## One function on what earlier runs left. FUNCTION=compute_kpis EVENT=events/compute_kpis.json SOURCES=
	@$(PY) -m local.invoke "$(FUNCTION)" "$(EVENT)" --sources "$(SOURCES)" --as-of "$(AS_OF)" --fault "$(FAULT)"

serve: setup ## Serve the site of the last run. PORT=8000
	@$(PY) -m local.serve "$(PORT)"

sample: setup ## Write a sample folder of drops. OUT= SEED=1 SCALE=1
	@test -n "$(OUT)" || { echo "Say where: make sample OUT=<folder> [SEED=1] [SCALE=1]" >&2; exit 2; }
	@$(PY) -m local.sample --out "$(OUT)" --seed "$(or $(SEED),1)" --scale "$(or $(SCALE),1)"

test: setup ## Run the tests
	$(PY) -m pytest -n 2

test-trino: setup ## Compare the local engine with a real Trino, query by query (needs maven and a JDK of Java 17)
	$(PY) -m tests.trino.assembly
	$(PY) -m pytest -m trino -n 0 --durations=12 tests/trino

worlds: setup ## Compare query and book on random worlds. WORLDS=3400 KPI=
	SHRINK=0 WORLDS=$(or $(WORLDS),3400) $(PY) -m pytest tests/book/test_random_worlds.py -n 2 -k "$(KPI)"

mutants: setup ## Change each rule of each query and see that something notices. KPI= WORLDS=120
	$(PY) -m tests.book.mutants $(KPI) --worlds $(or $(WORLDS),120)

lint: setup ## Check style, format, and the template
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/cfn-lint template.yaml

types: setup ## Check types
	.venv/bin/mypy

format: setup ## Put the code into the project's format
	.venv/bin/ruff check --fix-only --quiet .
	.venv/bin/ruff format .

lighthouse: setup ## Lighthouse over the site of the last run (needs Node 20, npm ci and a Chromium)
	@$(PY) -m local.lighthouse

weight: setup ## Weigh the first view of every page of the last run, on both kinds of host
	@$(PY) -m local.weight

bench: setup ## Measure seconds, memory, scans, imports, publisher and page weight. SCALES=0.1,1,10
	@$(PY) -m local.bench --scales "$(SCALES)"

bench-protection: setup ## Measure protection and audit of a release with 24 before it, on the last run's results. EARLIER=24
	@$(PY) -m local.bench_protection --earlier "$(or $(EARLIER),24)"

attacks: setup ## Let an independent attacker try 200 random worlds of six releases. WORLDS=200
	ATTACKED_WORLDS="$(or $(WORLDS),200)" $(PY) -m pytest -n 2 tests/protection/test_worlds.py

template: setup .venv-sam/.complete ## Validate and build the stack, and measure it against Lambda's limit
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-west-2 .venv-sam/bin/sam validate --lint
	python=$$(.ci/sam-python) && PATH="$$python:$$PATH" PYTHONPATH= SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-west-2 .venv-sam/bin/sam build
	$(PY) -m pytest -m build -s

.venv-sam/.complete: .ci/sam.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed and was not found on the path; install it, or give PYTHON=" >&2; exit 1; }
	"$(PYTHON)" -m venv --clear .venv-sam
	.venv-sam/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .ci/sam.lock
	@touch $@

assets: ## Build the stylesheet from GOV.UK Frontend's sources (needs Node 20; what it makes is in the repository)
	npm ci --silent
	npm run --silent assets

UV := .venv-lock/bin/uv pip compile --quiet --universal --no-annotate --generate-hashes --custom-compile-command "make lock"

lock: .venv-lock/bin/uv ## Pin every dependency again, with hashes
	$(UV) --python-version 3.11 --extra local --extra dev pyproject.toml -o requirements.lock
	for layer in deps aws arrow frames; do \
	  $(UV) --python-version 3.13 --no-deps -c requirements.lock layers/packages/$$layer.in -o layers/packages/$$layer.txt || exit 1; done
	$(UV) --python-version 3.11 .ci/sam.in -o .ci/sam.lock

.venv-lock/bin/uv:
	"$(PYTHON)" -m venv --clear .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check uv

clean: ## Throw away what runs and builds have made (not the virtual environments)
	rm -rf build .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +
