"""Change the named schemas of openapi.yaml to what is wanted of them."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from openapi_python_client.strings import PythonIdentifier
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from codegen.model_fields import CLASSES_RESERVED, attribute_name
from codegen.spec import ATTRIBUTE
from codegen.upstream.canonical import SCHEMAS as PREFIX
from codegen.upstream.canonical import Canon, Schema, bare, holds_secret, types_of, written

EVIDENCE = "x-evidence"
_SYNONYMS = {"anyOf": ("anyOf", "oneOf", "allOf"), "enum": ("const",)}
"""Keywords that say the same in other words, and would say it still."""
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


def mark_documented(node: CommentedMap) -> None:
    """Mark a fact that the upstream states, where its evidence is given."""
    if node.get(EVIDENCE):
        node[EVIDENCE] = "documented"


Holder = CommentedMap | CommentedSeq
Site = tuple[Holder, Any, Schema, str]
"""A use of a schema, what is wanted there, and a name for it if it needs one."""


class Schemas:
    """The named schemas, and what is wanted of them."""

    def __init__(self, components: CommentedMap) -> None:
        self._components = components
        self._asked: dict[str, list[Site]] = defaultdict(list)
        self._made: dict[str, str] = {}
        self._applied: set[str] = set()
        self._names: dict[str, str] = {}
        """The name here of each of their named schemas that is known."""
        self._meanings: dict[str, str] = {}
        """The name of each schema with content of its own, by that content."""
        for name, node in components.items():
            self._names.update(dict.fromkeys(_known(node), name))
            canonical = self._canonical(node)
            if canonical.get("properties") or "enum" in canonical:
                self._meanings.setdefault(written(canonical), name)
        self._names.update({name: name for name in components})

    def ask(self, holder: CommentedMap, key: str, wanted: Schema, hint: str) -> None:
        """Request that the value of a key becomes a schema."""
        if "~skipped" in wanted or "~recursive" in wanted:
            return
        node = holder[key]
        mark_documented(node)
        if name := _referred(node):
            if _is_named(wanted) and ("anyOf" in node) != ("null" in types_of(wanted)):
                _set(holder, key, _referring(name, wanted))
            self._asked[name].append((holder, key, wanted, hint))
        elif _is_named(wanted):
            self._place(holder, key, wanted, hint, node.get("description"))
        else:
            self._merge(node, wanted, hint)

    def apply(self) -> None:
        """Change the named schemas, each before those that it refers to."""
        for name in self._order():
            self._applied.add(name)
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
        wanted = [written(_without_null(schema)) for _, _, schema, _ in sites]
        most = max(wanted, key=wanted.count)
        node = self._components[name]
        agreed: list[Schema] = []
        for (holder, key, schema, hint), want in zip(sites, wanted, strict=True):
            if want == most:
                agreed.append(_without_null(schema))
            else:
                _set(holder, key, self._new(schema, hint, node.get("description")))
        self._note(name, node, agreed)
        secret = {"~secret": True} if any("~secret" in schema for schema in agreed) else {}
        self._merge(node, agreed[0] | secret, name)

    def _note(self, name: str, node: CommentedMap, wanted: list[Schema]) -> None:
        """Record their name if it differs from ours."""
        known = set(_known(node))
        names = {schema["~name"] for schema in wanted if schema.get("~name")} - {name}
        self._names.update(dict.fromkeys(names, name))
        if names - known:
            set_key(node, "x-upstream", flow({"names": _list(sorted({*known, *names}))}))

    def _merge(self, node: CommentedMap, wanted: Schema, hint: str) -> None:
        """Change a schema in place, except for what is as wanted."""
        mark_documented(node)
        present = self._canonical(node)
        if present.get("type") != wanted.get("type"):
            kind = wanted.get("type")
            set_key(node, "type", _list(kind) if isinstance(kind, list) else kind)
            node.pop("example", None)
        for key in sorted({*present, *wanted} - _APART):
            if not key.startswith("~") and written(present.get(key)) != written(wanted.get(key)):
                value = wanted.get(key)
                if key == "enum" and value:
                    value = _in_order(value, node.get(key, []))
                for other in _SYNONYMS.get(key, ()):
                    node.pop(other, None)
                set_key(node, key, None)
                if value is not None:
                    self._set_value(node, key, value, hint)
        _mark_secret(node, wanted)
        self._merge_properties(node, wanted, hint)
        if "items" not in wanted:
            node.pop("items", None)
        elif "items" in node:
            self.ask(node, "items", wanted["items"], f"{hint}Item")
        else:
            self._place(node, "items", wanted["items"], f"{hint}Item")

    def _merge_properties(self, node: CommentedMap, wanted: Schema, hint: str) -> None:
        properties = node.get("properties", CommentedMap())
        target = wanted.get("properties", {})
        for name, schema in target.items():
            if name not in properties and schema.get("~was") in properties:
                _rename(properties, schema["~was"], name)
        for name in [name for name in properties if name not in target]:
            del properties[name]
        for name, schema in target.items():
            inner = f"{hint}{pascal(name)}"
            if name in properties:
                self.ask(properties, name, schema, inner)
            else:
                self._place(properties, name, schema, inner)
                if "$ref" not in properties[name]:
                    properties[name]["x-evidence"] = "documented"
        if properties and "properties" not in node:
            node.insert(_after(node, "type"), "properties", properties)
        elif not properties:
            node.pop("properties", None)
        _require(node, wanted.get("required", []))

    def _canonical(self, node: CommentedMap) -> Schema:
        return Canon({"components": {"schemas": self._components}}).schema(node)

    def _place(
        self, holder: Holder, key: Any, wanted: Schema, hint: str, text: str | None = None
    ) -> None:
        """Give a key the schema that is wanted, a known one if it has its name or content."""
        name = None
        if "~recursive" in wanted or _is_named(wanted):
            name = self._names.get(wanted.get("~name", ""))
            name = name or self._meanings.get(written(_without_null(wanted)))
        if name is None or not self._is_like(name, wanted):
            holder[key] = self._new(wanted, hint, text)
            return
        holder[key] = _referring(name, wanted)
        if name in self._applied:
            self._note(name, self._components[name], [wanted])
        if name not in self._applied and not {"~recursive", "~skipped"} & wanted.keys():
            self._asked[name].append((holder, key, wanted, hint))

    def _is_like(self, name: str, wanted: Schema) -> bool:
        """Return whether a named schema is what is wanted, or can still become it."""
        if {"~recursive", "~skipped"} & wanted.keys():
            return True
        present, plain = self._canonical(self._components[name]), _without_null(wanted)
        if written(present) == written(plain) or name in self._applied:
            return written(present) == written(plain)
        shared = present.get("properties", {}).keys() & plain.get("properties", {}).keys()
        values = {*map(str, present.get("enum", ()))} & {*map(str, plain.get("enum", ()))}
        return present.get("type") == plain.get("type") and bool(shared or values)

    def _new(self, wanted: Schema, hint: str, text: str | None = None) -> CommentedMap:
        """Return a new schema; those that become classes are named and referred to."""
        if not _is_named(wanted):
            return self._inline(wanted, hint, text)
        plain = _without_null(wanted)
        key = written(plain) + ("secret" if holds_secret(plain) else "")
        if key not in self._made:
            name = self._made[key] = self._free(plain.get("~name", ""), hint)
            self._components[name] = node = CommentedMap()
            self._applied.add(name)
            if known := plain.get("~name"):
                self._names.setdefault(known, name)
            described = plain.get("~text") or text
            if described:
                node["description"] = described
            node["x-evidence"] = "documented"
            self._fill(node, plain, name)
        self._note(self._made[key], self._components[self._made[key]], [plain])
        return _referring(self._made[key], wanted)

    def _inline(self, wanted: Schema, hint: str, text: str | None) -> CommentedMap:
        node = flow({})
        self._fill(node, wanted, hint)
        if described := wanted.get("~text") or text:
            node["description"] = described
        return node

    def _fill(self, node: CommentedMap, wanted: Schema, hint: str) -> None:
        for key, value in wanted.items():
            if not key.startswith("~"):
                self._set_value(node, key, value, hint)
        _mark_secret(node, wanted)
        if wanted.get("type") == "object" and "additionalProperties" not in node:
            node["additionalProperties"] = True

    def _set_value(self, node: CommentedMap, key: str, value: Any, hint: str) -> None:
        """Set a keyword; the schemas in its value are made as well."""
        if key == "properties":
            node[key] = CommentedMap()
            for name, schema in value.items():
                self._place(node[key], name, schema, f"{hint}{pascal(name)}")
        elif key == "anyOf":
            node[key] = _list([None] * len(value))
            for number, schema in enumerate(value):
                self._place(node[key], number, schema, f"{hint}Variant{number + 1}")
        elif key == "items":
            self._place(node, key, value, f"{hint}Item")
        elif key == "additionalProperties" and isinstance(value, Mapping):
            self._place(node, key, dict(value), f"{hint}Value")
        else:
            plain = bare(value)
            node[key] = _list(plain) if isinstance(plain, list) else plain

    def _free(self, name: str, hint: str) -> str:
        """Return a name for a new schema that is unique even without case."""
        taken = {known.lower() for known in (*self._components, *CLASSES_RESERVED)}
        candidates = [pascal(name), pascal(hint)]
        candidates += [f"{pascal(hint)}{number}" for number in range(2, 1000)]
        return next(one for one in candidates if one[:1].isalpha() and one.lower() not in taken)


def _known(node: CommentedMap) -> list[str]:
    """Return the names that an adopted specification had for a schema."""
    return list((node.get("x-upstream") or {}).get("names", []))


def _require(node: CommentedMap, required: list[str]) -> None:
    """Set which properties are required, in their present order."""
    if sorted(node.get("required", [])) == sorted(required):
        return
    listed = _list(_in_order(required, node.get("required", [])))
    if not listed:
        del node["required"]
    elif "required" in node:
        node["required"] = listed
    else:
        node.insert(_after(node, "type"), "required", listed)


def _referred(node: CommentedMap) -> str:
    """Return the name of the schema that a value is, or is unless it is null; empty if none."""
    variants = [one for one in node.get("anyOf", ()) if one.get("type") != "null"]
    node = variants[0] if len(variants) == 1 else node
    return str(node.get("$ref", "")).removeprefix(PREFIX)


def _set(holder: Holder, key: Any, made: CommentedMap) -> None:
    """Set the value of a key, with the argument or attribute that it has so far."""
    if attribute := holder[key].get(ATTRIBUTE):
        made[ATTRIBUTE] = attribute
    holder[key] = made


def _rename(properties: CommentedMap, old: str, new: str) -> None:
    """Give a property another name, in its place; its attribute keeps the one it has."""
    node, place = properties[old], list(properties).index(old)
    attribute = node.get(ATTRIBUTE) or attribute_name(python_name(old))
    del properties[old]
    properties.insert(place, new, node)
    derived = attribute_name(python_name(new))
    set_key(node, ATTRIBUTE, None if attribute == derived else attribute)
    if "$ref" not in node:
        node[EVIDENCE] = "documented"


def python_name(name: str) -> str:
    """Return the name that the generator gives a parameter or property."""
    return str(PythonIdentifier(name, "field_"))


def _referring(name: str, wanted: Schema) -> CommentedMap:
    reference = flow({"$ref": PREFIX + name})
    if "null" not in types_of(wanted):
        return reference
    return flow({"anyOf": [reference, flow({"type": "null"})]})


def _without_null(schema: Schema) -> Schema:
    """Return what becomes a class without null, which its references say."""
    kinds = [kind for kind in types_of(schema) if kind != "null"]
    if len(kinds) == len(types_of(schema)) or not _is_named(schema):
        return schema
    return {**schema, "type": kinds[0] if len(kinds) == 1 else kinds}


def _mark_secret(node: CommentedMap, wanted: Schema) -> None:
    """Keep what is wanted secret so."""
    if "~secret" in wanted and not (node.get("x-secret") or node.get("format") == "password"):
        is_string = wanted.get("type") == "string" and "format" not in wanted
        set_key(node, *(("format", "password") if is_string else ("x-secret", True)))


def _is_named(schema: Schema) -> bool:
    """Return whether a schema becomes a class, which must have a name."""
    return "object" in types_of(schema) or "enum" in schema


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
