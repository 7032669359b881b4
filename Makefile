# make        say what there is to make
# make app    install, then open the workbench
# make test   install, then run every check, as .ci/run does
#
# PYTHON=python3.13   the interpreter to make .venv with (3.11 or newer; found by itself otherwise)
# TORCH_INDEX=URL     the index to take torch from, for torch only
# DATASET=FILE MODELS="default other"   what make bench scores, and with which models
# FLIPS="--rows 18 --minutes 3"         how much of it the searches for flips are compared on
# GPU=1               accept a torch build with CUDA, which brings gigabytes of libraries

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt
TORCH := $(shell grep '^torch==' constraints.txt)
PYTHON ?=
TORCH_INDEX ?=
GPU ?=
WORKERS ?= 2
DATASET ?=
MODELS ?= default
FLIPS ?= --rows 18 --minutes 3

.PHONY: help install app test lint types unit soak bench clean
.DELETE_ON_ERROR:

help:
	@echo "make app    install into .venv, then open the workbench in the browser"
	@echo "make test   install, then run linter, type checker and tests"
	@echo "make soak   install, then run the slow tests"
	@echo "make bench  install, then measure how fast models score, the search for flips beside others, and slices"
	@echo "make clean  remove .venv and what the tools left behind"

app: install
	$(BIN)/whydiff app

test: lint types unit

lint: install
	$(BIN)/ruff check

types: install
	$(BIN)/mypy

unit: install
	@sh scripts/ensure_chromium.sh
	$(BIN)/pytest -n $(WORKERS) -m "not soak"

soak: install
	@sh scripts/ensure_chromium.sh
	$(BIN)/pytest -m soak

bench: install
	$(BIN)/python -m scripts.bench "$(DATASET)" $(MODELS)
	$(BIN)/python -m scripts.flips $(if $(DATASET),"$(DATASET)") --model "$(firstword $(MODELS))" $(FLIPS)
	$(BIN)/python -m scripts.slices.bench

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .hypothesis .coverage*

# Each step leaves a stamp in .venv, so that a second run has nothing to do.
install: $(VENV)/.installed

$(VENV)/.made:
	@python=$$(sh scripts/find_python.sh $(PYTHON)) && echo "Making $(VENV) with $$python." && "$$python" -m venv $(VENV)
	@touch $@

# torch comes first and without its dependencies: a build with CUDA is noticed before it brings its libraries.
$(VENV)/.torch: $(VENV)/.made constraints.txt
	@echo "Installing $(TORCH)."
	@$(PIP) setuptools
	@$(PIP) --no-deps $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $(TORCH)
	@$(if $(TORCH_INDEX)$(GPU),true,$(BIN)/python scripts/check_cpu_torch.py)
	@touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml
	@echo "Installing whydiff and what it needs; the first time this takes a few minutes."
	@$(PIP) --no-build-isolation -e ".[dev]"
	@$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@
