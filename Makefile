# Two commands matter: `make demo` and `make test`. Both first set up everything in $(ENV), and repeat only what changed.
SHELL := /bin/bash
PYTHON ?= python3.11
ENV ?= .venv
PYTHON := $(if $(shell command -v $(PYTHON)),$(PYTHON),python3)
BIN := $(abspath $(ENV))/bin
SOURCES := $(shell find src models lammps_inputs -type f -not -name '*.pyc' -not -name '*.so' 2>/dev/null)
export PATH := $(BIN):$(PATH)
# what another checkout has compiled is not compiled again, where ccache is installed
ifneq ($(shell command -v ccache),)
export CMAKE_CXX_COMPILER_LAUNCHER := ccache
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
endif

.PHONY: demo test check test-unit docs wheel wheels release-check install clean

demo: install
	$(BIN)/python scripts/demo.py

# a file is one worker's, the longest first (tests/conftest.py); on two cores two workers of four mostly wait, for Slurm and files
test: check
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

test-unit: install
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/unit

# the site, in build/site; a broken link ends it
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# a wheel for this Python and for every Linux with this glibc or a later one, in dist; cibuildwheel makes those for other Pythons and older systems
wheel: install
	rm -rf build/wheel
	$(BIN)/python -m pip wheel . --quiet --no-deps --no-build-isolation --wheel-dir build/wheel
	$(BIN)/auditwheel repair --wheel-dir dist build/wheel/*.whl

# those of every Python from 3.11 on that this machine has, each tried in an empty environment without a compiler
wheels: install
	$(BIN)/python scripts/wheels.py

# a release but for the upload: versions, changelog, site, wheels, licences, bill of materials
release-check: install
	$(BIN)/python scripts/release_check.py

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $$(find src tests -name '*.h' -o -name '*.cpp')
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(ENV)/installed

# the packages of the lock, then decant itself, compiled
$(ENV)/installed: $(ENV)/locked pyproject.toml CMakeLists.txt $(SOURCES)
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation --reinstall-package decant-mlip .
	touch $@

$(ENV)/locked: requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(ENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --python $(BIN)/python --requirements requirements.lock
	touch $@

clean:
	rm -rf build demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
