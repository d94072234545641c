# Everything a person does with Varde from a checkout. Each target creates what it needs by itself.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := run
# Compiled code is kept, whatever the shell says: every process would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
PORT ?= 5000
ONLY ?=
PIP := .venv/bin/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install -qq --no-deps --require-hashes

.PHONY: run test lint format bench promises browser lock audit

run: .venv/run.stamp
	PORT=$(PORT) deploy/run-demo

test: .venv/dev.stamp browser lint
	tests/support/check-schema
	.venv/bin/pytest -n 2 -m "not browser"
	.venv/bin/pytest -n 2 -m "not browser and not pure" --database postgresql
	.venv/bin/pytest -n 2 -m browser

lint: .venv/dev.stamp
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/bandit -q -r portal matching config.py wsgi.py -c pyproject.toml
	.venv/bin/djlint templates --quiet --lint

format: .venv/dev.stamp
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

bench: .venv/bench.stamp
	ONLY=$(ONLY) .venv/bin/python -m bench

promises: .venv/dev.stamp
	.venv/bin/pytest -n 2 --dist worksteal -m promise --promises full

# Chromium (Playwright's own where it can be had, otherwise the distribution's), axe and the HTML validator.
browser: tests/browser/node_modules/.package-lock.json .venv/dev.stamp
	.venv/bin/python -m tests.support.chromium --install

tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	npm ci --prefix tests/browser --ignore-scripts --loglevel error
	touch $@

lock: .venv/dev.stamp
	for name in requirements requirements-dev requirements-bench; do \
	  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links $(UPGRADE) $$name.in -o $$name.txt; \
	done

# Known holes in what Varde runs on; fails also where the advisories cannot be reached.
audit: .venv/dev.stamp
	.venv/bin/uv tool run --quiet pip-audit@2.10.1 --strict --no-deps --disable-pip -r requirements.txt

# Three stamps: what Varde runs on is enough for `make run`; tests also need the tools, `make bench` the peers.
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.txt | .venv/bin/python
	$(INSTALL) -r requirements.txt
	touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	$(INSTALL) -r requirements-dev.txt
	touch $@

.venv/bench.stamp: requirements-bench.txt .venv/dev.stamp
	$(INSTALL) -r requirements-bench.txt
	touch $@
