# Everything that is done with this project. "make help" lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PY := .venv/bin/python
export PYTHONPATH := $(CURDIR):$(CURDIR)/layers/core
# Empty is unset: where it is set, every process compiles again whatever it imports.
export PYTHONDONTWRITEBYTECODE :=
# The newest Python on the path that is 3.11 or later. Given by hand: make setup PYTHON=/path/to/python3.12
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$p" && break; done)
PYTHON_FITS = @"$(or $(PYTHON),python3)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "error: Python 3.11 or later is needed, and $(if $(PYTHON),PYTHON=$(PYTHON) is not one,none was found on the path); install it, or give PYTHON=/path/to/python3.11" >&2; exit 2; }

.PHONY: help setup tools check run invoke access preflight serve preview sample manifest test worlds mutants test-trino bigquery lint types format agree lighthouse weight bench bench-growth bench-protection attacks chains faults template scan built arm64 rehearse assets lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.complete ## Install what running needs (done by every other command when needed)

tools: .venv/.tests ## Install what testing, linting and type checking need as well (done by them when needed)

PIP := bin/pip install --quiet --disable-pip-version-check --require-hashes
UV_INTO := .venv/bin/uv pip install --quiet --require-hashes --no-deps --python
UV_INSTALL := .ci/step "Installing packages (once; some 10 s and a fetch of 150 MB)" .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes

# A Python that was given is looked at even where everything is installed already.
.venv/.complete: requirements.lock .ci/uv.lock | $(if $(findstring command,$(origin PYTHON)),fits)
	$(PYTHON_FITS)
	@.ci/step "Making .venv with $(PYTHON) (once; some 5 s)" "$(PYTHON)" -m venv --clear .venv
	@.venv/$(PIP) -r .ci/uv.lock
	@$(UV_INSTALL) -r requirements.lock
	@touch $@

.PHONY: fits
fits:
	$(PYTHON_FITS)

.venv/.tests: .venv/.complete requirements-test.lock
	@$(UV_INSTALL) -r requirements-test.lock
	@touch $@

run: setup $(if $(filter bigquery,$(TRANSPORT)),.venv-bigquery/.complete) ## All sources to a served page. SOURCES= AS_OF= SERVE=0 FRESH=1 PORT=8000 HOST= FAULT= TRANSPORT=bigquery MODE=approve
	@$(PY) -m local.run --sources "$(SOURCES)" --as-of "$(AS_OF)" --serve "$(SERVE)" --fresh "$(FRESH)" --port "$(PORT)" --host "$(HOST)" --fault "$(FAULT)" --transport "$(TRANSPORT)" --mode "$(MODE)"

invoke: setup ## One function on what earlier runs left. FUNCTION=compute_kpis EVENT=events/compute_kpis.json SOURCES=
	@$(PY) -m local.invoke "$(FUNCTION)" "$(EVENT)" --sources "$(SOURCES)" --as-of "$(AS_OF)" --fault "$(FAULT)"

access: setup ## Work docs/access.md out of the template again: who may do what
	@$(PY) -m local.access

preflight: setup ## Ask AWS, reading only, whether all is ready for a deployment or a first run. ENV=dev
	@$(PY) -m local.preflight "$(or $(ENV),dev)"

serve: setup ## Serve the site of the last run. PORT=8000
	@$(PY) -m local.serve "$(PORT)"

preview: setup ## Serve the newest release that waits for its approval (make run MODE=approve), with a banner. PORT=8000 SITE=
	@$(PY) -m local.serve "$(PORT)" --preview 1 --site "$(SITE)"

sample: setup ## Write a sample folder of drops. OUT= SEED=1 SCALE=1
	@test -n "$(OUT)" || { echo "Say where: make sample OUT=<folder> [SEED=1] [SCALE=1]" >&2; exit 2; }
	@$(PY) -m local.sample --out "$(OUT)" --seed "$(or $(SEED),1)" --scale "$(or $(SCALE),1)"

manifest: setup ## Write the manifest of a drop, dt=YYYY-MM-DD with its files. DROP=<folder> AS_OF=<instant>
	@test -n "$(DROP)" || { echo "Say which: make manifest DROP=<folder> [AS_OF=2026-07-14T22:30:00Z]" >&2; exit 2; }
	@$(PY) -m local.manifest "$(DROP)" --as-of "$(AS_OF)"

