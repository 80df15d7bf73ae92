"""Hold the facts of the public docs page and openapi.yaml side by side."""

import re
from collections.abc import Iterator, Mapping
from itertools import product, zip_longest
from typing import Any, NamedTuple

from bytehouse_raw.operations import DATA_KEY
from tests.spec.view import (
    CONSTRAINTS,
    Node,
    Operation,
    Shape,
    inferred,
    needs_no_fact,
    operations,
    shape,
)

ABSENT = "(absent)"


class Comparison(NamedTuple):
    """One fact beside what the specification says about it."""

    operation: int  # its number in the docs; 0 for the document as a whole
    where: str
    what: str
    docs: object
    spec: object
    holds: bool

    def __str__(self) -> str:
        """Show both sides, one under the other."""
        return f"{self.where}: {self.what}\n  docs: {self.docs!r}\n  spec: {self.spec!r}"


class Field(NamedTuple):
    """A parameter, or a field of a body, as the specification has it."""

    required: bool
    inferred: bool
    shape: Shape
    items: Shape


def differences(facts: Node, spec: Node) -> list[str]:
    """Say where the specification differs from the docs, both sides shown."""
    return [str(comparison) for comparison in comparisons(facts, spec) if not comparison.holds]


def comparisons(facts: Node, spec: Node) -> list[Comparison]:
    """Compare every fact with the specification, and look there for what no fact tells."""
    return [*_document(facts, spec), *_operations(facts, spec)]


def _document(facts: Node, spec: Node) -> Iterator[Comparison]:
    def same(what: str, docs: object, found: object) -> Comparison:
        return Comparison(0, "document", what, docs, found, docs == found)

    info = spec.get("info", {})
    yield same("title", facts["title"], info.get("title"))
    yield same("version", facts["version"], info.get("version"))
    titles = [fact["title"] for fact in facts["operations"]]
    summaries = [operation.node.get("summary") for operation in operations(spec)]
    # openapi.yaml may have more operations than the docs, wherever they belong.
    of_docs = [summary for summary in summaries if summary in titles]
    added = len(summaries) - len(titles)
    yield Comparison(
        0, "document", "number of operations", len(titles), len(summaries), holds=added >= 0
    )
    ordered = zip_longest(titles, of_docs, fillvalue=ABSENT)
    moved = next((pair for pair in ordered if pair[0] != pair[1]), (ABSENT, ABSENT))
    yield Comparison(0, "document", "order of operations", *moved, holds=moved[0] == moved[1])


def _operations(facts: Node, spec: Node) -> Iterator[Comparison]:
    for fact, operation in _pairs(facts["operations"], operations(spec)):
        if operation is None:
            where, number = f"operation {fact['number']}", fact["number"]
            yield Comparison(number, where, "presence", fact["title"], ABSENT, holds=False)
            continue
        where = f"{fact['number']} {operation.name}"
        yield from _head(where, fact, spec, operation)
        yield from _parameters(where, fact, spec, operation)
        yield from _body(where, fact, spec, operation)
        yield from _answer(where, fact, spec, operation)


def _pairs(facts: list[Node], found: list[Operation]) -> Iterator[tuple[Node, Operation | None]]:
    # By title, so that one missing operation is not reported as dozens of wrong ones; what is left
    # over on both sides is paired in order, so that a wrong title is shown beside the right one.
    by_title = {operation.node.get("summary"): operation for operation in found}
    alone = []
    for fact in facts:
        operation = by_title.pop(fact["title"], None)
        if operation is None:
            alone.append(fact)
        else:
            yield fact, operation
    yield from zip_longest(alone, list(by_title.values())[: len(alone)])


def _head(where: str, fact: Node, spec: Node, operation: Operation) -> Iterator[Comparison]:
    def same(what: str, docs: object, found: object) -> Comparison:
        return Comparison(fact["number"], where, what, docs, found, docs == found)

    yield same("title", fact["title"], operation.node.get("summary"))
    yield same("tag", [fact["tag"]], operation.node.get("tags"))
    needed = operation.node.get("security", spec.get("security", []))
    schemes = spec.get("components", {}).get("securitySchemes", {})
    found = {
        name: (schemes.get(name, {}).get("type"), schemes.get(name, {}).get("scheme"))
        for names in needed
        for name in names
    }
    yield same("authorization", {fact["security"]: ("http", "bearer")}, found)
    yield from _statements(fact, where, operation.node.get("description", ""), fact["number"])


