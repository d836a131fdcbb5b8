# `make run` and `make test` are all that is needed to begin; `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help run test coverage bench bench-quick lint format lock clean mutants

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := 0.13.9
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 20

run: $(VENV)/.installed ## Try it: sandbox and web server on http://127.0.0.1:8000 (PORT=8080 for another port)
	@$(BIN)/python -m destinations_ui.demo

test: $(VENV)/.installed-dev ## Run all tests on every core: on PostgreSQL where there is one, then on SQLite with a browser
	@$(BIN)/python -m tests

coverage: $(VENV)/.installed-dev ## Run the tests on SQLite and show which branches they miss
	@$(BIN)/python -m pytest -q --cov --cov-report=term

mutants: $(VENV)/.installed-dev ## Change the code in 150 places, one at a time, and report what no test notices: an hour
	@$(BIN)/python -m tests.mutants

bench: $(VENV)/.installed-dev ## Measure everything over a million records, on SQLite and PostgreSQL: half an hour
	@$(BIN)/python -m tests.benchmarks

bench-quick: $(VENV)/.installed-dev ## The same over 50,000 records, on SQLite alone
	@$(BIN)/python -m tests.benchmarks 50000 --quick --only sqlite

lint: $(VENV)/.installed-dev ## Check style, imports, dependencies, types, templates, migrations and deployment settings
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/deptry .
	@$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	@$(BIN)/djlint --lint --quiet templates
	@$(BIN)/oxlint --deny-warnings static
	@$(BIN)/python -m tests.support.deployment

format: $(VENV)/.installed-dev ## Format the code and the templates
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .
	@$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

clean: ## Remove the virtual environment and all that the try-out kept
	rm -rf $(VENV) var

lock: $(VENV)/.installed-dev ## Pin everything that requirements.in and requirements-dev.in need, with hashes
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@$(LOCK) --output-file requirements.txt requirements.in
	@$(LOCK) --constraint requirements.txt --output-file requirements-dev.txt requirements-dev.in

$(VENV)/.installed: requirements.txt
	@$(PYTHON) scripts/install.py $(VENV) $<
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@$(PYTHON) scripts/install.py $(VENV) $<
	@touch $@
