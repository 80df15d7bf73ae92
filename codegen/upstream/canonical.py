"""Canonical form of contracts: references resolved; versions, order and descriptions dropped."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from bytehouse_openapi import Document, SpecOperation, UpstreamError, target
from bytehouse_openapi.document import resolve_pointer

Schema = dict[str, Any]
"""A schema in canonical form. Keys with a tilde are notes, which do not count in a comparison:
`~name` of the component it is, `~known` for its names elsewhere, `~evidence`, `~text` of its
description, `~secret` if it is or holds a secret, `~readOnly` and `~writeOnly` as the document has
them, `~recursive` where it is the one around it. Adoption adds `~skipped` to what it leaves as it
is, and `~was`, our name of a property that has another name there."""

MAX_STEPS = 300_000
SCHEMAS = "#/components/schemas/"
_DROPPED = frozenset(
    "title description summary example examples externalDocs xml readOnly writeOnly nullable "
    "discriminator allOf oneOf anyOf const type $ref $schema $comment contentMediaType".split()
)
_EMPTY: dict[str, Any] = {
    "additionalProperties": True,
    "required": [],
    "minLength": 0,
    "minItems": 0,
    "minProperties": 0,
    "uniqueItems": False,
    "deprecated": False,
    "properties": {},
    "exclusiveMinimum": False,
    "exclusiveMaximum": False,
}
"""Values that mean the same as their absence."""
_STRUCTURE = frozenset({"properties", "required", "items", "enum", "additionalProperties"})
_FOLLOWED = frozenset({"properties", "items"})
"""Keywords whose schemas become fields, each secret by itself; any other makes all of it secret."""
_IDENTITY = ("~name", "~known", "~recursive")
"""Notes of a component that whatever merely wraps it has too."""
_NO_PARAMETERS = frozenset({"accept", "authorization", "content-type"})
"""Header parameters that OpenAPI ignores."""
_SILENT_FORMATS = frozenset({"int32", "int64", "float", "double", "password"})
"""Formats that do not change the Python value."""
NO_CONTENT = frozenset({"204", "205"})
_ANY = ("*/*", "application/*")
_EMPTY_RESPONSE: dict[str, Any] = {"type": "application/json", "schema": {"type": "object"}}
"""The response of a status without content, as the client reads it: an object without fields."""


@dataclass(frozen=True)
class Contract:
    """The contract of an operation: what a client depends on."""

    method: str
    path: str
    tag: str
    status: str
    known: dict[str, set[str | None]]
    """Tag and status: ours, and those recorded from the adopted specification."""
    evidence: str
    deprecated: bool
    retry: str
    pagination: str | None
    """Ours, as `x-retry` and `x-pagination` have them."""
    parameters: dict[tuple[str, str], dict[str, Any]]
    """By location and name: `required` and `schema`."""
    body: dict[str, Any] | None
    """`required`, `type` (its media type) and `schema`."""
    response: dict[str, Any] | None
    """`type` and `schema` of the success."""
    error: Schema | None
    security: tuple[str, ...]
    unknown: frozenset[str] = frozenset()
    """Parts that an unresolved reference hides: `parameters`, `body` or `response`."""


def known_as(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the recorded upstream name of an operation or schema."""
    known = node.get("x-upstream")
    return known if isinstance(known, Mapping) else {}


def bare(value: Any) -> Any:
    """Return a value without notes."""
    if isinstance(value, dict):
        return {key: bare(inner) for key, inner in value.items() if not str(key).startswith("~")}
    if isinstance(value, list):
        return [bare(inner) for inner in value]
    return value


def holds_secret(value: Any) -> bool:
    """Return whether a schema or a part of it is secret."""
    if isinstance(value, dict):
        return "~secret" in value or any(map(holds_secret, value.values()))
    return isinstance(value, list) and any(map(holds_secret, value))


def error_statuses(operation: SpecOperation) -> list[str]:
    """Return the statuses of errors, beginning with `default` unless that is the success."""
    listed = {*map(str, operation.node.get("responses") or ())} - {operation.status}
    return sorted((s for s in listed if s[:1] in "d45"), key=lambda s: (s != "default", s))


