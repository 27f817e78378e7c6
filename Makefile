# make demo | test | serve | bench | fuzz      (Python 3.11 or newer and make; everything else is installed into .venv)
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
TOOLS := node_modules/.installed
SEED ?= 1
# Two more than cores: many tests wait for processes, leases and clocks.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 + len(getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)))')
export PYTHONUNBUFFERED := 1
# The tests start hundreds of processes: each would compile every module anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install demo test serve bench fuzz package check tools format clean

$(PY):
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11, 3.12 or 3.13 is needed; say PYTHON=…" if not (3, 11) <= sys.version_info < (3, 14) else 0)'
	$(PYTHON) -m venv $(VENV)

# By uv, in a tenth of the time; by pip, which does the same, where only pip knows the package index, or uv cannot be
# had. Without bytecode: few of the 16,000 modules of msgraph are ever imported.
UV := uv==0.13.9
PIP := $(PY) -m pip --disable-pip-version-check
$(STAMP): requirements.txt requirements-dev.txt | $(PY)
	@{ ! $(PIP) config list | grep -q '\.index-url=' && $(PIP) install --quiet $(UV) \
	    && $(VENV)/bin/uv pip install --quiet --python $(PY) -r requirements-dev.txt; } \
	|| $(PIP) install --quiet --no-compile -r requirements-dev.txt
	touch $(STAMP)

# Azurite, the emulator of Azure Storage, for tests only: from npm, with Node.js from PyPI where the machine has none.
$(TOOLS): package.json package-lock.json | $(PY)
	$(PY) -m tests.support.node
	touch $(TOOLS)

tools: $(STAMP) $(TOOLS)

install: $(STAMP)

# KEEP=1 make demo: goes on with what the last run left in build/demo
demo: $(STAMP)
	@$(PY) -m onboarding demo --seed $(SEED) $(if $(ONCE),--once)

serve: $(STAMP)
	@$(PY) -m onboarding serve $(if $(STORE),--store $(STORE))

check: $(STAMP)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy

# make test FULL=1: also what takes an hour, and is told in smaller steps by the tests of every run
# The checks run beside the tests, and speak last; the tools of npm are installed beside those of Python. The tests are
# collected once before: what one process compiles, the workers read.
test: $(PY)
	@mkdir -p build
	@$(MAKE) --no-print-directory $(TOOLS) > build/tools.txt 2>&1 & tools=$$!; \
	$(MAKE) --no-print-directory $(STAMP) || exit; \
	$(MAKE) --no-print-directory check > build/check.txt 2>&1 & check=$$!; \
	$(VENV)/bin/pytest -qq --collect-only > build/collected.txt 2>&1; \
	wait $$tools || { cat build/tools.txt; exit 1; }; \
	$(VENV)/bin/pytest -n $(WORKERS) --dist loadgroup $(if $(FULL),--every-point --every-store --every-python --deliveries 10000 --timeout 7200); \
	tests=$$?; wait $$check; checks=$$?; cat build/check.txt; \
	[ $$checks = 0 ] || echo "The checks failed: see above, and build/check.txt." >&2; exit $$((tests | checks))

bench: $(STAMP) $(TOOLS)
	$(PY) -m tests.bench

# Every parser and the door's readers under atheris: make fuzz [RUNS=1000000] [TARGET=parse:scim]   (Linux, x86-64)
FUZZ := build/fuzz/lib/.installed
$(FUZZ): requirements-fuzz.txt $(STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check --upgrade --target build/fuzz/lib -r requirements-fuzz.txt
	touch $(FUZZ)

fuzz: $(FUZZ)
	PYTHONPATH=build/fuzz/lib $(PY) -m tests.fuzz $(if $(RUNS),--runs $(RUNS)) $(if $(TARGET),--target $(TARGET))

# The zip that Azure runs, for the Python that the infrastructure names: build/package.zip
package: $(STAMP)
	@$(PY) -m scripts.package

format: $(STAMP)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

clean:
	rm -rf $(VENV) build node_modules
