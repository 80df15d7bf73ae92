"""Decide which parts of the upstream's contract of an operation are taken over.

What the client or the generator cannot do with, and what would lose the mark of a secret, is left
as it is in ours. The rest of the operation is taken over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from bytehouse_openapi.shape import path_parameters, word
from codegen.upstream.canonical import (
    NO_CONTENT,
    Contract,
    Schema,
    bare,
    holds_secret,
    is_json,
    types_of,
)
from codegen.upstream.compare import SENDABLE, Where
from codegen.upstream.drift import Sides
from codegen.upstream.schemas import python_name

Parameter = dict[str, Any]
Part = tuple[str, str]
"""An operation and one of its parts, `PARTS`."""

PARTS = ("route", "parameters", "body", "response", "error")
_MESSAGE = frozenset({"message", "error"})
"""What a response holds beside its data: without it, nothing that a method returns is lost."""
PLAIN = frozenset({"string", "integer", "number", "boolean", "null"})
_CONSISTENT = 0.8
"""The share of responses in which a key of the envelope must have become another."""
_FEWEST = 3
_UNDESCRIBED: Parameter = {"required": True, "schema": {"type": "string"}}
_GENERIC = frozenset({"x", "bh", "bytehouse", "header", "id", "name", "user", "active"})


class Skipped(NamedTuple):
    """A part of an operation that is left as it is in ours."""

    operation: str
    where: Where
    reason: str

    def covers(self, where: Where) -> bool:
        """Tell whether a place in the operation is in this part."""
        if self.where == ("parameters",):
            return where[0] in ("query", "header", "path")
        return where[: len(self.where)] == self.where


@dataclass
class Adoptable:
    """What is taken over: a contract for each operation, and what was left of it."""

    contracts: dict[str, Contract]
    skipped: list[Skipped]
    keys: dict[str, str] = field(default_factory=dict)
    """Keys of the envelope of responses that have another name now, theirs and ours."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers that have another name now, theirs and ours."""
    kept: frozenset[str] = frozenset()
    """Headers that are sent even where the upstream does not know them."""
    classes: frozenset[str] = frozenset()
    """Named schemas that must stay objects or enums."""


def adoptable_parts(
    sides: Sides, role: str, refused: Mapping[Part, str], classes: Collection[str] = ()
) -> Adoptable:
    """Return what is taken over of an upstream.

    Args:
        sides: Both specifications.
        role: The header with the role of a call.
        refused: Parts that are left in any case, each with the reason.
        classes: Named schemas that must stay objects or enums, because the client imports them.
    """
    keys, headers = envelope_keys(sides), renamed_headers(sides)
    kept = {role} - set(headers.values())
    result = Adoptable({}, [], keys, headers, frozenset(kept), frozenset(classes))
    for name, theirs in sides.theirs.items():
        chosen = _Operation(name, sides.ours[name], theirs, result, refused)
        result.contracts[name] = chosen.contract()
        result.skipped += chosen.skipped
    _part_routes(sides, result)
    return result


def envelope_keys(sides: Sides) -> dict[str, str]:
    """Return the keys of the envelope of responses that have another name, theirs and ours.

    A key counts as renamed if where it is gone, one of the same type is new nearly always.
    """
    found: dict[str, Counter[str]] = {}
    users: Counter[str] = Counter()
    for name, theirs in sides.theirs.items():
        mine, other = (_properties(side.response) for side in (sides.ours[name], theirs))
        new = {key: one.get("type") for key, one in other.items() if key not in mine}
        for key, schema in mine.items() if other else ():
            if key not in other:
                users[key] += 1
                same = [k for k, kind in new.items() if _fits(schema.get("type"), kind)]
                found.setdefault(key, Counter()).update(same)
    return _consistent(found, users)


def renamed_headers(sides: Sides) -> dict[str, str]:
    """Return the headers that have another name in all operations, theirs and ours."""
    found: dict[str, Counter[str]] = {}
    users: Counter[str] = Counter()
    for name, theirs in sides.theirs.items():
        mine, other = (_headers(side) for side in (sides.ours[name], theirs))
        users.update(mine)
        for key in mine - other:
            same = [one for one in other - mine if _words(one) & _words(key)]
            found.setdefault(key, Counter()).update(same)
    return _consistent(found, users)


