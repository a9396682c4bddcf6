# Every target sets up what it needs. `make` alone lists them.

PORT ?= 3000
PYTEST_ARGUMENTS ?=
BENCH_ARGUMENTS ?=
# PYTHON names the interpreter for new environments; without it scripts/find-python.sh looks for one.
export PYTHON

CODE := $(wildcard src tests examples benchmarks)
# `.venv/.installed-dev` is the time of the last installation; pyproject.toml newer than it means: install again.
SOURCES_OF_ENVIRONMENT := pyproject.toml scripts/make-environment.sh

.DEFAULT_GOAL := help
.PHONY: help demo test test-all check lint types bench bench-quick bench-pages bench-rules bench-reload bench-decode format clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: .venv/.installed-demo ## Serve examples/article on port 3000 (PORT=8080 for another)
	@echo ""
	@echo "The article's endpoints in Python. Try, in a browser or with curl:"
	@echo "  http://localhost:$(PORT)/api/hello"
	@echo "  http://localhost:$(PORT)/api/post/7"
	@echo "  http://localhost:$(PORT)/api/post/a/b/c"
	@echo "Ctrl+C stops it."
	@echo ""
	@.venv/bin/slugline start examples/article --port $(PORT)

test: .venv/.installed-dev system-tools tests/npm/node_modules/.package-lock.json ## Run the tests (PYTEST_ARGUMENTS="-k cookies")
	.venv/bin/python -m pytest $(PYTEST_ARGUMENTS)

test-all: test ## Run the tests on each Python of 3.11 to 3.13 that is here
	sh scripts/test-other-pythons.sh $(PYTEST_ARGUMENTS)

check: lint types test ## What CI does: format, lint, types, tests

lint: .venv/.installed-dev ## Check format and lint
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/ruff check $(CODE)

types: .venv/.installed-dev system-tools ## Check types with mypy --strict and pyright
	.venv/bin/mypy --strict
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 .venv/bin/pyright
	sh scripts/check-example-types.sh

bench: .venv-bench/.installed-bench tests/npm/node_modules/.package-lock.json ## Measure beside all peers, half an hour (BENCH_ARGUMENTS="--rounds 3")
	sh scripts/install-system-tools.sh wrk
	.venv-bench/bin/python benchmarks/run.py $(BENCH_ARGUMENTS)

bench-quick: .venv-bench/.installed-bench ## Measure four tasks beside three programs, two minutes
	sh scripts/install-system-tools.sh wrk
	.venv-bench/bin/python benchmarks/run.py --quick $(BENCH_ARGUMENTS)

bench-rules: .venv-bench/.installed-bench ## Measure what 200 rules cost a request that meets none
	sh scripts/install-system-tools.sh wrk
	.venv-bench/bin/python benchmarks/rules.py $(BENCH_ARGUMENTS)

bench-pages: .venv-bench/.installed-bench ## Measure made pages and files beside an API route
	sh scripts/install-system-tools.sh wrk
	.venv-bench/bin/python benchmarks/pages.py $(BENCH_ARGUMENTS)

bench-reload: .venv-bench/.installed-bench tests/npm/node_modules/.package-lock.json ## Measure from save to new answer, beside peers
	.venv-bench/bin/python benchmarks/reload.py $(BENCH_ARGUMENTS)

bench-decode: .venv-bench/.installed-bench ## Measure decoding and checking a body beside FastAPI's way
	.venv-bench/bin/python benchmarks/decode.py $(BENCH_ARGUMENTS)

format: .venv/.installed-dev ## Format the code and mend what the linter can
	.venv/bin/ruff check --fix $(CODE)
	.venv/bin/ruff format $(CODE)

clean: ## Remove environments, caches and built files
	rm -rf .venv .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
	find $(CODE) -name .slugline -type d -prune -exec rm -rf {} +

tests/npm/node_modules/.package-lock.json: tests/npm/package-lock.json | system-tools
	sh scripts/install-npm-packages.sh

# Node runs pyright, and what the tests compare with. Redis and PostgreSQL keep what tests save, and Chromium looks at it.
.PHONY: system-tools
system-tools:
	@sh scripts/install-system-tools.sh node npm redis-server postgresql chromium

%/.installed-demo: $(SOURCES_OF_ENVIRONMENT)
	sh scripts/make-environment.sh $* demo
	@touch $@

%/.installed-dev: $(SOURCES_OF_ENVIRONMENT)
	sh scripts/make-environment.sh $* dev
	@touch $@

%/.installed-bench: $(SOURCES_OF_ENVIRONMENT) benchmarks/requirements.txt
	sh scripts/make-environment.sh $* bench
	@touch $@
