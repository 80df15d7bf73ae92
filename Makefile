# Every target makes the environment it needs; only Python 3.11 or newer and make must be there.
# ARGS is handed on: make test ARGS="-k retry -x"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The first Python that is new enough, whatever its name; only used to make the environment.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && exit; \
	done; echo python3)
VENV ?= .venv
RUN := $(VENV)/bin/python -m
REDOCLY := codegen/node/node_modules/.bin/redocly
ARGS ?=
UPSTREAM ?=
WORKERS ?= 2
# Without cached bytecode, each process of the tests compiles all it imports: a minute of each worker.
unexport PYTHONDONTWRITEBYTECODE
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make requirements'

.PHONY: help
help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup:  ## make the environment in .venv, from the pinned requirements
	@$(PYTHON) requirements/install.py $(VENV)

.PHONY: demo
demo: setup  ## start the emulator and take a tour through the client against it
	@$(VENV)/bin/python examples/tour.py $(ARGS)

.PHONY: test
test:  ## run the static checks, then the tests (ARGS for pytest); what is slow by nature left out
	@$(MAKE) lint check-generated check-package ARGS=
	@$(MAKE) pytest

.PHONY: pytest
pytest: setup  ## run the tests alone: make pytest ARGS="tests/call -k retry"
	@$(RUN) pytest -n $(WORKERS) --dist loadfile $(ARGS)

.PHONY: test-slow
test-slow: setup  ## run what is slow by nature: whole adoptions, long fuzzing
	@$(RUN) pytest -n $(WORKERS) --dist worksteal -m slow $(ARGS)

.PHONY: test-lowest
test-lowest:  ## run the tests on the lowest versions of the requirements that pyproject.toml allows
	@$(PYTHON) requirements/install.py .venv-lowest lowest
	@.venv-lowest/bin/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

.PHONY: coverage
coverage: setup  ## run the tests, and show what of the code they reach
	@$(RUN) pytest -n $(WORKERS) --dist loadfile --cov --cov-report=term:skip-covered $(ARGS)

.PHONY: lint
lint: lint-style lint-types lint-imports lint-openapi  ## run the static checks
	@if command -v npm >/dev/null; then $(MAKE) lint-spec; else echo 'lint-spec needs Node: left out'; fi

.PHONY: check-package
check-package: setup  ## check the built distributions and what type checkers see of them
	@$(RUN) pytest -m package $(ARGS)

.PHONY: lint-style
lint-style: setup
	@$(RUN) ruff check
	@$(RUN) ruff format --check

.PHONY: lint-types
lint-types: setup
	@$(RUN) mypy

.PHONY: lint-imports
lint-imports: setup
	@$(VENV)/bin/lint-imports --no-logo

.PHONY: lint-openapi
lint-openapi: setup
	@$(VENV)/bin/openapi-spec-validator openapi.yaml

.PHONY: lint-spec
lint-spec: $(REDOCLY)  ## check openapi.yaml with Redocly (needs Node 20 or newer)
	@REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(REDOCLY) lint openapi.yaml

$(REDOCLY): codegen/node/package-lock.json
	@npm ci --prefix codegen/node --no-progress --loglevel error
	@touch $@

.PHONY: format
format: setup  ## format the code and mend what can be mended
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

.PHONY: generate
generate: setup  ## write generated/, the derived sync client and the pages made of both
	@$(RUN) codegen.generate
	@$(RUN) codegen.cli_page

.PHONY: recording
recording: setup  ## record the commands of the README in a terminal, for docs/session.md (needs tmux)
	@$(RUN) codegen.cli_session

.PHONY: check-generated
check-generated: setup  ## fail when a fresh generation differs from what is committed
	@$(RUN) codegen.generate --check
	@$(RUN) codegen.cli_page --check

.PHONY: drift
drift: setup  ## compare openapi.yaml with the service's own specification (UPSTREAM=address or file)
	@$(RUN) codegen.drift $(if $(UPSTREAM),'$(UPSTREAM)') $(ARGS) || { status=$$?; \
		echo "Exit status $$status: 1 breaking, 2 compatible, 3 could not tell (make itself exits with 2)." >&2; \
		exit $$status; }

.PHONY: adopt
adopt: setup  ## take that specification into openapi.yaml, generate and test (UPSTREAM=...)
	@$(RUN) codegen.adopt $(if $(UPSTREAM),'$(UPSTREAM)') $(ARGS)

