# Two commands are enough: `make dev` runs everything on this machine, `make test` runs the suite.

# The first Python that is new enough; `make PYTHON=/path/to/python3` takes another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
IN = .venv/bin/python -P
INSTALLED = .venv/installed

.DEFAULT_GOAL := help
.PHONY: help dev install web test check lint types layers snapshot drift audit e2e bench schema format clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

dev: install web ## Run everything here: database, Redis, demo workspace, GraphQL and GraphiQL
	@.venv/bin/lockstep dev --until-parent-ends

install: $(INSTALLED)

$(INSTALLED): requirements/dev.txt requirements/install.py
	@command -v $(or $(PYTHON),no-python) >/dev/null || { \
		echo 'lockstep: needs Python 3.11 or newer, found as python3 or python3.11 to python3.14' >&2; exit 1; }
	@$(PYTHON) requirements/install.py

# The service runs without its browser pages: it says so where they would be.
web: install
	@$(IN) web/build.py || echo 'lockstep: going on without GraphiQL'

test: install ## Run the suite, on a PostgreSQL and a Redis that it starts itself
	$(IN) -m pytest --ignore=tests/e2e -n 2 --dist worksteal $(ARGS)

check: lint types layers snapshot drift audit ## Lint, types, layers, schema snapshot, migrations, known vulnerabilities

lint: install
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: install
	.venv/bin/mypy

layers: install
	.venv/bin/lint-imports

snapshot: install
	.venv/bin/lockstep schema --check tests/schema.graphql

drift: install
	.venv/bin/lockstep migrate --check

# Says so, and goes on, where no list of advisories can be reached; `make audit ARGS=--strict` does not go on.
audit: install ## Look the dependencies up among known vulnerabilities
	@$(IN) requirements/audit.py $(ARGS)

e2e: install web ## Test what needs a browser, npm or PgBouncer
	$(IN) -m pytest tests/e2e $(ARGS)

bench: install ## Measure us and our peers here, in under ten minutes; `make bench ARGS=--all` for all of them
	@$(IN) -m benchmarks $(ARGS)

schema: install ## Write the schema's snapshot, after a change that is meant
	.venv/bin/lockstep schema > tests/schema.graphql.new && mv tests/schema.graphql.new tests/schema.graphql

format: install ## Format the code
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

clean: ## Remove what was built; data in .lockstep stays
	rm -rf .venv build web/dist web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
