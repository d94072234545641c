# Everything a person does with Varde from a checkout. Each target creates what it needs by itself.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := run
PYTHON ?= python3
PIP := .venv/bin/python -m pip --disable-pip-version-check

.PHONY: run test bench promises lint format lock browser

# .venv ------------------------------------------------------------------------------------------
# Two stamps: what Varde runs on is enough for `make run`; everything else also needs the tools.
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.txt | .venv/bin/python
	$(PIP) install -qq --no-deps --no-compile --require-hashes -r requirements.txt
	touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	$(PIP) install -qq --no-deps --no-compile --require-hashes -r requirements-dev.txt
	touch $@

lock: .venv/dev.stamp
	for name in requirements requirements-dev; do \
	  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links $(UPGRADE) $$name.in -o $$name.txt; \
	done
