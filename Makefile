# Everything a newcomer needs: `make demo`, then `make test`. `make help` says the rest.
#
#   make demo                     explain the built-in demo track
#   make demo FILE=song.mp3       explain your own
#   make demo PYTHON=python3.12   choose the interpreter that .venv is made with

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench bench-train clean

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.earmark
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

# What names an installation: when one of these changes, it is made again.
INSTALLED_FROM := pyproject.toml constraints.txt

# FILE reaches the recipe through the environment, so that spaces and quotes in a file's name stay what they are.
FILE ?=
PYTHON ?=
export FILE PYTHON

help: ## this list
	@echo "make TARGET, where TARGET is"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

demo: $(STAMPS)/run ## install into .venv and explain the demo track (or FILE=song.mp3) into out/demo
	@$(BIN)/earmark demo -o out/demo $${FILE:+-- "$$FILE"}

test: $(STAMPS)/test ## install what the tests need and run them all
	@# One thread a worker: small networks are not faster on two, and workers that compete for cores are far slower.
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses=4 --dist=worksteal

check: $(STAMPS)/dev ## ruff, mypy --strict and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMPS)/bench ## measure earmark beside its peers (10 minutes on an idle machine) and write docs/benchmarks.md
	@$(BIN)/python -m benchmarks --date "$$(date +%F)"

bench-train: $(STAMPS)/dev ## train and judge classifiers on real data (see docs/results.md) and write that page
	@$(BIN)/python -m benchmarks.learning --date "$$(date +%F)"

clean: ## remove .venv, results and caches
	rm -rf $(VENV) out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache src/*.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMPS)/venv:
	@python="$$PYTHON"; \
	supported() { "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' > /dev/null 2>&1; }; \
	if [ -z "$$python" ]; then \
	  for candidate in python3 python3.13 python3.12 python3.11; do \
	    if supported "$$candidate"; then python="$$candidate"; break; fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "make: no Python 3.11 or newer found; install one, or say which: make demo PYTHON=/path/to/python3" >&2; exit 1; \
	  fi; \
	elif ! supported "$$python"; then \
	  echo "make: PYTHON=$$python is no Python 3.11 or newer; give another" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$python" --version) …" >&2; \
	if ! "$$python" -m venv $(VENV); then \
	  echo "make: $$python has no working venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: $(STAMPS)/venv $(INSTALLED_FROM)
	@echo "Installing earmark into $(VENV) (PyTorch is large: the first time takes some minutes) …" >&2
	@$(PIP) -e .
	@touch $@

$(STAMPS)/test: $(STAMPS)/venv $(INSTALLED_FROM)
	@echo "Installing earmark and what its tests need into $(VENV) …" >&2
	@$(PIP) -e '.[test,video]'
	@touch $@

$(STAMPS)/dev: $(STAMPS)/venv $(INSTALLED_FROM)
	@echo "Installing earmark and what its checks need into $(VENV) …" >&2
	@$(PIP) -e '.[test,video,dev]'
	@touch $@

$(STAMPS)/bench: $(STAMPS)/venv $(INSTALLED_FROM)
	@echo "Installing earmark and the libraries that it is compared with into $(VENV) …" >&2
	@$(PIP) -e '.[bench]'
	@touch $@