# A file's tests stay together, so that what they share is made once; tests/conftest.py begins with the longest files.
PYTEST := $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test: tools ## Run the tests
	$(PYTEST)

check: lint types ## Lint, types, and the quick tests of every part (tests/fast.txt): under two minutes
	$(PYTEST) @tests/fast.txt

test-trino: tools ## Compare the local engine with a real Trino, query by query (needs maven and a JDK of Java 17)
	$(PY) -m tests.trino.assembly
	$(PY) -m pytest -m trino -n 0 --durations=12 tests/trino

worlds: tools ## Compare query and book on random worlds. WORLDS=3400 KPI=
	SHRINK=0 WORLDS=$(or $(WORLDS),3400) $(PY) -m pytest tests/book/test_random_worlds.py tests/book/test_stops.py -n 2 -k "$(KPI)"

mutants: tools ## Change each rule of each query and see that something notices. KPI= WORLDS=120
	$(PY) -m tests.book.mutants $(KPI) --worlds $(or $(WORLDS),120)

bigquery: tools .venv-bigquery/.complete ## Every query of BigQuery on an emulator, over tables in the services' own shapes
	$(PY) -m pytest -m bigquery -n 0 tests/bigquery

.venv-bigquery/.complete: .ci/bigquery.lock | .venv/.complete
	python=$$(.ci/sam-python) && "$$python/python3.13" -m venv --clear .venv-bigquery
	@.ci/step "Installing the emulator of BigQuery (once; some 10 s and a fetch of 200 MB)" $(UV_INTO) .venv-bigquery/bin/python -r .ci/bigquery.lock
	@touch $@

lint: tools ## Check style, format, and the template
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/cfn-lint template.yaml

types: tools ## Check types
	.venv/bin/mypy

format: tools ## Put the code into the project's format
	.venv/bin/ruff check --fix-only --quiet .
	.venv/bin/ruff format .

agree: tools ## Compare page, CSV, JSON, workbook and charts of the last run's release, figure by figure
	@$(PY) -m tests.site.agreement build

lighthouse: setup ## Lighthouse over the site of the last run (needs Node 20, npm ci and a Chromium)
	@$(PY) -m local.lighthouse

weight: setup ## Weigh the first view of every page of the last run, on both kinds of host
	@$(PY) -m local.weight

bench: setup ## Measure seconds, memory, scans, imports, publisher and page weight. SCALES=0.1,1,3,10
	@$(PY) -m local.bench --scales "$(SCALES)"

bench-growth: setup ## Measure a run after many releases, and on twelve cycles of data. SIZES=1,120,1000,cycles SCALE=1
	@$(PY) -m local.bench_growth --sizes "$(SIZES)" --scale "$(or $(SCALE),1)"

bench-protection: setup ## Measure protection and audit of a release with 24 before it, on the last run's results. EARLIER=24
	@$(PY) -m local.bench_protection --earlier "$(or $(EARLIER),24)"

faults: tools ## Break every call of AWS of every kind of run in every way, and see that a repeat ends it
	FAULTS=all $(PY) -m pytest -n 2 tests/faults

attacks: tools ## Let independent attackers try 200 random worlds of six releases, and published sites. WORLDS=200 SITES=build/site
	ATTACKED_WORLDS="$(or $(WORLDS),200)" $(PY) -m pytest -n 2 tests/protection/test_worlds.py tests/attacks
	$(PY) -m tests.attacks.attack $(or $(SITES),$(wildcard build/site))

chains: tools ## Make chains of months with the real functions and attack their sites: some 13 CPU minutes a seed. SEEDS=5 MONTHS=12 BASE=5
	CHAINS="$(or $(SEEDS),5)" MONTHS="$(or $(MONTHS),12)" BASE="$(or $(BASE),5)" $(PY) -m pytest -n 2 tests/chains

SAM = python=$$(.ci/sam-python) && PATH="$$python:$$PATH" PYTHONPATH= SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-west-2 .venv-sam/bin/sam

template: tools .venv-sam/.complete ## Validate and build the stack, and measure it against Lambda's limit
	@$(PY) -m pytest -q -n 0 tests/template/test_two_stacks.py -k samconfig
	$(SAM) validate --lint
	$(SAM) build
	$(PY) -m local.version
	$(PY) -m pytest -m build -s tests/template