def _statements(fact: Node, where: str, description: str, number: int) -> Iterator[Comparison]:
    for pattern in fact.get("states", ()):
        holds = re.search(pattern, description, re.IGNORECASE) is not None
        yield Comparison(number, where, "statement in prose", pattern, description, holds)


def _parameters(where: str, fact: Node, spec: Node, operation: Operation) -> Iterator[Comparison]:
    number = fact["number"]
    found = {(node["in"], node["name"]): node for node in operation.parameters(spec)}
    for wanted in fact["parameters"]:
        place, name = wanted["in"], wanted["name"]
        at = f"{where}, {place} parameter {name}"
        node = found.pop((place, name), None)
        yield Comparison(
            number, at, "parameter", name, ABSENT if node is None else name, node is not None
        )
        if node is not None:
            yield from _field(number, at, wanted, _parameter(spec, node))
    for (place, name), node in found.items():
        at = f"{where}, {place} parameter {name}"
        known = needs_no_fact(spec, node)
        yield Comparison(number, at, "undocumented parameter", ABSENT, name, known)


def _parameter(spec: Node, node: Node) -> Field:
    # A parameter may carry its example and description beside its schema or inside it.
    beside = {key: node[key] for key in ("description", "example") if key in node}
    if "examples" in node:
        beside["examples"] = [example.get("value") for example in node["examples"].values()]
    seen = shape(spec, {**beside, "allOf": [node.get("schema", {})]})
    return Field(bool(node.get("required")), inferred(node), seen, shape(spec, seen.items))


def _body(where: str, fact: Node, spec: Node, operation: Operation) -> Iterator[Comparison]:
    number = fact["number"]
    schema = operation.body(spec)
    wanted = "application/json" if "body" in fact else ABSENT
    given = list(operation.node.get("requestBody", {}).get("content", ())) or [ABSENT]
    yield Comparison(number, where, "request body", [wanted], given, given == [wanted])
    seen = shape(spec, schema)
    for field in fact.get("body", ()):
        name = field["name"]
        at = f"{where}, body field {name}"
        holds = name in seen.properties
        yield Comparison(number, at, "body field", name, name if holds else ABSENT, holds)
        if holds:
            inner = shape(spec, seen.properties[name])
            mark = seen.marked_inferred(name)
            found = Field(name in seen.required, mark, inner, shape(spec, inner.items))
            yield from _field(number, at, field, found)
    documented = {field["name"] for field in fact.get("body", ())}
    for name in seen.properties.keys() - documented:
        at, marked = f"{where}, body field {name}", seen.needs_no_fact(spec, name)
        yield Comparison(number, at, "undocumented body field", ABSENT, name, marked)
    if "body_variants" in fact:
        # The page shows one variant only: a body of another one must be let through.
        closed = [value for value in seen.keywords.get("additionalProperties", ()) if not value]
        yield Comparison(number, where, "body is open", [], closed, not closed)


def _field(number: int, at: str, fact: Node, found: Field) -> Iterator[Comparison]:
    def same(what: str, docs: object, spec: object) -> Comparison:
        return Comparison(number, at, what, docs, spec, docs == spec)

    seen, items = found.shape, found.items
    yield same("required", fact.get("required", False), found.required)
    yield same("evidence", "documented", "inferred" if found.inferred else "documented")
    yield same("type", _types(fact), seen.types)
    if "items" in fact:
        yield same("type of items", {fact["items"].removesuffix("s")}, items.types)
    yield same("format", fact.get("format"), seen.one("format"))
    if "schema" in fact:
        names = items.names if "items" in fact else seen.names
        yield Comparison(
            number, at, "name of schema", fact["schema"], names, fact["schema"] in names
        )
    yield same("enum", fact.get("enum"), _without_null(seen.one("enum")))
    default = seen.one("default") if "default" in seen.keywords else ABSENT
    yield same("default", fact.get("default", ABSENT), default)
    yield same("example", [fact["example"]] if "example" in fact else [], seen.examples)
    yield same("limits", *_limits(fact, seen))
    for value in fact.get("values", ()):
        told = [*(seen.one("enum") or ()), *re.findall(r"\w+", seen.description)]
        yield Comparison(number, at, "value", value, told, value in told)
    yield from _statements(fact, at, seen.description, number)