def is_json(media_type: str) -> bool:
    """Return whether content of a media type is one JSON value."""
    return media_type.partition(";")[0].strip().endswith(("/json", "+json"))


def media_type_of(content: Iterable[str]) -> str:
    """Return the media type that is compared of those that a body may have: JSON, if it may."""
    return min(content, key=lambda kind: (not is_json(kind), kind not in _ANY, kind))


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """Return the types that a schema names."""
    kinds = schema.get("type")
    listed = [kinds] if isinstance(kinds, str) else kinds
    return [str(one) for one in listed] if isinstance(listed, list | tuple) else []


def written(value: Any) -> str:
    """Return a string that is the same for equal values."""
    return json.dumps(bare(value), sort_keys=True, default=str, ensure_ascii=False)


_SHAPES: dict[str, type] = {
    "required": list,
    "enum": list,
    "properties": Mapping,
    "format": str,
}
"""What the value of a keyword must be; what is anything else says nothing."""


class Canon:
    """Converts parts of one document to canonical form."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = MAX_STEPS

    def contract(self, operation: SpecOperation) -> Contract:
        """Return the contract of an operation."""
        node = operation.node
        success, error = self._responses(operation)
        known = known_as(node)
        return Contract(
            method=operation.method,
            path=operation.path,
            tag=operation.tag,
            status=operation.status,
            known={
                "tag": {operation.tag, known.get("tag")},
                "status": {operation.status, known.get("status")},
            },
            evidence=str(node.get("x-evidence", "")),
            deprecated=node.get("deprecated") is True,
            retry=str(node.get("x-retry", "")),
            pagination=node.get("x-pagination"),
            parameters={
                (str(p.get("in")), str(p.get("name"))): self._parameter(p)
                for p in operation.parameters
                if p.get("in") != "cookie" and str(p.get("name")).lower() not in _NO_PARAMETERS
            },
            body=self._body(node),
            response=self._received(success)
            if operation.status not in NO_CONTENT
            else dict(_EMPTY_RESPONSE),
            error=self._error(error),
            security=self._security(node),
            unknown=operation.unknown,
        )

    def _parameter(self, parameter: Mapping[str, Any]) -> dict[str, Any]:
        schema = parameter.get("schema")
        if schema is None:
            schema = (self._content(parameter) or {}).get("schema", {})
        return {
            # Of a path, whatever the document says.
            "required": parameter.get("required") is True or parameter.get("in") == "path",
            "schema": self.schema(schema),
            "~text": _text(parameter),
            "~evidence": parameter.get("x-evidence"),
        }

    def _body(self, node: Mapping[str, Any]) -> dict[str, Any] | None:
        body = target(self._document, node.get("requestBody"))
        content = self._content(body)
        if content is None:
            return None
        return {
            "required": body.get("required") is True,
            "~evidence": body.get("x-evidence"),
            **content,
            "schema": _without(content["schema"], "~readOnly"),
        }

    def _received(self, response: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the content of a response, which is read as JSON whatever kind of JSON it is."""
        content = self._content(response)
        if content is None:
            return None
        kind = "application/json" if is_json(content["type"]) else content["type"]
        return {"type": kind, "schema": _without(content["schema"], "~writeOnly")}

    def _content(self, node: Mapping[str, Any]) -> dict[str, Any] | None:
        content = node.get("content")
        if not isinstance(content, Mapping) or not content:
            return None
        media_type = media_type_of(content)
        media = content[media_type]
        schema = media.get("schema") if isinstance(media, Mapping) else None
        kind = "application/json" if media_type in _ANY else media_type.partition(";")[0].strip()
        return {"type": kind, "schema": self.schema(schema if schema is not None else {})}

    def _responses(self, operation: SpecOperation) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the responses of the success and of errors."""
        responses = operation.node.get("responses") or {}
        listed = {str(k): target(self._document, v) for k, v in responses.items()}
        errors = (listed[status] for status in error_statuses(operation))
        return listed.get(operation.status, {}), next((e for e in errors if e.get("content")), {})

    def _error(self, response: Mapping[str, Any]) -> Schema | None:
        content = self._received(response)
        return content["schema"] if content else None

    def _security(self, node: Mapping[str, Any]) -> tuple[str, ...]:
        listed = node.get("security", self._document.get("security")) or []
        schemes = target(self._document, self._document.get("components")).get("securitySchemes")
        known = schemes if isinstance(schemes, Mapping) else {}
        ways = {
            " + ".join(sorted(self._scheme(known.get(name), name) for name in way)) or "none"
            for way in listed
            if isinstance(way, Mapping)
        }
        return tuple(sorted(ways))

    def _scheme(self, scheme: Any, name: str) -> str:
        node = target(self._document, scheme)
        kind = str(node.get("type", name))
        if kind == "http":
            return f"http {str(node.get('scheme')).lower()}"
        if kind == "apiKey":
            place = f"{node.get('in')} {node.get('name')}"
            # OpenAPI 2.0 has no other way to express it.
            return "http bearer" if place.lower() == "header authorization" else place
        return kind

    def schema(self, node: Any, above: tuple[str, ...] = ()) -> Schema:
        """Return the canonical form of a schema.

        Raises:
            UpstreamError: It has no end.
        """
        self._left -= 1
        if self._left < 0:
            raise UpstreamError(f"The specification has over {MAX_STEPS} parts of schemas in use.")
        if not isinstance(node, Mapping):
            return {} if node is not False else {"not": {}}
        notes: Schema = {}
        if isinstance(reference := node.get("$ref"), str):
            notes = _name(reference)
            if reference in above:
                return notes | {"~recursive": True}  # a recursive schema is written once
            above = (*above, reference)
            node = {**self._target(reference), **{k: v for k, v in node.items() if k != "$ref"}}
            if "$ref" in node:
                return self.schema(node, above) | notes
        return self._merged(node, above) | notes | _notes(node)

    def _target(self, reference: str) -> Mapping[str, Any]:
        """Resolve one reference and no more, so that each component keeps its name."""
        node = resolve_pointer(self._document, reference)
        return node if isinstance(node, Mapping) else {}

    def _merged(self, node: Mapping[str, Any], above: tuple[str, ...]) -> Schema:
        made: Schema = {}
        parts = [self.schema(part, above) for part in _parts(node, "allOf")]
        for part in parts:
            _merge(made, part)
        types = _types(node)
        for keyword in ("oneOf", "anyOf"):
            variants = [self.schema(part, above) for part in _parts(node, keyword)]
            null = [v for v in variants if bare(v) == {"type": "null"}]
            rest = [v for v in variants if v not in null]
            if (null and len(rest) == 1) or len(variants) == 1:
                parts += rest
                _merge(made, rest[0])
                types |= {"null"} if null else set()
            elif variants:
                made["anyOf"] = sorted(variants, key=written)
        if len(parts) == 1 and not _STRUCTURE & node.keys():
            made |= {key: parts[0][key] for key in _IDENTITY if key in parts[0]}
        _merge(made, self._plain(node, above))
        if node.get("nullable") is True:
            types |= {"null"}
        if "null" in types:
            types |= set(types_of(made))
            types = types if len(types) > 1 or node.get("type") == "null" else set()
        if types:
            made["type"] = min(types) if len(types) == 1 else sorted(types)
        if "null" in types_of(made) and "enum" in made:
            made["enum"] = [value for value in made["enum"] if value is not None]
        return _without_empty(made)

    def _plain(self, node: Mapping[str, Any], above: tuple[str, ...]) -> Schema:
        made = {
            key: self._keyword(key, value, above)
            for key, value in node.items()
            if not (key in _DROPPED or key.startswith("x-"))
            and not (key == "format" and value in _SILENT_FORMATS)
            and isinstance(value, _SHAPES.get(key, object))
        }
        if "const" in node:
            made["enum"] = [node["const"]]
        if any(holds_secret(value) for key, value in made.items() if key not in _FOLLOWED):
            made["~secret"] = True
        if bare(made.get("additionalProperties")) == {}:
            made["additionalProperties"] = True
        return _numeric_bounds(made)

    def _keyword(self, key: str, value: Any, above: tuple[str, ...]) -> Any:
        if key == "items":
            # What OpenAPI 2 and drafts of JSON Schema had, a list, says nothing of all items.
            return self.schema({} if isinstance(value, list) else value, above)
        if key == "additionalProperties" and isinstance(value, Mapping):
            return self.schema(value, above)
        if key == "properties":
            return {str(name): self.schema(inner, above) for name, inner in value.items()}
        if key in ("required", "enum"):
            return sorted(value, key=written)
        return value if key == "default" else self._inlined(value, above)

    def _inlined(self, value: Any, above: tuple[str, ...]) -> Any:
        """Return the value of any other keyword, with the schemas that it refers to in place."""
        if isinstance(value, list):
            return [self._inlined(inner, above) for inner in value]
        if not isinstance(value, Mapping):
            return value
        if isinstance(value.get("$ref"), str):
            return self.schema(value, above)
        made = {key: self._inlined(inner, above) for key, inner in value.items()}
        return made | {name: note for name, note in _notes(value).items() if name == "~secret"}


def _without_empty(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if _EMPTY.get(key, _NOTHING) != value}


def _without(schema: Any, mark: str) -> Any:
    """Return a schema without the properties that only the other side sends."""
    if isinstance(schema, list):
        return [_without(one, mark) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    for key in ("items", "additionalProperties", "anyOf"):
        if key in made:
            made[key] = _without(made[key], mark)
    properties = made.get("properties", {})
    if properties:
        hidden = {name for name, inner in properties.items() if mark in inner}
        shown = {name: inner for name, inner in properties.items() if name not in hidden}
        made["properties"] = {name: _without(inner, mark) for name, inner in shown.items()}
        made["required"] = [name for name in made.get("required", ()) if name not in hidden]
    return _without_empty(made)


def _numeric_bounds(schema: Schema) -> Schema:
    """Convert exclusive bounds to those of OpenAPI 3.1."""
    for side in ("Minimum", "Maximum"):
        if schema.get(f"exclusive{side}") is True:
            schema[f"exclusive{side}"] = schema.pop(side.lower(), None)
    return schema


_NOTHING = object()


def _parts(node: Mapping[str, Any], keyword: str) -> Iterator[Any]:
    parts = node.get(keyword)
    return iter(parts if isinstance(parts, list) else ())


def _text(node: Mapping[str, Any]) -> str:
    text = node.get("description")
    return text if isinstance(text, str) else ""


def _name(reference: str) -> Schema:
    """Return the name of the schema that a reference leads to, unless that has none."""
    named = reference.startswith(SCHEMAS)
    return {"~name": unquote(reference.removeprefix(SCHEMAS))} if named else {}


def _notes(node: Mapping[str, Any]) -> Schema:
    notes = {
        "~text": _text(node),
        "~evidence": node.get("x-evidence"),
        "~known": list(known_as(node).get("names") or ()),
        "~secret": node.get("x-secret") is True or node.get("format") == "password",
        "~readOnly": node.get("readOnly") is True,
        "~writeOnly": node.get("writeOnly") is True,
    }
    return {name: value for name, value in notes.items() if value}


def _types(node: Mapping[str, Any]) -> set[str]:
    types = set(types_of(node))
    if not types:
        values = node.get("enum") or ([node["const"]] if "const" in node else [])
        if isinstance(node.get("properties"), Mapping):
            types = {"object"}
        elif "items" in node:
            types = {"array"}
        elif values and all(isinstance(value, str) for value in values):
            types = {"string"}
    return types


def _merge(into: Schema, other: Schema) -> None:
    for key, value in other.items():
        if key == "properties":
            into[key] = {**into.get(key, {}), **value}
        elif key == "required":
            into[key] = sorted({*into.get(key, ()), *value})
        elif key == "~secret" or not key.startswith("~"):
            into[key] = value
