"""Turn an OpenAPI 2.0 document into one of 3.0, as far as an API of JSON needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .document import METHODS, target

__all__ = ["converted"]

_JSON = ["application/json"]
_MOVED = {
    "#/definitions/": "#/components/schemas/",
    "#/parameters/": "#/components/parameters/",
    "#/responses/": "#/components/responses/",
}
_KEPT = ("operationId", "tags", "summary", "description", "deprecated", "security")
_ABOUT = ("name", "in", "required", "description")
_FLOWS = {"accessCode": "authorizationCode", "application": "clientCredentials"}


def converted(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI 2.0 document as OpenAPI 3.0."""
    return _Conversion(document).document()


class _Conversion:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._old = document

    def document(self) -> dict[str, Any]:
        """Return the whole."""
        old = self._old
        made: dict[str, Any] = {
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
        made.update({key: old[key] for key in ("tags", "security") if key in old})
        return made

    def _servers(self) -> list[dict[str, str]]:
        base = str(self._old.get("basePath") or "").rstrip("/")
        host = str(self._old.get("host") or "")
        schemes = self._old.get("schemes") or ["https"]
        if not host:
            return [{"url": base or "/"}]
        return [{"url": f"{scheme}://{host}{base}"} for scheme in schemes]

    def _item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        shared = item.get("parameters") or []
        made = {
            method: self._operation(node, shared)
            for method, node in item.items()
            if method in METHODS and isinstance(node, Mapping)
        }
        return made | ({"$ref": item["$ref"]} if "$ref" in item else {})

    def _operation(self, operation: Mapping[str, Any], shared: list[Any]) -> dict[str, Any]:
        given = {}
        for one in (*shared, *(operation.get("parameters") or [])):
            parameter = target(self._old, one)
            given[parameter.get("in"), parameter.get("name")] = (one, parameter)
        consumes = operation.get("consumes") or self._old.get("consumes") or _JSON
        produces = operation.get("produces") or self._old.get("produces")
        made = {key: operation[key] for key in _KEPT if key in operation}
        made["parameters"] = [
            _refs(one) if "$ref" in one else self._parameter(parameter)
            for one, parameter in given.values()
            if parameter.get("in") not in ("body", "formData")
        ]
        if body := self._body([parameter for _, parameter in given.values()], consumes):
            made["requestBody"] = body
        made["responses"] = {
            str(status): _refs(response)
            if "$ref" in response
            else self._response(response, produces)
            for status, response in _objects(operation, "responses")
        }
        return made | {key: value for key, value in operation.items() if key.startswith("x-")}

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
            "properties": {p.get("name"): _schema(_bare(p)) for p in fields},
            "required": [p.get("name") for p in fields if p.get("required")],
        }
        return {"content": {kind: {"schema": schema} for kind in kinds}}

    def _parameter(self, parameter: Mapping[str, Any]) -> dict[str, Any]:
        made = {key: parameter[key] for key in _ABOUT if key in parameter}
        return made | {"schema": _schema(_bare(parameter))}

    def _response(self, response: Mapping[str, Any], produces: Any) -> dict[str, Any]:
        made: dict[str, Any] = {"description": response.get("description") or ""}
        if isinstance(response.get("schema"), Mapping):
            schema = _schema(response["schema"])
            made["content"] = {kind: {"schema": schema} for kind in produces or _JSON}
        return made


def _objects(node: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = node.get(key)
    items = found.items() if isinstance(found, Mapping) else ()
    return [(name, value) for name, value in items if isinstance(value, Mapping)]


def _bare(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a parameter says about its value."""
    besides = (*_ABOUT, "collectionFormat", "allowEmptyValue")
    return {key: value for key, value in parameter.items() if key not in besides}


def _refs(value: Any) -> Any:
    """Return a part with its references moved to where 3.0 has what they lead to."""
    if isinstance(value, list):
        return [_refs(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    made = {key: _refs(inner) for key, inner in value.items()}
    if isinstance(reference := value.get("$ref"), str):
        for old, new in _MOVED.items():
            if reference.startswith(old):
                made["$ref"] = new + reference.removeprefix(old)
    return made


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    made = _refs(schema)
    _modernise(made)
    return dict(made)


def _modernise(node: Any) -> None:
    if isinstance(node, list):
        for one in node:
            _modernise(one)
    elif isinstance(node, dict):
        if node.get("type") == "file":
            node.update(type="string", format="binary")
        if node.pop("x-nullable", False) is True:
            node["nullable"] = True
        if isinstance(node.get("discriminator"), str):
            node["discriminator"] = {"propertyName": node["discriminator"]}
        for value in node.values():
            _modernise(value)


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