def _consistent(found: Mapping[str, Counter[str]], users: Counter[str]) -> dict[str, str]:
    chosen = [
        (theirs, ours)
        for ours, candidates in found.items()
        for theirs, count in candidates.most_common(1)
        if count >= max(_FEWEST, _CONSISTENT * users[ours])
        and [*candidates.values()].count(count) == 1
    ]
    # What may be the new name of several, such as an object around them all, is that of none.
    rivals = Counter(theirs for theirs, _ in chosen)
    return {theirs: ours for theirs, ours in chosen if rivals[theirs] == 1}


def _fits(ours: Any, theirs: Any) -> bool:
    return ours is None or theirs is None or ours == theirs


def _headers(contract: Contract) -> set[str]:
    return {name for place, name in contract.parameters if place == "header"}


def _words(name: str) -> frozenset[str]:
    found = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    return frozenset(part.lower() for part in found) - _GENERIC


def _properties(content: Mapping[str, Any] | None) -> dict[str, Schema]:
    found: dict[str, Schema] = ((content or {}).get("schema") or {}).get("properties", {})
    return found


def _part_routes(sides: Sides, result: Adoptable) -> None:
    """Leave the routes that another operation would have too."""
    while True:
        routes = {
            name: (contract.method, contract.path)
            for name, contract in {**sides.ours, **result.contracts}.items()
        }
        users = Counter(routes.values())
        clash = [
            name
            for name, route in routes.items()
            if users[route] > 1 and route != (sides.ours[name].method, sides.ours[name].path)
        ]
        if not clash:
            return
        for name in clash:
            ours, other = sides.ours[name], result.contracts[name]
            reason = f"another operation has {other.method} {other.path}"
            result.skipped.append(Skipped(name, ("route",), reason))
            result.contracts[name] = _with_route(other, ours)


def _with_route(contract: Contract, ours: Contract) -> Contract:
    """Return a contract with our route and its parameters."""
    kept = {key: one for key, one in contract.parameters.items() if key[0] != "path"}
    own = {key: _skipped(one) for key, one in ours.parameters.items() if key[0] == "path"}
    return replace(contract, method=ours.method, path=ours.path, parameters={**own, **kept})


