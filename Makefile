# Everything a person does here, by name. `make help` lists it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
SERVE  := .venv/bin
DEV    := .venv-dev/bin
SHELL  := /bin/bash
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench bench-cache bench-overload bench-slow bench-soak train e2e e2e-long docs lock system-deps clean

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -t -s "$$(printf '\t')"

run: .venv/installed ## Serve on 127.0.0.1:8000 (no cache server, no cluster needed)
	@MNIST_API_HINT=true exec $(SERVE)/mnist-api serve

test: .venv-dev/installed system-deps ## Run all tests with the coverage gate
	$(DEV)/python -m pytest --cov --cov-report=term --cov-fail-under=95

lint: .venv-dev/installed ## Check style, types and locks
	$(DEV)/ruff format --check
	$(DEV)/ruff check
	$(DEV)/mypy

format: .venv-dev/installed ## Bring the sources into shape
	$(DEV)/ruff format
	$(DEV)/ruff check --fix

bench: .venv-dev/installed ## Measure the hot path and print ratios
	tools/system-deps wrk
	$(DEV)/python -m benchmarks

bench-cache: .venv-dev/installed .tools/bin/vegeta ## Show what the cache gives and costs, also while memcached is ill
	tools/system-deps wrk memcached
	$(DEV)/python -m benchmarks.cache

bench-overload: .venv-dev/installed .tools/bin/vegeta ## Send three times what the service can do
	tools/system-deps wrk
	$(DEV)/python -m benchmarks.overload

bench-slow: .venv-dev/installed .tools/bin/vegeta ## Measure others beside 500 slow clients
	tools/system-deps wrk
	$(DEV)/python -m benchmarks.slow

bench-soak: .venv-dev/installed .tools/bin/vegeta ## Watch the memory under mixed load (MINUTES=30)
	tools/system-deps memcached
	$(DEV)/python -m benchmarks.soak $(addprefix --minutes ,$(MINUTES))

train: .venv-dev/installed ## Make the models anew from the 500 digits (MODEL=svm for one)
	$(DEV)/python -m mnist_api.training $(addprefix --model ,$(MODEL))

e2e: .venv-dev/installed ## Test image, chart and ingress on the cluster that KUBECONFIG names
	tools/system-deps wrk openssl
	E2E=1 $(DEV)/python -m pytest tests/e2e/cluster

e2e-long: .venv-dev/installed ## Show on the cluster that 20 updates of each kind fail no request
	tools/system-deps wrk openssl
	E2E=1 E2E_LONG=1 $(DEV)/python -m pytest -s tests/e2e/cluster/test_updates.py

docs: .venv-dev/installed ## Write what the chart says of its values from values.yaml and settings.py
	$(DEV)/python tools/chart_docs.py

lock: .venv-dev/installed ## Resolve the dependencies anew, into requirements/
	$(DEV)/uv pip compile pyproject.toml $(LOCK) -o requirements/serve.txt
	$(DEV)/uv pip compile pyproject.toml --all-extras --group dev $(LOCK) -o requirements/dev.txt
	printf 'hatchling\ncyclonedx-bom\n' | $(DEV)/uv pip compile - $(LOCK) -o requirements/image.txt
	$(DEV)/uv pip compile pyproject.toml --extra train $(LOCK) -c requirements/dev.txt -o requirements/train.txt

LOCK := --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --quiet --custom-compile-command 'make lock'

system-deps: ## Install the real servers that the tests start (Debian; as root)
	@tools/system-deps nginx memcached chromium prometheus

clean: ## Remove what was built, not what was committed
	rm -rf .venv .venv-dev build dist .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The open-loop driver (MIT); needs Go, which fetches and builds it.
.tools/bin/vegeta:
	GOBIN=$(CURDIR)/$(@D) go install github.com/tsenart/vegeta/v12@v12.13.0

.venv/installed: requirements/serve.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv $(@D)
	@$(SERVE)/pip install --quiet --require-hashes -r $<
	@$(SERVE)/pip install --quiet --no-deps --editable .
	@touch $@

.venv-dev/installed: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv $(@D)
	@$(DEV)/pip install --quiet --require-hashes -r $<
	@$(DEV)/pip install --quiet --no-deps --editable .
	@touch $@
