# One virtual environment, .venv, grown on demand: "make lab" installs what the tutorial needs, "make test" adds
# the tools on top (its lock contains the tutorial's, version for version). A stamp file in .venv says what is
# already there, so that the second start takes seconds.

PYTHON ?= python3
ARGS ?=
FOLDER ?= class
MINUTES ?= 5
SEED ?= 1

# Tests start the package in hundreds of processes: it is compiled once, whatever the caller's shell says.
export PYTHONDONTWRITEBYTECODE =

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
FIRST := $(firstword $(sort $(wildcard notebooks/00-*.ipynb)) notebooks)

# Only the tool that writes the locks; it never enters .venv.
UV := uv==0.13.9
LOCK := uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

# PyTorch is a second opinion on some counts, not a requirement. On Linux the plain version would bring
# gigabytes of CUDA, so ask for the CPU build, which not every machine can get.
TORCH := torch==2.13.0$(if $(filter Linux,$(shell uname -s)),+cpu)

.PHONY: help lab test quick check format notebooks site docs slides offline class dist size bench fuzz hub tools lite lock clean
.DEFAULT_GOAL := help

help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*##/\1\t/p' Makefile | awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

lab: $(VENV)/.lab  ## open the tutorial in JupyterLab (ARGS="--no-browser" and the like go to it)
	$(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/$(FIRST) $(ARGS)

test: $(VENV)/.test $(VENV)/.torch  ## run every check; ARGS="-k upsampling" goes to pytest
	@cat $(VENV)/.torch
	@failed=; \
	$(BIN)/ruff check . || failed="$$failed ruff-check"; \
	$(BIN)/ruff format --check . || failed="$$failed ruff-format"; \
	$(BIN)/mypy || failed="$$failed mypy"; \
	$(BIN)/python -m pytest --nbval-lax --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder $(ARGS) || failed="$$failed pytest"; \
	test -z "$$failed" || { echo "Failed:$$failed (details above)"; exit 1; }

# No notebook is checked here, and what checks them takes a second and more to load, in each process.
quick: $(VENV)/.test  ## lint, types, doctests, tests of the core and of checks without frameworks: for the work in between
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q unet_complexity tests/core tests/checks -m "not framework" -p no:nbval \
		--numprocesses=auto --maxprocesses=4 --dist=worksteal $(ARGS)

check: test  ## the same as test

format: $(VENV)/.test  ## put code and notebooks' code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

notebooks: $(VENV)/.test  ## re-execute the committed notebooks in place, and draw docs/explorers anew (ARGS="notebooks/01-*.ipynb" for some)
	$(BIN)/python -m tools.notebooks $(ARGS)
	$(BIN)/python -m tools.pictures

site: $(VENV)/.test  ## build the static site into build/site: open index.html there, no server needed
	$(BIN)/python -m tools.site $(ARGS)

docs: $(VENV)/.test  ## write anew what code writes: docs/teaching's formulas and inventory, CITATION.cff, launch links
	$(BIN)/python -m tools.written

slides: $(VENV)/.test  ## build/teaching: a deck for each notebook, and the formulas on one page to print
	$(BIN)/python -m tools.slides

offline: site slides  ## build/offline.zip: site, slides and notebooks (and Lite, where built) for a class without network
	$(BIN)/python -m tools.offline build/site build/teaching build/lite

class: site slides  ## what a lesson needs, in the new folder class (FOLDER=class-2 for another)
	$(BIN)/python -m tools.lesson build/site build/teaching "$(FOLDER)"

dist: $(VENV)/.test  ## build the wheel and the source distribution in dist
	$(BIN)/python -m hatchling build

size:  ## print the package's size by room: syntax-tree nodes, lines of code, nodes to a line
	@$(PYTHON) -m tools.size

bench: $(VENV)/.test  ## measure what is slow and what is fast
	@set -e; for script in benchmarks/*.py; do test ! -e "$$script" || $(BIN)/python "$$script"; done

fuzz: $(VENV)/.test  ## damage model files at random and read them (MINUTES=5, SEED=1): a case that fails is kept as a test; then random graphs and models
	KERAS_BACKEND=jax JAX_PLATFORMS=cpu $(BIN)/python -m tests.attacks.fuzz --minutes $(MINUTES) --seed $(SEED)
	$(BIN)/python -m tests.twins.onnx_random --seeds $(SEED) $$(($(SEED) + 1000))
	KERAS_BACKEND=jax JAX_PLATFORMS=cpu $(BIN)/python -m tests.twins.keras_random --seeds $(SEED) $$(($(SEED) + 300))

hub: $(VENV)-hub/.done  ## 20 scripted students on a JupyterHub of their own (ARGS=5 for five; needs npm)
	$(VENV)-hub/$(notdir $(BIN))/python -m benchmarks.hub.run $(ARGS)

tools: $(VENV)-tools/.done  ## ask the public FLOP counters again (a gigabyte; ARGS=newest, ARGS=record)
	$(VENV)-tools/$(notdir $(BIN))/python -m benchmarks.tools.run $(ARGS)

lite: $(VENV)-lite/.done  ## build the tutorial as a site that computes in the reader's browser: build/lite (needs npm)
	$(VENV)-lite/$(notdir $(BIN))/python -m tools.lite

lock: $(VENV)-lock/.done  ## take the newest versions that fit into the requirements files
	@echo '# Written by "make lock": what runs the tutorial, here and on Binder.' > requirements.txt
	$(VENV)-lock/$(notdir $(BIN))/$(LOCK) --upgrade --extra notebooks pyproject.toml >> requirements.txt
	cp requirements.txt binder/requirements.txt
	@echo '# Written by "make lock": requirements.txt, the same versions, and the tools of the checks.' > requirements-test.txt
	$(VENV)-lock/$(notdir $(BIN))/$(LOCK) --upgrade --extra notebooks --extra test -c requirements.txt pyproject.toml \
		>> requirements-test.txt
	@echo '# Written by "make lock": what builds the tutorial for a browser, and runs in it; see requirements.txt.' \
		> requirements-lite.txt
	$(VENV)-lock/$(notdir $(BIN))/$(LOCK) --upgrade --extra lite -c requirements.txt pyproject.toml >> requirements-lite.txt

clean:  ## remove the environments and everything that tools left behind
	rm -rf $(VENV) $(VENV)-lite $(VENV)-lock $(VENV)-tools $(VENV)-hub build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -prune -exec rm -rf {} +

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) is not. Name another: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up $(VENV): once, a minute or two."
	@$(PYTHON) -m venv $(VENV) || { \
		echo "No virtual environment could be made: install your system's package for Python's venv."; \
		rm -rf $(VENV); exit 1; }
	@touch $@

# No question about news in the corner of each session, and no look at a server for them.
QUIET := $(BIN)/jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements >/dev/null 2>&1

$(VENV)/.lab: $(VENV)/.python requirements.txt pyproject.toml
	$(PIP) -r requirements.txt
	$(PIP) --no-deps --editable .
	@$(QUIET)
	@touch $@

$(VENV)/.test: $(VENV)/.python requirements-test.txt pyproject.toml
	$(PIP) -r requirements-test.txt
	$(PIP) --no-deps --editable .
	@$(QUIET)
	@touch $(VENV)/.lab $@

# The stamp holds the line that "make test" prints. A refused install is not tried again before "make clean".
$(VENV)/.torch: $(VENV)/.test
	@if $(BIN)/python -c 'import torch' 2>/dev/null || $(PIP) -c requirements-test.txt '$(TORCH)' 2>/dev/null; \
	then echo "PyTorch: there; its flop counter is compared with ours." > $@; \
	else echo "PyTorch: NOT there ($(TORCH) could not be installed); the tests that need it are skipped." > $@; fi

$(VENV)-lock/.done:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/$(notdir $(BIN))/python -m pip install -qq --disable-pip-version-check $(UV)
	@touch $@

# Beside Lab, not in it: what JupyterLite puts into the page would be what Lab brings.
$(VENV)-lite/.done: requirements-lite.txt
	$(PYTHON) -m venv $(VENV)-lite
	$(VENV)-lite/$(notdir $(BIN))/python -m pip install -qq --disable-pip-version-check -r $<
	@touch $@

# Not "make test"'s business, and far too large for it: PyTorch, TensorFlow and JAX in one environment.
$(VENV)-tools/.done: benchmarks/tools/requirements.txt
	$(PYTHON) -m venv $(VENV)-tools
	$(VENV)-tools/$(notdir $(BIN))/python -m pip install -qq --disable-pip-version-check '$(TORCH)' -r $<
	@touch $@

# What students have, version for version, and a hub around it; its proxy is a program for Node.
$(VENV)-hub/.done: requirements.txt benchmarks/hub/requirements.txt
	$(PYTHON) -m venv $(VENV)-hub
	$(VENV)-hub/$(notdir $(BIN))/python -m pip install -qq --disable-pip-version-check -r requirements.txt -r benchmarks/hub/requirements.txt
	$(VENV)-hub/$(notdir $(BIN))/python -m pip install -qq --disable-pip-version-check --no-deps --editable .
	npm install --no-audit --no-fund --silent --prefix $(VENV)-hub configurable-http-proxy@5.3.0
	@touch $@
