"""Reduce a specification to what the generator can express; openapi.yaml itself keeps every fact.

A value whose type the generator cannot tell becomes `Any`, an enum that is no Python enum a plain
value, a format other than `date-time` a string. Whatever is secret stays marked with `x-secret`,
which is also what `format: password` becomes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from openapi_python_client.schema import UntrustedString
from openapi_python_client.strings import PythonIdentifier, snake_case

from codegen.spec import ARGUMENT, ATTRIBUTE, METHODS, PROMISED, Document

SECRET = "x-secret"  # noqa: S105 - the name of a mark

_SCHEMAS = "#/components/schemas/"
_SCALARS = frozenset({"string", "number", "integer", "boolean"})
_STRUCTURE = frozenset({"type", "properties", "required", "enum", "anyOf", "oneOf", "items"})
_MARKS = (ATTRIBUTE, ARGUMENT, PROMISED)
_KEPT = frozenset({"description", SECRET, *_MARKS})

Node = Mapping[str, Any]


def simplified(document: Document) -> Document:
    """Return a copy of a document with simpler schemas."""
    return _Simplifier(document).document()


class _Simplifier:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._named: Node = document["components"]["schemas"]

    def document(self) -> Document:
        """Return the document with all its schemas simplified."""
        components = dict(self._document["components"])
        components["schemas"] = {name: self._schema(node) for name, node in self._named.items()}
        for kind in ("parameters", "requestBodies", "responses"):
            if kind in components:
                components[kind] = {n: self._holder(one) for n, one in components[kind].items()}
        paths = {path: self._path(item) for path, item in self._document["paths"].items()}
        return {**self._document, "components": components, "paths": paths}

    def _path(self, item: Node) -> dict[str, Any]:
        made = dict(item)
        if "parameters" in item:
            made["parameters"] = [self._holder(one) for one in item["parameters"]]
        for method in METHODS & item.keys():
            node = made[method] = dict(item[method])
            if "parameters" in node:
                node["parameters"] = [self._holder(one) for one in node["parameters"]]
            if "requestBody" in node:
                node["requestBody"] = self._holder(node["requestBody"])
            node["responses"] = {
                status: self._holder(one) for status, one in node["responses"].items()
            }
        return made

    def _holder(self, node: Node) -> dict[str, Any]:
        """Simplify a parameter, body or response, which holds schemas."""
        made = dict(node)
        made.pop("example", None)
        if "schema" in node:
            made["schema"] = self._schema(node["schema"])
        if "content" in node:
            made["content"] = {kind: self._holder(media) for kind, media in node["content"].items()}
        return made

    def _schema(self, node: Any) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            return {}
        if "$ref" in node:
            return self._reference(node)
        made: dict[str, Any] = {key: value for key, value in node.items() if key in _KEPT}
        if "allOf" in node:
            return self._schema(self._merged(node))
        if self._is_hidden(node):
            made[SECRET] = True
        if variants := _variants(node):
            return made | self._union(variants)
        if "enum" in node or "const" in node:
            return made | _enum(node)
        return made | self._typed(node)

    def _typed(self, node: Node) -> dict[str, Any]:
        kinds = _types(node)
        rest = kinds - {"null"}
        if kinds and rest <= _SCALARS:
            is_time = node.get("format") == "date-time"
            return {"type": node["type"], **({"format": "date-time"} if is_time else {})}
        if rest == {"array"}:
            return {"type": node["type"], "items": self._schema(node.get("items"))}
        if rest == {"object"} or (not kinds and "properties" in node):
            return self._object(node)
        return {}

    def _reference(self, node: Node) -> dict[str, Any]:
        """Return a reference; with marks, which the generator drops beside one, it is wrapped."""
        marks = {key: node[key] for key in _MARKS if key in node}
        if self._is_hidden(node):
            marks[SECRET] = True
        reference = {"$ref": node["$ref"]}
        return {"anyOf": [reference], **marks} if marks else reference

    def _object(self, node: Node) -> dict[str, Any]:
        properties = {name: self._schema(inner) for name, inner in _properties(node)}
        made: dict[str, Any] = {"type": "object"}
        if unnamed := _without_name(properties):
            # Their values are kept all the same, under the names that they have on the wire.
            if any(self._is_hidden(node["properties"][name], free=True) for name in unnamed):
                made[SECRET] = True
            properties = {n: inner for n, inner in properties.items() if n not in unnamed}
        if properties:
            made["properties"] = properties
        made["required"] = [name for name in node.get("required") or () if name in properties]
        if any(self._is_hidden(one, free=True) for one in _loose(node)):
            made[SECRET] = True
        made["additionalProperties"] = node.get("additionalProperties") is not False
        return made

    def _merged(self, node: Node) -> dict[str, Any]:
        """Merge the parts of an `allOf` into one schema."""
        if len(node["allOf"]) == 1 and not node.keys() & _STRUCTURE:
            return {**node["allOf"][0], **{k: v for k, v in node.items() if k != "allOf"}}
        parts = [self._target(part) for part in node["allOf"]]
        own = {key: value for key, value in node.items() if key != "allOf"}
        made: dict[str, Any] = {}
        for part in (*(self._merged(p) if "allOf" in p else p for p in parts), own):
            properties = {**made.get("properties", {}), **dict(_properties(part))}
            required = [*made.get("required", ()), *(part.get("required") or ())]
            made |= part
            if properties:
                made["properties"] = properties
            if required:
                made["required"] = list(dict.fromkeys(required))
        return made

    def _union(self, variants: list[Any]) -> dict[str, Any]:
        """Return a union whose values can be decoded without a choice, or else a free value."""
        made = [variant if "$ref" in variant else self._schema(variant) for variant in variants]
        kinds = [self._kind(one) for one in made]
        decoded = set(kinds) - {""}
        if len(decoded) > 1 or decoded & {"any", "object", "enum"}:
            return {}
        return {"anyOf": made}

    def _kind(self, node: Node, seen: tuple[str, ...] = ()) -> str:
        """Return how values are decoded: not at all (empty), by a class, as a list, or unknown."""
        if reference := node.get("$ref"):
            target = self._target(node)
            kind = "any" if reference in seen else self._kind(target, (*seen, reference))
            return str(reference) if kind in ("object", "enum") else kind
        if variants := _variants(node):
            kinds = {self._kind(one, seen) for one in variants} - {""}
            return kinds.pop() if len(kinds) == 1 else "any" if kinds else ""
        kinds = _types(node) - {"null"}
        kind = "any"
        if "enum" in node or "const" in node:
            kind = "enum" if "enum" in _enum(node) else ""
        elif "allOf" in node or kinds == {"object"} or (not kinds and "properties" in node):
            kind = "object"
        elif kinds == {"array"}:
            kind = f"list of {self._kind(node.get('items') or {}, seen)}"
        elif node.get("format") == "date-time":
            kind = "timestamp"
        elif _types(node) and kinds <= _SCALARS:
            kind = ""
        return kind

    def _target(self, node: Any) -> Node:
        seen: set[str] = set()
        while isinstance(node, Mapping) and "$ref" in node and node["$ref"] not in seen:
            seen.add(node["$ref"])
            node = self._named.get(node["$ref"].removeprefix(_SCHEMAS), {})
        return node if isinstance(node, Mapping) else {}

    def _is_hidden(self, node: Any, seen: tuple[str, ...] = (), *, free: bool = False) -> bool:
        """Return whether a value is secret, or has a secret part that no class of its own hides.

        Args:
            node: The schema of the value.
            seen: The references that led to it.
            free: Whether it is part of a value without a class.
        """
        if not isinstance(node, Mapping):
            return False
        if node.get(SECRET) or node.get("format") == "password":
            return True
        if (reference := node.get("$ref")) and reference not in seen:
            is_class = self._kind(node) == reference
            if (free or not is_class) and self._is_hidden(
                self._target(node), (*seen, reference), free=free
            ):
                return True
        variants = _variants(node)
        if variants:
            free = free or not self._union(variants)
        elif not reference:
            free = free or self._kind(node) == "any"
        inner = [*variants, *(node.get("allOf") or ()), node.get("items")]
        if free:
            inner += [*_loose(node), *dict(_properties(node)).values()]
        unnamed = node.get("prefixItems") or ()
        return any(self._is_hidden(one, seen, free=free) for one in inner) or any(
            self._is_hidden(one, seen, free=True) for one in unnamed
        )


def _variants(node: Node) -> list[Any]:
    return [*(node.get("anyOf") or ()), *(node.get("oneOf") or ())]


def _properties(node: Node) -> Iterator[tuple[str, Any]]:
    found = node.get("properties")
    yield from found.items() if isinstance(found, Mapping) else ()


def _loose(node: Node) -> Iterator[Any]:
    """Yield the schemas of values that get no field."""
    for keyword in ("additionalProperties", "unevaluatedProperties"):
        yield node.get(keyword)
    patterns = node.get("patternProperties")
    yield from patterns.values() if isinstance(patterns, Mapping) else ()


def _types(node: Node) -> set[str]:
    kinds = node.get("type") or ()
    return {kinds} if isinstance(kinds, str) else set(map(str, kinds))


def _enum(node: Node) -> dict[str, Any]:
    """Return an enum of strings; for other values, their type alone."""
    listed = node["enum"] if "enum" in node else [node["const"]]
    values = list(dict.fromkeys(value for value in listed if isinstance(value, str)))
    if not values or any(not isinstance(value, str) and value is not None for value in listed):
        kinds = _types(node)
        return {"type": node["type"]} if kinds and kinds - {"null"} <= _SCALARS else {}
    made: dict[str, Any] = {"type": "string", "enum": values}
    # As the generator names them, which refuses or loses those whose names are equal.
    names = [
        snake_case(value.upper()).upper() if value[:1].isalpha() else f"VALUE_{number}"
        for number, value in enumerate(values)
    ]
    if len(set(names)) < len(names):
        made["x-enum-varnames"] = _distinct(names)
    if None in listed or "null" in _types(node):
        made["enum"] = [*values, None]
    return made


def _distinct(names: list[str]) -> list[str]:
    """Return the names, with a number where one occurs again."""
    made: list[str] = []
    for name in names:
        free = (f"{name}_{number}" for number in range(2, len(names) + 2))
        made.append(name if name not in made else next(n for n in free if n not in {*made, *names}))
    return made


def _without_name(properties: Node) -> set[str]:
    """Return the properties that would have the Python name of an earlier one."""
    plain = Counter(_python(name) for name in properties)
    taken: set[str] = set()
    found = set()
    for name in properties:
        python = _python(name)
        python = python if plain[python] == 1 else _python(name, as_is=True)
        if python in taken:
            found.add(name)
        taken.add(python)
    return found


def _python(name: str, *, as_is: bool = False) -> str:
    return PythonIdentifier(UntrustedString(name), "field_", skip_snake_case=as_is)
