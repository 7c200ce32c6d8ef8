# Everything a person does here, by name. `make help` lists it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
SERVE  := .venv/bin
DEV    := .venv-dev/bin
LOAD   := .venv-loadtest/bin
SHELL  := /bin/bash
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench bench-cache bench-overload bench-slow bench-soak fuzz fuzz-parsers loadtest loadtest-ui ab peers scaling capacity autoscaling report train study notebooks e2e e2e-long docs lock system-deps clean

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -t -s "$$(printf '\t')"

run: .venv/installed ## Serve on 127.0.0.1:8000 (no cache server, no cluster needed)
	@MNIST_API_HINT=true exec $(SERVE)/mnist-api serve

test: .venv-dev/installed .venv-clients/installed system-deps ## Run all tests with the coverage gate
	$(DEV)/python -m pytest -n 2 --dist loadfile -m "not alone" --cov --cov-report= --durations=10
	$(DEV)/python -m pytest -m alone --cov --cov-append --cov-report=term --cov-fail-under=95 --durations=10

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

bench-cache: .venv-dev/installed loadtest/.bin/vegeta ## Show what the cache gives and costs, also while memcached is ill
	tools/system-deps wrk memcached
	$(DEV)/python -m benchmarks.cache

bench-overload: .venv-dev/installed loadtest/.bin/vegeta ## Send three times what the service can do
	tools/system-deps wrk nginx
	$(DEV)/python -m benchmarks.overload

bench-slow: .venv-dev/installed loadtest/.bin/vegeta ## Measure others beside 500 slow clients
	tools/system-deps wrk
	$(DEV)/python -m benchmarks.slow

bench-soak: .venv-dev/installed loadtest/.bin/vegeta ## Watch the memory under mixed load (MINUTES=30)
	tools/system-deps memcached
	$(DEV)/python -m benchmarks.soak $(addprefix --minutes ,$(MINUTES))

loadtest: .venv-loadtest/installed ## Load the service and check every answer (URL=... for one that runs, OPTIONS="--form spike ...")
	$(LOAD)/python -m loadtest $(addprefix --url ,$(URL)) $(OPTIONS)

loadtest-ui: .venv-loadtest/installed ## The same, steered by locust's page on 127.0.0.1:8089
	$(LOAD)/python -m loadtest --ui --web-host 127.0.0.1 $(addprefix --url ,$(URL)) $(OPTIONS)

ab: peers-deps ## Repeat the ab scenario of 2018: its design beside ours
	$(LOAD)/python -m loadtest.ab $(OPTIONS)

peers: peers-deps ## Measure six other servers with the same models beside ours
	for models in svm mlp cnn; do $(LOAD)/python -m loadtest.peers --models $$models $(OPTIONS); done

scaling: .venv-loadtest/installed loadtest/.bin/poisson ## Measure how throughput grows with replicas on KUBECONFIG's cluster (OPTIONS=workers: of gunicorn, without)
	tools/system-deps wrk
	$(LOAD)/python -m loadtest.scaling $(or $(OPTIONS),cluster)

capacity: .venv-loadtest/installed loadtest/.bin/poisson ## Measure pods there, fit the capacity model's figures and try them (OPTIONS="--limit 0.2")
	tools/system-deps wrk
	$(LOAD)/python -m loadtest.capacity measure $(OPTIONS)

autoscaling: .venv-loadtest/installed ## Watch the HPA there under a spike and through a day
	tools/system-deps wrk
	$(LOAD)/python -m loadtest.autoscaling spike day $(OPTIONS)

report: .venv-loadtest/installed ## Write docs/performance.md and its plots from the results
	$(LOAD)/python -m loadtest.report

train: .venv-dev/installed ## Make the models anew from the 500 digits (MODEL=svm for one)
	$(DEV)/python -m mnist_api.training $(addprefix --model ,$(MODEL))

study: .venv-dev/installed ## Train the recipes on five draws of the 500, for mean and spread (MODEL=svm)
	$(DEV)/python -m mnist_api.training.study $(addprefix --model ,$(MODEL))

