# Every command of this project. Only python3 >= 3.11 and make are needed; the rest is installed into .venv.
.DEFAULT_GOAL := help
BIN := .venv/bin
# What some tests run for real; without them those tests say so and are skipped.
PROGRAMS := prometheus postgresql chromium fonts-dejavu-core

.PHONY: help venv programs demo test check bench chaos mutants lock format clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

venv:  ## .venv with everything to run, test and change Sloop
	@scripts/venv requirements-dev.lock

programs:  ## the Debian packages that some tests run for real, where they can be had
	@scripts/debian $(PROGRAMS) || test -z "$$SLOOP_TESTS_MUST_RUN"

demo:  ## Sloop on an AWS look-alike, with one fault: make demo ARGS="--speed 20"
	@scripts/venv requirements.lock
	@$(BIN)/sloop demo $(ARGS)

# The end-to-end tests measure time, so they have the machine for themselves.
test: venv programs  ## every test: make test ARGS="-k burn" runs some
	@$(BIN)/pytest $(if $(ARGS),$(ARGS),-n 2 --dist worksteal --ignore=tests/e2e)
	@$(if $(ARGS),,$(BIN)/pytest tests/e2e)

check: venv  ## format, lint, types, architecture, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_architecture.py tests/test_docs.py tests/test_ground.py

bench: venv  ## every benchmark in bench/, one after the other
	@set -e; for script in $$(grep -l __main__ bench/*.py); do echo "== $$script"; $(BIN)/python "$$script" $(ARGS); done

chaos: venv  ## property tests with up to 50 times the examples, crashes and disorder by 200 seeds (minutes; not in CI)
	@seed=$${SEED:-$$(date +%s)}; echo "SEED=$$seed make chaos runs this again"; \
	SLOOP_CHAOS_SEEDS=$${SLOOP_CHAOS_SEEDS:-200} $(BIN)/pytest -m hypothesis --hypothesis-profile=chaos --hypothesis-seed=$$seed --timeout=3600 $(ARGS)

mutants: venv  ## break the judge on purpose, one operator at a time: do its tests notice? (minutes; not in CI)
	@$(BIN)/python scripts/mutants.py $(ARGS)

lock:  ## both locks again from pyproject.toml: make lock ARGS=--upgrade moves the pins
	@scripts/lock $(ARGS)

format: venv  ## format, and fix what the linter can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## .venv and every cache
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis build ./*.egg-info
	find app slo alerts dashboards tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} +