.PHONY: test-adopted
test-adopted: setup  ## run the tests in a copy that has adopted other routes (ARGS="--upstream envelope": another change)
	@PYTHONPATH=. $(RUN) tests.codegen.upstream.adopted $(ARGS)

.PHONY: bench
bench:  ## measure the client beside its peers (ARGS=--save: keep the table)
	@$(PYTHON) requirements/install.py .venv-bench bench
	@.venv-bench/bin/python -m bench.run $(ARGS)

.PHONY: fuzz-emulator
fuzz-emulator: setup  ## call the emulator's every operation at length: 6,000 cases, 10,000 calls at once
	@BYTEHOUSE_EMULATOR_FULL=1 $(RUN) pytest -s -m slow tests/emulator/test_concurrency.py $(ARGS)

.PHONY: test-ecosystem
test-ecosystem: setup  ## run other tools against the emulator: dbt, Airflow, Ibis, ... (ARGS="ibis dbt")
	@$(RUN) tests.ecosystem.run $(ARGS)

.PHONY: fuzz-results
fuzz-results: setup  ## write, read and cut any values at length: new ones, 40 times as many as the tests
	@BYTEHOUSE_RESULTS_TIMES=40 $(RUN) pytest --timeout=7200 -o faulthandler_timeout=0 \
		tests/results tests/sql $(ARGS)

.PHONY: fuzz
fuzz: setup  ## give readers, decoders, writers and the lexer new random input (ARGS: tests instead of all)
	@$(RUN) pytest -n $(WORKERS) --hypothesis-profile=fuzz --timeout=7200 -o faulthandler_timeout=0 \
		$(or $(ARGS),tests/results tests/sql tests/call/test_fuzz.py tests/api tests/recovery/test_probes.py \
		tests/core/test_json.py tests/openapi tests/emulator/sql/test_lexer.py \
		tests/emulator/sql/test_dialect.py tests/emulator/sql/test_guard_fuzz.py)

.PHONY: fuzz-coverage
fuzz-coverage:  ## the same, guided by the code that is reached, with atheris (ARGS="--seconds 60 json page")
	@$(PYTHON) requirements/install.py .venv-fuzz fuzz
	@PYTHONPATH=. .venv-fuzz/bin/python -m tests.support.coverage_fuzz $(ARGS)

.PHONY: attacks
attacks: setup  ## attack the client as SECURITY.md and docs/reliability.md say, and print what was tried
	@PYTHONPATH=. $(RUN) tests.support.attacks $(ARGS)

.PHONY: guards
guards: setup  ## take each guard out of a copy of the client, and see which test fails (ARGS: words)
	@PYTHONPATH=. $(RUN) tests.support.guards $(ARGS)

.PHONY: soak
soak: setup  ## mixed operations under faults, judged by the emulator (ARGS="--minutes 60": signals and forks too)
	@PYTHONPATH=. $(RUN) tests.support.soak $(ARGS)

.PHONY: build
build: setup  ## build the sdist and the wheel into dist/
	@$(RUN) hatchling build

.PHONY: record-cassettes
record-cassettes: setup  ## record tests/cassettes again, against the emulator
	@$(RUN) pytest tests/whole/test_recorded.py --record-mode=rewrite $(ARGS)

.PHONY: requirements
requirements: setup  ## pin the requirements again (ARGS=--upgrade: to the newest versions)
	@$(RUN) uv $(COMPILE) requirements/build.in -o requirements/build.txt $(ARGS)
	@$(RUN) uv $(COMPILE) --all-extras --constraint requirements/build.txt pyproject.toml \
		requirements/dev.in -o requirements/dev.txt $(ARGS)
	@$(RUN) uv $(COMPILE) --all-extras --constraint requirements/dev.txt \
		pyproject.toml requirements/bench.in -o requirements/bench.txt $(ARGS)
	@$(RUN) uv $(COMPILE) --all-extras --constraint requirements/dev.txt \
		pyproject.toml requirements/fuzz.in -o requirements/fuzz.txt $(ARGS)
	@$(RUN) uv $(COMPILE) --all-extras --no-deps --resolution lowest-direct --no-header \
		--no-annotate pyproject.toml | $(RUN) uv $(COMPILE) --all-extras \
		--constraint requirements/build.txt pyproject.toml requirements/test.in - \
		-o requirements/lowest.txt $(ARGS)

.PHONY: clean
clean:  ## remove what these targets made, the environment included
	rm -rf $(VENV) .venv-bench .venv-ecosystem .venv-fuzz .venv-lowest .coverage dist codegen/node/node_modules .*_cache .hypothesis .fuzz