notebooks: .venv-dev/installed ## Run the notebooks in full, into build/notebooks (QUICK=1: only a little)
	$(DEV)/python tools/run_notebooks.py build/notebooks notebooks/*.ipynb

fuzz: .venv-dev/installed .venv-clients/installed ## Ask the service thousands of things that its description allows, or does not
	FUZZ_EXAMPLES=$(or $(EXAMPLES),1000) $(DEV)/python -m pytest -s tests/integration/test_openapi.py

fuzz-parsers: .venv-dev/installed ## Feed the parsers what coverage leads to (RUNS=400000 each)
	for target in decode base64 tensors bodies heads; do \
		$(DEV)/python -m tests.fuzz $$target $(or $(RUNS),400000) || exit; done

e2e: .venv-dev/installed ## Test image, chart and ingress on the cluster that KUBECONFIG names
	tools/system-deps wrk openssl
	E2E=1 $(DEV)/python -m pytest tests/e2e/cluster --durations=10

e2e-long: .venv-dev/installed ## Show on the cluster that 20 updates of each kind fail no request, and retrain there
	tools/system-deps wrk openssl
	E2E=1 E2E_LONG=1 $(DEV)/python -m pytest -s tests/e2e/cluster/test_updates.py tests/e2e/cluster/test_retraining.py

docs: .venv-dev/installed ## Write what the chart says of its values from values.yaml and settings.py
	$(DEV)/python tools/chart_docs.py

lock: .venv-dev/installed ## Resolve the dependencies anew, into requirements/
	$(DEV)/uv pip compile pyproject.toml $(LOCK) -o requirements/serve.txt
	$(DEV)/uv pip compile pyproject.toml --extra otel $(LOCK) -o requirements/otel.txt
	$(DEV)/uv pip compile pyproject.toml --extra s3 $(LOCK) -o requirements/s3.txt
	$(DEV)/uv pip compile pyproject.toml --all-extras --group dev $(LOCK) -o requirements/dev.txt
	printf 'tritonclient[http]\nkserve\nschemathesis\nmoto[s3]\nflask\nflask-cors\n' | $(DEV)/uv pip compile - $(LOCK) -o tests/clients/requirements.txt
	printf 'moto[s3]\nflask\nflask-cors\n' | $(DEV)/uv pip compile - $(LOCK) -c tests/clients/requirements.txt -o tests/e2e/cluster/bucket.txt
	printf 'hatchling\ncyclonedx-bom\n' | $(DEV)/uv pip compile - $(LOCK) -o requirements/image.txt
	$(DEV)/uv pip compile pyproject.toml --extra train --extra s3 $(LOCK) -c requirements/dev.txt -o requirements/train.txt
	$(DEV)/uv pip compile pyproject.toml --extra loadtest $(LOCK) -c requirements/dev.txt -o requirements/loadtest.txt

LOCK := --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-strip-extras --quiet --custom-compile-command 'make lock'

system-deps: ## Install the real servers that the tests start (Debian; as root)
	@tools/system-deps nginx memcached chromium prometheus

clean: ## Remove what was built, not what was committed
	rm -rf .venv .venv-dev .venv-loadtest .venv-clients build dist .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis

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

.venv-loadtest/installed: requirements/loadtest.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv $(@D)
	@$(LOAD)/pip install --quiet --require-hashes -r $<
	@$(LOAD)/pip install --quiet --no-deps --editable .
	@touch $@

PEERS := fastapi litserve bentoml mlserver kserve flask2018

.PHONY: peers-lock
peers-lock: .venv-dev/installed
	for peer in $(PEERS); do $(DEV)/uv pip compile loadtest/peers/$$peer/requirements.in $(subst make lock,make peers-lock,$(LOCK)) -o loadtest/peers/$$peer/requirements.txt || exit 1; done

.PHONY: peers-deps
peers-deps: .venv/installed .venv-dev/installed .venv-loadtest/installed loadtest/.bin/poisson $(PEERS:%=loadtest/peers/.venvs/%/installed)
	tools/system-deps wrk ab
	$(DEV)/python -m loadtest.peers.prepare
	PYTHONPATH=.:service loadtest/peers/.venvs/mlserver/bin/python -m loadtest.peers.mlserver.pipeline loadtest/peers/.models/mlserver

loadtest/peers/.venvs/%/installed: loadtest/peers/%/requirements.txt
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --require-hashes -r $<
	@touch $@

loadtest/.bin/vegeta:
	@command -v go >/dev/null || { echo "missing: Go, which builds vegeta" >&2; exit 1; }
	GOBIN=$(CURDIR)/$(@D) go install github.com/tsenart/vegeta/v12@v12.13.0

loadtest/.bin/poisson: loadtest/poisson/main.go loadtest/poisson/go.mod loadtest/poisson/go.sum
	@command -v go >/dev/null || { echo "missing: Go, which builds poisson" >&2; exit 1; }
	cd loadtest/poisson && go build -o $(CURDIR)/$@ .

# KServe's client pins what our own environment needs newer.
.venv-clients/installed: tests/clients/requirements.txt
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --require-hashes -r $<
	@touch $@
