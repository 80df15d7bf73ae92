"""Convert an OpenAPI 2.0 document to 3.0, as far as a JSON API needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .document import METHODS, target

_JSON = ["application/json"]
_MOVED = {
    "#/definitions/": "#/components/schemas/",
    "#/parameters/": "#/components/parameters/",
    "#/responses/": "#/components/responses/",
}
_KEPT = ("operationId", "tags", "summary", "description", "deprecated", "security")
_ABOUT = ("name", "in", "required", "description")
_FLOWS = {"accessCode": "authorizationCode", "application": "clientCredentials"}


def convert(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI 2.0 document as OpenAPI 3.0."""
    return _Conversion(document).document()


class _Conversion:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._old = document

    def document(self) -> dict[str, Any]:
        """Return the converted document."""
        old = self._old
        new: dict[str, Any] = {
            "openapi": "3.0.3",
            "info": old.get("info") or {},
            "servers": self._servers(),
            "paths": {path: self._item(item) for path, item in _objects(old, "paths")},
            "components": {
                "schemas": {name: _schema(s) for name, s in _objects(old, "definitions")},
                "parameters": {
                    name: self._parameter(p)
                    for name, p in _objects(old, "parameters")
                    if p.get("in") not in ("body", "formData")
                },
                "responses": {
                    name: self._response(r, self._old.get("produces"))
                    for name, r in _objects(old, "responses")
                },
                "securitySchemes": {
                    name: _security(s) for name, s in _objects(old, "securityDefinitions")
                },
            },
        }
        new.update({key: old[key] for key in ("tags", "security") if key in old})
        return new

    def _servers(self) -> list[dict[str, str]]:
        base = str(self._old.get("basePath") or "").rstrip("/")
        host = str(self._old.get("host") or "")
        schemes = self._old.get("schemes") or ["https"]
        if not host:
            return [{"url": base or "/"}]
        return [{"url": f"{scheme}://{host}{base}"} for scheme in schemes]

    def _item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        shared = item.get("parameters") or []
        new = {
            method: self._operation(node, shared)
            for method, node in item.items()
            if method in METHODS and isinstance(node, Mapping)
        }
        return new | ({"$ref": item["$ref"]} if "$ref" in item else {})

    def _operation(self, operation: Mapping[str, Any], shared: list[Any]) -> dict[str, Any]:
        parameters_by_name = {}
        for one in (*shared, *(operation.get("parameters") or [])):
            parameter = target(self._old, one)
            parameters_by_name[parameter.get("in"), parameter.get("name")] = (one, parameter)
        consumes = operation.get("consumes") or self._old.get("consumes") or _JSON
        produces = operation.get("produces") or self._old.get("produces")
        new = {key: operation[key] for key in _KEPT if key in operation}
        new["parameters"] = [
            _moved_references(one) if "$ref" in one else self._parameter(parameter)
            for one, parameter in parameters_by_name.values()
            if parameter.get("in") not in ("body", "formData")
        ]
        if body := self._body(
            [parameter for _, parameter in parameters_by_name.values()], consumes
        ):
            new["requestBody"] = body
        new["responses"] = {
            str(status): _moved_references(response)
            if "$ref" in response
            else self._response(response, produces)
            for status, response in _objects(operation, "responses")
        }
        return new | {key: value for key, value in operation.items() if key.startswith("x-")}

    def _body(self, parameters: list[Mapping[str, Any]], consumes: list[str]) -> dict[str, Any]:
        for parameter in parameters:
            if parameter.get("in") == "body":
                schema = _schema(parameter.get("schema") or {})
                return {
                    "required": bool(parameter.get("required")),
                    "content": {kind: {"schema": schema} for kind in consumes},
                }
        fields = [p for p in parameters if p.get("in") == "formData"]
        if not fields:
            return {}
        kinds = [kind for kind in consumes if "form" in kind] or ["multipart/form-data"]
        schema = {
            "type": "object",
            "properties": {p.get("name"): _schema(_parameter_schema(p)) for p in fields},
            "required": [p.get("name") for p in fields if p.get("required")],
        }
        return {"content": {kind: {"schema": schema} for kind in kinds}}

    def _parameter(self, parameter: Mapping[str, Any]) -> dict[str, Any]:
        new = {key: parameter[key] for key in _ABOUT if key in parameter}
        return new | {"schema": _schema(_parameter_schema(parameter))}

    def _response(self, response: Mapping[str, Any], produces: Any) -> dict[str, Any]:
        new: dict[str, Any] = {"description": response.get("description") or ""}
        if isinstance(response.get("schema"), Mapping):
            schema = _schema(response["schema"])
            new["content"] = {kind: {"schema": schema} for kind in produces or _JSON}
        return new


def _objects(node: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = node.get(key)
    items = found.items() if isinstance(found, Mapping) else ()
    return [(name, value) for name, value in items if isinstance(value, Mapping)]


def _parameter_schema(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a parameter that is its schema."""
    other_keys = (*_ABOUT, "collectionFormat", "allowEmptyValue")
    return {key: value for key, value in parameter.items() if key not in other_keys}


def _moved_references(value: Any) -> Any:
    """Return a node with its references adapted to the layout of 3.0."""
    if isinstance(value, list):
        return [_moved_references(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    moved = {key: _moved_references(inner) for key, inner in value.items()}
    if isinstance(reference := value.get("$ref"), str):
        for old, new in _MOVED.items():
            if reference.startswith(old):
                moved["$ref"] = new + reference.removeprefix(old)
    return moved


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    new = _moved_references(schema)
    _convert_keywords(new)
    return dict(new)


def _convert_keywords(node: Any) -> None:
    if isinstance(node, list):
        for one in node:
            _convert_keywords(one)
    elif isinstance(node, dict):
        if node.get("type") == "file":
            node.update(type="string", format="binary")
        if node.pop("x-nullable", False) is True:
            node["nullable"] = True
        if isinstance(node.get("discriminator"), str):
            node["discriminator"] = {"propertyName": node["discriminator"]}
        for value in node.values():
            _convert_keywords(value)


def _security(scheme: Mapping[str, Any]) -> dict[str, Any]:
    kind = scheme.get("type")
    if kind == "basic":
        return {"type": "http", "scheme": "basic"}
    if kind != "oauth2":
        return dict(scheme)
    flow = str(scheme.get("flow"))
    addresses = {k: scheme[k] for k in ("authorizationUrl", "tokenUrl") if k in scheme}
    about = {"scopes": scheme.get("scopes") or {}, **addresses}
    return {"type": "oauth2", "flows": {_FLOWS.get(flow, flow): about}}
