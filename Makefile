# make demo | test | serve | bench      (Python 3.11 or newer and make; everything else is installed into .venv)
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
SEED ?= 1
export PYTHONUNBUFFERED := 1

.PHONY: demo test serve bench check format clean

$(STAMP): requirements.txt requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11, 3.12 or 3.13 is needed; say PYTHON=…" if not (3, 11) <= sys.version_info < (3, 14) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $(STAMP)

demo: $(STAMP)
	@$(PY) -m onboarding demo --seed $(SEED) $(if $(ONCE),--once)

serve: $(STAMP)
	@$(PY) -m onboarding serve

check: $(STAMP)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy

test: check
	$(VENV)/bin/pytest -n auto --dist loadgroup

bench: $(STAMP)
	$(PY) -m tests.bench

format: $(STAMP)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

clean:
	rm -rf $(VENV) build
