"""API documents as tenants may have them, and calls of every operation."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any, get_type_hints

from bytehouse._api.planning import planner
from bytehouse_openapi import Document
from bytehouse_raw.operations import OPERATIONS, Operation
from bytehouse_raw.plan import Plan

__all__ = ["elsewhere", "moved", "page", "sample"]

_OTHER = {"GET": "POST", "POST": "PUT", "PUT": "PATCH", "PATCH": "POST", "DELETE": "POST"}


def moved(document: Document, **routes: str) -> str:
    """Return a specification as JSON, some operations moved; what moves to "" is left out.

    Parameters of a path are renamed in their order.
    """
    paths: dict[str, Any] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if not isinstance(operation, dict):
                continue
            route = routes.get(operation["operationId"], f"{method} {path}")
            if route:
                there, where = route.split(" ", 1)
                paths.setdefault(where, {})[there.lower()] = operation
    return json.dumps({**document, "paths": paths})


def page(address: str) -> str:
    """Return a docs page that names a specification."""
    return f"<!DOCTYPE html><html><body><redoc spec-url='{address}'></redoc></body></html>"


def elsewhere() -> dict[str, str]:
    """Return routes that have no method, path or name of a parameter in common with ours."""
    return {
        operation.id: f"{_OTHER[operation.method]} /api/2/op{number}"
        + "".join(f"/{{p{i}}}" for i, _ in enumerate(re.findall("{", operation.path)))
        for number, operation in enumerate(OPERATIONS.values())
    }


def sample(operation: Operation) -> Plan[Any]:
    """Plan a call of an operation, as little as it needs."""
    plan = planner(operation)
    hints = get_type_hints(plan)
    values: dict[str, Any] = {}
    for name, parameter in inspect.signature(plan).parameters.items():
        if name == "body":
            values[name] = hints[name].from_dict({})
        elif parameter.default is parameter.empty:
            values[name] = 1 if hints[name] is int else "x1"
    return plan(**values)