built: tools .venv-sam/.complete ## Run all functions from what sam build made, as on Lambda, and compare with the source tree
	export LAYERS_FOR="$$(uname -m)" && $(SAM) build --build-dir .aws-sam/here/build --cache-dir .aws-sam/here/cache
	$(PY) -m pytest -m built tests/built

arm64: tools .venv-sam/.complete ## Import every module of the build for Lambda on an emulated arm64 (Debian, qemu-user-static)
	$(SAM) build
	$(PY) -m local.version
	$(PY) -m pytest -m arm64 -n 0 tests/built

.venv-sam/.complete: .ci/sam.lock | .venv/.complete
	$(PYTHON_FITS)
	"$(PYTHON)" -m venv --clear .venv-sam
	@.ci/step "Installing AWS SAM (once; some 5 s)" $(UV_INTO) .venv-sam/bin/python -r .ci/sam.lock
	@touch $@

scan: tools .venv-checkov/.complete ## checkov and cfn-guard over the stack; each finding is mended, or argued in .ci/findings.toml
	@mkdir -p build
	@$(PY) -c "import json; from local.template import translate; print(json.dumps(translate()))" > build/stack.json
	@PYTHONPATH= LOG_LEVEL=ERROR .venv-checkov/bin/python .ci/scan.py build/stack.json

# cfn-guard-rs 0.3.3 has wheels for CPython up to 3.12.
.venv-checkov/.complete: .ci/scan.lock | .venv/.complete
	python=$$(.ci/sam-python 3.12 2>/dev/null || .ci/sam-python 3.11) && "$$python/python3" -m venv --clear .venv-checkov
	@.ci/step "Installing checkov and cfn-guard (once; some 5 s)" $(UV_INTO) .venv-checkov/bin/python -r .ci/scan.lock
	@touch $@

rehearse: setup .venv-sam/.complete .venv-rehearsal/.complete ## Deploy what make template and make built made in LocalStack, as docs/deploying.md says. HOLD=1
	@$(PY) -m local.rehearsal --hold "$(HOLD)"

.venv-rehearsal/.complete: .ci/rehearsal.lock | .venv/.complete
	python=$$(.ci/sam-python) && "$$python/python3.13" -m venv --clear .venv-rehearsal
	@.ci/step "Installing LocalStack (once; some 10 s and a fetch of 130 MB)" $(UV_INTO) .venv-rehearsal/bin/python -r .ci/rehearsal.lock
	@touch $@

assets: ## Build the stylesheet from GOV.UK Frontend's sources (needs Node 20; what it makes is in the repository)
	npm ci --silent
	npm run --silent assets

UV := .venv-lock/bin/uv pip compile --quiet --universal --no-annotate --generate-hashes --custom-compile-command "make lock"

lock: .venv-lock/bin/uv ## Pin every dependency again, with hashes
	$(UV) --python-version 3.11 --extra local --extra dev pyproject.toml -o requirements-test.lock
	$(UV) --python-version 3.11 --extra local -c requirements-test.lock pyproject.toml -o requirements.lock
	for layer in deps aws arrow frames google; do \
	  $(UV) --python-version 3.13 --no-deps -c requirements.lock layers/packages/$$layer.in -o layers/packages/$$layer.txt || exit 1; done
	$(UV) --python-version 3.11 .ci/sam.in -o .ci/sam.lock
	$(UV) --python-version 3.11 .ci/uv.in -o .ci/uv.lock
	$(UV) --python-version 3.11 .ci/scan.in -o .ci/scan.lock
	$(subst --universal,--python-platform linux,$(UV)) --python-version 3.13 .ci/rehearsal.in -o .ci/rehearsal.lock
	$(UV) --python-version 3.13 .ci/bigquery.in -o .ci/bigquery.lock

.venv-lock/bin/uv: .ci/uv.lock
	$(PYTHON_FITS)
	"$(PYTHON)" -m venv --clear .venv-lock
	.venv-lock/$(PIP) -r .ci/uv.lock

clean: ## Throw away what runs and builds have made (not the virtual environments)
	rm -rf build .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +
