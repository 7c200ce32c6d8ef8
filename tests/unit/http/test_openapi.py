"""The API's description has every address, every method and every error, and no other."""

import json
from pathlib import Path
from typing import Any

import pytest
from falcon.inspect import inspect_routes
from prometheus_client import CollectorRegistry

from mnist_api import errors
from mnist_api.app import create_app
from mnist_api.errors import ApiError
from mnist_api.http.openapi import document
from mnist_api.http.operations import OPERATIONS
from mnist_api.http.retraining_operations import RETRAINING_OPERATIONS
from mnist_api.models.catalog import load_catalog
from mnist_api.settings import Settings

# Pages for people and the description itself.
NOT_DESCRIBED = {"/", "/docs", "/static/{file}", "/openapi.json"}
# What an address that is described cannot answer.
ELSEWHERE = {ApiError, errors.NotFound, errors.MethodNotAllowed}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return dict(json.loads(json.dumps(document({**OPERATIONS, **RETRAINING_OPERATIONS}))))


@pytest.mark.parametrize("is_retraining", [False, True])
def test_every_route_and_method_is_described(tmp_path: Path, is_retraining: bool) -> None:
    settings = Settings()
    if is_retraining:
        settings = Settings(token="a" * 16, store=f"file://{tmp_path}")
    app = create_app(settings, load_catalog(settings.weights_folder), CollectorRegistry())
    paths = document({**OPERATIONS, **RETRAINING_OPERATIONS} if is_retraining else OPERATIONS)[
        "paths"
    ]
    routes = {
        route.path: {method.method.lower() for method in route.methods if not method.internal}
        for route in inspect_routes(app)
        if route.path not in NOT_DESCRIBED
    }
    assert {path: set(methods) for path, methods in paths.items()} == routes


def test_every_error_is_described_with_its_status(described: dict[str, Any]) -> None:
    found: dict[str, set[str]] = {}
    for methods in described["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                codes = response["description"].replace("`", "").split(", ")
                found.setdefault(status, set()).update(codes)
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    for kind in {kind for kind in kinds if issubclass(kind, ApiError)} - ELSEWHERE:
        assert kind.code in found[str(kind.status)], kind


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    def references(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(references, node))
        if not isinstance(node, dict):
            return set()
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(references, node.values()))

    schemas = described["components"]["schemas"]
    assert references(described) <= {f"#/components/schemas/{name}" for name in schemas}


def test_operations_have_names_of_their_own(described: dict[str, Any]) -> None:
    names = [
        operation["operationId"]
        for methods in described["paths"].values()
        for operation in methods.values()
    ]
    assert len(names) == len(set(names))
