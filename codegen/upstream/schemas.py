"""Change the named schemas of openapi.yaml to what is wanted of them."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from codegen.upstream.canonical import Canon, Schema, bare, written

PREFIX = "#/components/schemas/"
_APART = frozenset({"type", "properties", "required", "items"})


def pascal(name: str) -> str:
    """Return the class name for a name: `list_roles` is `ListRoles`, `x-y.z` is `XYZ`."""
    return "".join(part[:1].upper() + part[1:] for part in re.findall(r"[A-Za-z0-9]+", name))


def flow(values: Mapping[str, Any]) -> CommentedMap:
    """Return a mapping in flow style."""
    made = CommentedMap(values)
    made.fa.set_flow_style()
    return made


def _list(values: list[Any]) -> CommentedSeq:
    made = CommentedSeq(values)
    made.fa.set_flow_style()
    return made


def set_key(node: CommentedMap, key: str, value: Any) -> None:
    """Set a key, at the end if it is new; None deletes it."""
    if value is None:
        node.pop(key, None)
    elif node.get(key, _NOTHING) != value:
        node[key] = value


_NOTHING = object()

Site = tuple[CommentedMap, str, Schema, str]
"""A use of a schema, what is wanted there, and a name for it if it needs one."""


class Schemas:
    """The named schemas, and what is wanted of them."""

    def __init__(self, components: CommentedMap) -> None:
        self._components = components
        self._asked: dict[str, list[Site]] = defaultdict(list)
        self._made: dict[str, str] = {}

    def ask(self, holder: CommentedMap, key: str, wanted: Schema, hint: str) -> None:
        """Request that the value of a key becomes a schema."""
        node = holder[key]
        if reference := node.get("$ref"):
            self._asked[reference.removeprefix(PREFIX)].append((holder, key, wanted, hint))
        elif _is_named(wanted):
            holder[key] = self._built(wanted, hint, node.get("description"))
        else:
            self._merge(node, wanted, hint)

    def apply(self) -> None:
        """Change the named schemas, each before those that it refers to."""
        for name in self._order():
            if sites := self._asked.pop(name, None):
                self._named(name, sites)

    def _order(self) -> list[str]:
        """Return the names in topological order: each after all that refer to it."""
        found: list[str] = []

        def visit(name: str) -> None:
            if name in found or name not in self._components:
                return
            for inner in references(self._components[name]):
                visit(inner.removeprefix(PREFIX))
            found.append(name)

        for name in list(self._components):
            visit(name)
        return found[::-1]

    def _named(self, name: str, sites: list[Site]) -> None:
        """Change a named schema to what most of its users need; the others get their own."""
        wanted = [written(schema) for _, _, schema, _ in sites]
        most = max(wanted, key=wanted.count)
        node = self._components[name]
        for (holder, key, schema, hint), want in zip(sites, wanted, strict=True):
            if want != most:
                holder[key] = self._built(schema, hint, node.get("description"))
        agreed = [
            schema for (_, _, schema, _), want in zip(sites, wanted, strict=True) if want == most
        ]
        self._note(name, node, agreed)
        self._merge(node, agreed[0], name)

    def _note(self, name: str, node: CommentedMap, wanted: list[Schema]) -> None:
        """Record their name if it differs from ours."""
        known = node.get("x-upstream", {}).get("names", [])
        names = {schema["~name"] for schema in wanted if schema.get("~name")} - {name}
        if names - set(known):
            set_key(node, "x-upstream", flow({"names": _list(sorted({*known, *names}))}))

    def _merge(self, node: CommentedMap, wanted: Schema, hint: str) -> None:
        """Change a schema in place, except for what is as wanted."""
        if node.get("x-evidence"):
            node["x-evidence"] = "documented"
        present = Canon({"components": {"schemas": self._components}}).schema(node)
        if present.get("type") != wanted.get("type"):
            kind = wanted.get("type")
            set_key(node, "type", _list(kind) if isinstance(kind, list) else kind)
            node.pop("example", None)
        for key in sorted({*present, *wanted} - _APART):
            if not key.startswith("~") and written(present.get(key)) != written(wanted.get(key)):
                value = bare(wanted.get(key))
                if key == "enum" and value:
                    value = _in_order(value, node.get(key, []))
                set_key(node, key, _list(value) if isinstance(value, list) else value)
        self._merge_properties(node, wanted, hint)
        if "items" not in wanted:
            node.pop("items", None)
        elif "items" in node:
            self.ask(node, "items", wanted["items"], f"{hint}Item")
        else:
            node["items"] = self._built(wanted["items"], f"{hint}Item")

    def _merge_properties(self, node: CommentedMap, wanted: Schema, hint: str) -> None:
        properties = node.get("properties", CommentedMap())
        target = wanted.get("properties", {})
        for name in [name for name in properties if name not in target]:
            del properties[name]
        for name, schema in target.items():
            inner = f"{hint}{pascal(name)}"
            if name in properties:
                self.ask(properties, name, schema, inner)
            else:
                properties[name] = made = self._built(schema, inner)
                if "$ref" not in made:
                    made["x-evidence"] = "documented"
        if properties and "properties" not in node:
            node.insert(_after(node, "type"), "properties", properties)
        elif not properties:
            node.pop("properties", None)
        required = wanted.get("required", [])
        if sorted(node.get("required", [])) != sorted(required):
            listed = _list(_in_order(required, node.get("required", [])))
            if not listed:
                del node["required"]
            elif "required" in node:
                node["required"] = listed
            else:
                node.insert(_after(node, "type"), "required", listed)

    def _built(self, wanted: Schema, hint: str, text: str | None = None) -> CommentedMap:
        """Return a new schema; those that become classes are named and referred to."""
        if not _is_named(wanted):
            return self._inline(wanted, hint, text)
        kinds = wanted.get("type")
        nullable = isinstance(kinds, list) and "null" in kinds
        if nullable:
            rest = [kind for kind in kinds or [] if kind != "null"]
            wanted = {**wanted, "type": rest[0] if len(rest) == 1 else rest}
        key = written(wanted)
        if key not in self._made:
            name = self._made[key] = self._free(wanted.get("~name", ""), hint)
            self._components[name] = node = CommentedMap()
            described = wanted.get("~text") or text
            if described:
                node["description"] = described
            node["x-evidence"] = "documented"
            self._fill(node, wanted, name)
            self._note(name, node, [wanted])
        reference = flow({"$ref": PREFIX + self._made[key]})
        return flow({"anyOf": [reference, flow({"type": "null"})]}) if nullable else reference

    def _inline(self, wanted: Schema, hint: str, text: str | None) -> CommentedMap:
        node = flow({})
        self._fill(node, wanted, hint)
        if described := wanted.get("~text") or text:
            node["description"] = described
        return node

    def _fill(self, node: CommentedMap, wanted: Schema, hint: str) -> None:
        for key, value in wanted.items():
            if key.startswith("~"):
                continue
            if key == "properties":
                built = {n: self._built(s, f"{hint}{pascal(n)}") for n, s in value.items()}
                node[key] = CommentedMap(built)
            elif key == "items":
                node[key] = self._built(value, f"{hint}Item")
            else:
                plain = bare(value)
                node[key] = _list(plain) if isinstance(plain, list) else plain
        if wanted.get("type") == "object" and "additionalProperties" not in node:
            node["additionalProperties"] = True

    def _free(self, name: str, hint: str) -> str:
        """Return a name for a new schema that is unique even without case."""
        taken = {known.lower() for known in self._components}
        candidates = [pascal(name), pascal(hint)]
        candidates += [f"{pascal(hint)}{number}" for number in range(2, 100)]
        return next(one for one in candidates if one and one.lower() not in taken)


def _is_named(schema: Schema) -> bool:
    """Return whether a schema becomes a class, which must have a name."""
    kinds = schema.get("type") or []
    return "object" in ([kinds] if isinstance(kinds, str) else kinds) or "enum" in schema


def _in_order(wanted: list[Any], present: list[Any]) -> list[Any]:
    """Return the wanted values, present ones first and unchanged."""
    kept = [value for value in present if value in wanted]
    return [*kept, *(value for value in wanted if value not in kept)]


def _after(node: CommentedMap, key: str) -> int:
    return list(node).index(key) + 1 if key in node else len(node)


def references(node: Any) -> list[str]:
    """Return all references in a node of the document."""
    if isinstance(node, list):
        return [name for inner in node for name in references(inner)]
    if not isinstance(node, Mapping):
        return []
    own = [str(node["$ref"])] if "$ref" in node else []
    return own + [name for inner in node.values() for name in references(inner)]