def _types(fact: Node) -> set[str]:
    return {fact["type"], "null"} if fact.get("nullable") else {fact["type"]}


def _without_null(values: list[Any] | None) -> list[Any] | None:
    return None if values is None else [value for value in values if value is not None]


def _limits(fact: Node, seen: Shape) -> tuple[dict[str, Any], dict[str, Any]]:
    shown = {keyword: seen.one(keyword) for keyword in CONSTRAINTS & seen.keywords.keys()}
    named = {"capped_at": "x-capped-at"}
    docs = _plain({named.get(keyword, keyword): value for keyword, value in fact.items()})
    spec = _plain(shown)
    both = "pattern" in docs and isinstance(spec.get("pattern"), str)
    if both and _accepted(docs["pattern"]) == _accepted(spec["pattern"]):
        spec["pattern"] = docs["pattern"]
    return docs, spec


def _plain(limits: Mapping[str, Any]) -> dict[str, Any]:
    # The enum and the format have comparisons of their own. Among integers > 0 is the same as >= 1.
    kept = {key: limits[key] for key in CONSTRAINTS - {"enum", "format"} if key in limits}
    if isinstance(kept.get("exclusiveMinimum"), int):
        kept["minimum"] = kept.pop("exclusiveMinimum") + 1
    return kept


def _accepted(pattern: str) -> set[str]:
    short = ("".join(text) for length in range(5) for text in product("az09_A-", repeat=length))
    return {text for text in short if re.search(pattern, text)}


def _answer(where: str, fact: Node, spec: Node, operation: Operation) -> Iterator[Comparison]:
    number = fact["number"]
    schema = operation.answer(spec)
    given = ABSENT if schema is None else "application/json"
    yield Comparison(number, where, "answer", "application/json", given, schema is not None)
    seen = shape(spec, schema)
    response = {_today(name): kind for name, kind in fact["response"].items()}
    samples = {_today(name): sample for name, sample in fact.get("samples", {}).items()}
    for name, kind in response.items():
        at = f"{where}, answer's {name}"
        holds = name in seen.properties
        yield Comparison(number, at, "answer's key", name, name if holds else ABSENT, holds)
        if not holds:
            continue
        inner = shape(spec, seen.properties[name])
        yield Comparison(number, at, "kind", {kind}, inner.types, inner.types == {kind})
        mark = seen.marked_inferred(name)
        yield Comparison(number, at, "evidence", False, mark, not mark)
        sample = samples.get(name, ABSENT)
        wanted = [] if sample == ABSENT else [sample]
        yield Comparison(number, at, "sample", wanted, inner.examples, wanted == inner.examples)
    for name in seen.properties.keys() - response.keys():
        at, marked = f"{where}, answer's {name}", seen.needs_no_fact(spec, name)
        yield Comparison(number, at, "undocumented key of the answer", ABSENT, name, marked)
    for dotted in map(_today, fact.get("nested", ())):
        at = f"{where}, answer's {dotted}"
        holds = _reaches(spec, schema, dotted.split("."))
        yield Comparison(number, at, "nested key", dotted, dotted if holds else ABSENT, holds)


def _today(dotted: str) -> str:
    """Return the name of a key of the docs since a tenant's document was adopted."""
    first, dot, rest = dotted.partition(".")
    return f"{DATA_KEY if first == 'data' else first}{dot}{rest}"


def _reaches(spec: Node, schema: Node | None, keys: list[str]) -> bool:
    seen = shape(spec, schema)
    if seen.items is not None:
        return _reaches(spec, seen.items, keys)
    if not keys:
        return True
    if keys[0] not in seen.properties or seen.marked_inferred(keys[0]):
        return False
    return _reaches(spec, seen.properties[keys[0]], keys[1:])
