"""Write a document of this API as OpenAPI 2.0."""

import json
from typing import Any

from bytehouse_openapi import Document

MOVED = {
    "#/components/schemas/": "#/definitions/",
    "#/components/parameters/": "#/parameters/",
    "#/components/responses/": "#/responses/",
}

Node = dict[str, Any]


def as_swagger(document: Document) -> Node:
    """Return a document as OpenAPI 2.0 has it."""
    raw = json.dumps(document)
    for new, old in MOVED.items():
        raw = raw.replace(new, old)
    source = json.loads(raw)
    for item in source["paths"].values():
        for node in item.values():
            if isinstance(node, dict):
                _operation(node)
    components = source["components"]
    return {
        "swagger": "2.0",
        "info": source["info"],
        "host": "tenant.example",
        "basePath": "/",
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": source["paths"],
        "definitions": components["schemas"],
        "parameters": {name: _parameter(p) for name, p in components["parameters"].items()},
        "responses": {name: _response(r) for name, r in components["responses"].items()},
        "securityDefinitions": {"K": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        "security": [{"K": []}],
    }


def _operation(node: Node) -> None:
    node["parameters"] = [_parameter(parameter) for parameter in node.get("parameters", [])]
    if body := node.pop("requestBody", None):
        schema = body["content"]["application/json"]["schema"]
        made = {"in": "body", "name": "body", "required": body.get("required"), "schema": schema}
        node["parameters"].append(made)
    node["responses"] = {
        status: response if "$ref" in response else _response(response)
        for status, response in node["responses"].items()
    }


def _parameter(parameter: Node) -> Node:
    rest = {key: value for key, value in parameter.items() if key != "schema"}
    return {**rest, **parameter.get("schema", {})}


def _response(node: Node) -> Node:
    content = node.pop("content", None)
    return {**node, **(content["application/json"] if content else {})}
