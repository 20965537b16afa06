# grokrfm: `make` lists the targets.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STUDY  := outputs/demo

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow slurm check bench clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 12

install: $(VENV)/.installed  ## create .venv and install grokrfm there, with what was tested

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: install  ## the headline experiment (a few minutes on two cores): a table and a figure
	$(BIN)/grokrfm study=fixed_points_addition_gaussian study.name=demo
	$(BIN)/grokrfm-collect $(STUDY) --rows split.train_to_test \
	    --value test_accuracy --value test_accuracy_fixed --value test_accuracy_moved \
	    --figure test_accuracy

test: install  ## the quick tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

test-slow: install  ## the tests that take minutes
	OMP_NUM_THREADS=2 $(BIN)/python -m pytest -m slow

slurm: install  ## the tests on a real SLURM (README: A SLURM to try things on)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slurm $(PYTEST)

check: install  ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: install  ## time and memory of iterations, batches, sweeps and of reading a study (a quarter of an hour)
	$(BIN)/python scripts/bench.py
	$(BIN)/python scripts/bench.py --large

clean:  ## remove the environment and caches; outputs/ stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