class _Operation:
    """Chooses, part by part, between their contract of an operation and ours."""

    def __init__(
        self,
        name: str,
        ours: Contract,
        theirs: Contract,
        adoptable: Adoptable,
        refused: Mapping[Part, str],
    ) -> None:
        self._name = name
        self._ours = ours
        self._theirs = theirs
        self._adoptable = adoptable
        self._refused = dict.fromkeys(theirs.unknown, "a reference in it leads to nothing")
        self._refused |= {part: why for (owner, part), why in refused.items() if owner == name}
        self.skipped: list[Skipped] = []

    def contract(self) -> Contract:
        """Return the contract that is taken over."""
        ours, theirs = self._ours, self._theirs
        chosen = replace(
            theirs,
            parameters=self._parameters(),
            body=self._body(),
            response=self._response(),
            error=self._error(),
        )
        reason = self._refused.get("route") or _route_problem(ours, theirs)
        if reason:
            self._skip(("route",), reason)
            chosen = _with_route(chosen, ours)
            for key in sorted(theirs.parameters.keys() ^ ours.parameters.keys()):
                if key[0] == "path":
                    self._skip(key, reason)
        return chosen

    def _skip(self, where: Where, reason: str) -> None:
        self.skipped.append(Skipped(self._name, where, reason))

    def _parameters(self) -> dict[tuple[str, str], Parameter]:
        if reason := self._refused.get("parameters"):
            self._skip(("parameters",), reason)
            return {key: _skipped(one) for key, one in self._ours.parameters.items()}
        made: dict[tuple[str, str], Parameter] = {}
        named, ours = path_parameters(self._theirs.path), self._ours.parameters
        arguments = {python_name(key[1]): key[1] for key in ours if key in self._theirs.parameters}
        for key, parameter in self._theirs.parameters.items():
            if key[0] == "path" and key[1] not in named:
                self._skip(key, f"{self._theirs.path} has no place for it")
            elif key not in ours and (name := python_name(key[1])) in arguments:
                self._skip(key, f"its argument would be {name}, which is that of {arguments[name]}")
            elif one := self._parameter(key, parameter):
                made[key] = one
                arguments.setdefault(python_name(key[1]), key[1])
        for key in [("path", name) for name in named if ("path", name) not in made]:
            self._skip(key, f"the upstream has {{{key[1]}}} in the path, and does not describe it")
            known = ours.get(key)
            made[key] = _skipped(known) if known else _UNDESCRIBED
        for key, own in ours.items():
            if key[0] == "header" and key[1] in self._adoptable.kept and key not in made:
                self._skip(key, "the upstream has no such header; the role is still sent in it")
                made[key] = _skipped(own)
        return made

    def _parameter(self, key: tuple[str, str], parameter: Parameter) -> Parameter | None:
        place, name = key
        ours = self._ours.parameters.get(key)
        if ours is None and place == "header" and name in self._adoptable.headers:
            ours = self._ours.parameters.get((place, self._adoptable.headers[name]))
        kinds = set(types_of(parameter["schema"]))
        if kinds and kinds <= PLAIN:
            if ours:
                schema = self._schema(key, ours["schema"], parameter["schema"])
                parameter = {**parameter, "schema": schema}
            return parameter
        if not bare(parameter["schema"]):
            if ours and bare(ours["schema"]):
                self._skip(key, "the upstream says nothing of its type")
            return {**parameter, "schema": ours["schema"]} if ours else parameter
        self._skip(key, "its value is no string, number or boolean, so no argument can hold it")
        if ours:
            return _skipped(ours)
        if place == "path":
            return {**parameter, "schema": {"type": "string"}}
        return None

    def _body(self) -> dict[str, Any] | None:
        ours, theirs = self._ours.body, self._theirs.body
        reason = self._refused.get("body") or _content_problem(theirs, "the client sends")
        if not ours and theirs and not bare(theirs["schema"]):
            reason = reason or "the upstream says nothing of it"
        if reason:
            self._skip(("body",), reason)
            return ours and _skipped(ours)
        return self._content("body", ours, theirs)

    def _response(self) -> dict[str, Any] | None:
        ours, theirs = self._ours.response, self._theirs.response
        reason = self._refused.get("response") or _content_problem(theirs, "the client reads")
        read = _properties(ours).keys() - _MESSAGE
        if theirs is None and _properties(ours):
            reason = reason or "the upstream names no content of the response"
        elif self._theirs.status in NO_CONTENT and read:
            reason = (
                reason
                or f"{self._theirs.status} has no content, and ours has {', '.join(sorted(read))}"
            )
        elif self._theirs.status in NO_CONTENT:
            return theirs
        if reason:
            self._skip(("response",), reason)
        if reason or theirs is None:
            return ours and _skipped(ours)
        return self._content("response", ours, theirs)

    def _content(
        self, part: str, ours: dict[str, Any] | None, theirs: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        if not ours or not theirs:
            return theirs
        keys = self._adoptable.keys if part == "response" else {}
        schema = self._schema((part,), ours["schema"], theirs["schema"], keys)
        return {**theirs, "schema": schema}

    def _error(self) -> Schema | None:
        ours, theirs = self._ours.error, self._theirs.error
        if reason := self._refused.get("error"):
            self._skip(("error",), reason)
            return None
        if theirs is None or theirs.get("type") != "object":
            return None
        return self._schema(("error",), ours, theirs) if ours else theirs

    def _schema(
        self, where: Where, ours: Schema, theirs: Schema, keys: Mapping[str, str] | None = None
    ) -> Schema:
        """Return what is taken over of their schema, where we have one."""
        if "~recursive" in ours or "~recursive" in theirs:
            return theirs if "~recursive" in ours and "~recursive" in theirs else _skipped(ours)
        if not bare(theirs):
            if bare(ours):
                self._skip(where, "the upstream says nothing of it")
            return _skipped(ours) | _secret(theirs)
        lost = self._lost_secret(ours, theirs, keys or {})
        if lost and "~secret" not in theirs:
            self._skip(where, f"the upstream has no {lost}, and its mark of a secret would be lost")
            return _skipped(ours)
        name = ours.get("~name", "")
        if name in self._adoptable.classes and _is_class(ours) and not _is_class(theirs):
            self._skip(where, f"the client imports {name}, which would be no class any more")
            return _skipped(ours) | _secret(theirs)
        made = {**theirs, **_secret(ours)}
        if "properties" in theirs:
            made["properties"] = dict(self._merged(where, ours, theirs, keys or {}))
        elif "properties" in ours and theirs.get("type") == "object" and "anyOf" not in theirs:
            self._skip(where, "the upstream names no property of it")
            return _skipped(ours) | _secret(theirs)
        if "array" in types_of(theirs):
            items = theirs.get("items", {})
            if "items" in ours:
                made["items"] = self._schema((*where, "[]"), ours["items"], items)
        return made

    def _merged(
        self, where: Where, ours: Schema, theirs: Schema, keys: Mapping[str, str]
    ) -> Iterator[tuple[str, Schema]]:
        properties = ours.get("properties", {})
        for name, schema in theirs["properties"].items():
            old = renamed(name, properties, theirs["properties"], keys)
            mine = properties.get(old)
            made = self._schema((*where, name), mine, schema) if mine else schema
            yield name, made if old == name else {**made, "~was": old}

    def _lost_secret(self, ours: Schema, theirs: Schema, keys: Mapping[str, str]) -> str:
        """Return the first secret below our schema that theirs has no place for; empty if none."""
        there = theirs.get("properties", {})
        names = {renamed(name, ours.get("properties", {}), there, keys) for name in there}
        for name, schema in ours.get("properties", {}).items():
            if holds_secret(schema) and name not in names:
                return str(name)
        if holds_secret(ours.get("items", {})) and "items" not in theirs:
            return "items" if "array" not in types_of(theirs) else ""
        return ""


def renamed(
    name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], keys: Mapping[str, str]
) -> str:
    """Return our name of their property: it may be respelled, or renamed in all envelopes."""
    if name in ours:
        return name
    if keys.get(name) in ours and keys.get(name) not in theirs:
        return keys[name]
    same = [one for one in ours if word(one) == word(name) and one not in theirs]
    return same[0] if len(same) == 1 else name


