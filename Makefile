# grokrfm: `make` lists the targets.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow contracts next-hydra pythons slurm check bench paper \
        paper-small paper-check beyond dynamics clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 12

install: $(VENV)/.installed  ## create .venv and install grokrfm there, with what was tested

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: install  ## a run that groks, the trap, a small sweep with its table and figure (a minute)
	$(BIN)/grokrfm task.modulus=31 split.train_fraction=0.6 rfm.iterations=30 study=demo
	$(BIN)/grokrfm task.modulus=31 split=fixed_points rfm.iterations=30 study=demo
	$(BIN)/grokrfm study=one_moved_point study.name=demo
	$(BIN)/grokrfm-collect outputs/demo

test: install  ## the quick tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: install  ## the tests that take minutes
	OMP_NUM_THREADS=2 $(BIN)/python -m pytest -m slow

# Where another Hydra or Python would show: configs, composition, commands, what they import.
CONTRACTS := tests/contracts tests/launch/test_composition.py tests/launch/test_grid.py \
             tests/launch/test_planning.py tests/launch/test_session.py tests/cli/test_own_options.py

contracts: install  ## the tests of configs, composition and commands (five minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal $(CONTRACTS)

next-hydra: install  ## the same on the next Hydra, a pre-release, which is put into build/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --no-deps \
	    --target build/next-hydra --pre 'hydra-core>=1.4.0rc1,<1.5' 'omegaconf>=2.4.0rc1,<2.5'
	PYTHONPATH=$(CURDIR)/build/next-hydra $(MAKE) contracts

pythons:  ## the same on the other Pythons of this machine, each with its environment in build/
	@for version in 3.12 3.13 3.14; do \
	    if python$$version --version >/dev/null 2>&1; then \
	        $(MAKE) contracts PYTHON=python$$version VENV=build/python$$version || exit 1; \
	    else echo "python$$version: not found on this machine"; fi; \
	done

slurm: install  ## the tests on a real SLURM (docs/slurm.md)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slurm $(PYTEST)

check: install  ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: install  ## time and memory of iterations, batches, sweeps and of reading a study (a quarter of an hour)
	$(BIN)/python scripts/bench.py
	$(BIN)/python scripts/bench.py --large

paper: install  ## the studies of the papers and docs/reproduction.md (3 hours on two cores; can be stopped)
	$(BIN)/python scripts/paper.py

paper-small: install  ## the same with p of at most 31 and docs/reproduction_small.md (12 minutes on two cores)
	$(BIN)/python scripts/paper.py --small

beyond: install  ## the studies of what the papers leave open and docs/beyond.md (2 hours on one core)
	$(BIN)/python scripts/paper.py --beyond

paper-check: install  ## run the cheap ones of these afresh: do their verdicts hold? (two minutes)
	$(BIN)/python scripts/paper.py --check

dynamics: install  ## the studies of the second learner and docs/dynamics_results.md (7 hours of one core; can be stopped)
	$(BIN)/python scripts/paper.py --dynamics

clean:  ## remove the environment and caches; outputs/ stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