def _secret(schema: Schema) -> Schema:
    return {"~secret": True} if "~secret" in schema else {}


def _skipped(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of ours, marked as not taken over."""
    return {**part, "~skipped": True}


def _is_class(schema: Schema) -> bool:
    """Return whether a schema becomes a class: an object, or an enum of strings."""
    values = [value for value in schema.get("enum", ()) if value is not None]
    is_enum = bool(values) and all(isinstance(value, str) for value in values)
    return is_enum or {*types_of(schema)} - {"null"} == {"object"}


def _route_problem(ours: Contract, theirs: Contract) -> str:
    if theirs.method not in SENDABLE:
        return f"the client cannot send {theirs.method}"
    given, wanted = (path_parameters(contract.path) for contract in (ours, theirs))
    literal = theirs.path
    for name in wanted:
        literal = literal.replace(f"{{{name}}}", "x")
    if not literal.startswith("/") or not literal.isascii() or set(literal) & set(" ?#\\{}"):
        return f"{theirs.path} is not a path that can be sent"
    if sorted(given) != sorted(wanted):
        return f"the methods fill {_braced(given)}, and {theirs.path} has {_braced(wanted)}"
    return ""


def _braced(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names) or "no parameter"


def _content_problem(content: Mapping[str, Any] | None, who: str) -> str:
    if content is None:
        return ""
    if not is_json(content["type"]):
        return f"it is {content['type']}; {who} JSON"
    schema = content["schema"]
    if bare(schema) and schema.get("type") != "object":
        kind = " or ".join(types_of(schema)) or "a choice of schemas"
        return f"it is {kind}; {who} one JSON object"
    return ""
