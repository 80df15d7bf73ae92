"""Compare two contracts of one operation, and rate what each difference means to callers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from codegen.upstream.canonical import Contract, Schema, bare, types_of, written
from codegen.upstream.meaning import PAGING, pages, query, renamed_parameters, renames

BREAKING = "breaking"
COMPATIBLE = "compatible"
SENDABLE = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
"""Methods of HTTP that the client can send. A gateway adds others, for browsers."""
SENT, GOT = "sent", "got"
"""Direction of a value: sent to the service, or received from it."""

Where = tuple[str, ...]
"""Path in an operation: its part, then the fields, with `[]` for the items of a list."""


@dataclass(frozen=True)
class Difference:
    """One difference."""

    operation: str
    where: Where
    kind: str
    before: Any
    after: Any
    impact: str
    model: str = ""
    """The named schema, and so the class, that contains it; empty outside of any."""
    field: str = ""
    """Path in that schema."""
    by: str = "own rules"


_LIMITS = {
    # keyword: whether a larger value allows more
    "minimum": False,
    "exclusiveMinimum": False,
    "minLength": False,
    "minItems": False,
    "minProperties": False,
    "maximum": True,
    "exclusiveMaximum": True,
    "maxLength": True,
    "maxItems": True,
    "maxProperties": True,
}
_HANDLED = frozenset({"type", "enum", "properties", "required", "items", *_LIMITS})


def changes_time(keyword: str, before: Any, after: Any) -> bool:
    """Tell whether a value becomes a time or stops being one, which Python has another type for."""
    return keyword == "format" and "date-time" in (before, after)


def differences(operation: str, ours: Contract, theirs: Contract) -> list[Difference]:
    """Return all differences between our contract of an operation and theirs."""
    return list(_Comparison(operation).contract(ours, theirs))


class _Comparison:
    def __init__(self, operation: str) -> None:
        self._operation = operation

    def _differ(
        self, where: Where, kind: str, before: Any, after: Any, *, breaking: bool
    ) -> Difference:
        impact = BREAKING if breaking else COMPATIBLE
        return Difference(self._operation, where, kind, before, after, impact)

    def contract(self, ours: Contract, theirs: Contract) -> Iterator[Difference]:
        """Yield the differences, the route first."""
        if ours.method != theirs.method:
            kind = "safety" if "GET" in (ours.method, theirs.method) else "method"
            yield self._differ(("route",), kind, ours.method, theirs.method, breaking=True)
        if ours.path != theirs.path:
            yield self._differ(("route",), "path", ours.path, theirs.path, breaking=True)
        if theirs.tag and theirs.tag not in ours.known["tag"]:
            yield self._differ(("tag",), "tag", ours.tag, theirs.tag, breaking=False)
        if ours.security != theirs.security:
            # An alternative more, or no need of a key at all, refuses no call.
            refused = bool(theirs.security) and not {*ours.security} & {*theirs.security}
            pair = list(ours.security), list(theirs.security)
            yield self._differ(("security",), "security", *pair, breaking=refused)
        if ours.deprecated != theirs.deprecated:
            pair_ = ours.deprecated, theirs.deprecated
            yield self._differ(("deprecated",), "deprecated", *pair_, breaking=False)
        if theirs.status and theirs.status not in ours.known["status"]:
            yield self._differ(("status",), "status", ours.status, theirs.status, breaking=False)
        known = {
            "parameters": self._parameters(ours, theirs),
            "body": self._content(("body",), ours.body, theirs.body, SENT),
            "response": self._content(("response",), ours.response, theirs.response, GOT),
        }
        for part in sorted(known.keys() - theirs.unknown):
            yield from known[part]
        if theirs.error is not None:
            for found in self.schema(("error",), ours.error or {}, theirs.error, GOT):
                yield replace(found, impact=COMPATIBLE)  # errors are parsed whatever their layout

    def _parameters(self, ours: Contract, theirs: Contract) -> Iterator[Difference]:
        apart: set[tuple[str, str]] = set()
        if (before := ours.pagination) not in (after := pages(theirs)):
            taken = sorted(query(theirs) - (query(ours) - PAGING))
            known = sorted(filter(None, after)) or (taken if before else [])
            pair_ = before or "none", ", ".join(known) or "none"
            yield self._differ(("paging",), "paging", *pair_, breaking=True)
            apart = {("query", name) for name in PAGING}
        for old, new in renamed_parameters(ours, theirs).items():
            yield self._differ(old, "parameter renamed", old[1], new[1], breaking=True)
            apart |= {old, new}
        for key in {**ours.parameters, **theirs.parameters}:
            mine, other = ours.parameters.get(key), theirs.parameters.get(key)
            if key in apart and (mine is None or other is None):
                continue
            if mine is None and other is not None:
                needed = other["required"]
                yield self._differ(key, "parameter added", None, bare(other), breaking=needed)
            elif other is None:
                yield self._differ(key, "parameter removed", bare(mine), None, breaking=True)
            elif mine is not None:
                if mine["required"] != other["required"]:
                    needed = other["required"]
                    pair = mine["required"], needed
                    yield self._differ(key, "required", *pair, breaking=needed)
                yield from self.schema(key, mine["schema"], other["schema"], SENT)

    def _content(
        self, where: Where, ours: dict[str, Any] | None, theirs: dict[str, Any] | None, way: str
    ) -> Iterator[Difference]:
        if ours is None and theirs is not None:
            needed = bool(theirs.get("required"))
            yield self._differ(where, f"{where[0]} added", None, bare(theirs), breaking=needed)
        elif ours is not None and theirs is None:
            yield self._differ(where, f"{where[0]} removed", bare(ours), None, breaking=True)
        elif ours is not None and theirs is not None:
            if ours["type"] != theirs["type"]:
                pair = ours["type"], theirs["type"]
                yield self._differ(where, "media type", *pair, breaking=True)
            if ours.get("required") != theirs.get("required"):
                needed = bool(theirs.get("required"))
                yield self._differ(where, "required", not needed, needed, breaking=needed)
            yield from self.schema(where, ours["schema"], theirs["schema"], way)

    def schema(self, where: Where, ours: Schema, theirs: Schema, way: str) -> Iterator[Difference]:
        """Yield the differences between two schemas."""
        return _Schemas(self._operation, way).compared(_Spot(where), ours, theirs)


@dataclass(frozen=True)
class _Spot:
    """The location of a schema: in the operation, and in the named schema around it."""

    where: Where
    model: str = ""
    field: str = ""

    def inside(self, name: str) -> "_Spot":
        """Return the location of a property, or of the items for `[]`."""
        joined = name if name == "[]" or not self.field else f".{name}"
        return _Spot((*self.where, name), self.model, self.field + joined)


@dataclass(frozen=True)
class _Schemas:
    operation: str
    way: str

    def compared(self, spot: _Spot, ours: Schema, theirs: Schema) -> Iterator[Difference]:
        """Yield the differences, this level first."""
        mine, other = ours.get("~name", ""), theirs.get("~name", "")
        if mine:
            spot = _Spot(spot.where, mine)
        if mine and other and other not in (mine, *ours.get("~known", ())):
            yield self._of(spot, "model renamed", mine, other, breaking=False)
        if ours.get("type") != theirs.get("type"):
            kinds = ours.get("type"), theirs.get("type")
            yield self._of(spot, "type", *kinds, breaking=not self._fits(ours, theirs))
            if not _types(ours) & _types(theirs):
                return
        yield from self._enum(spot, ours, theirs)
        yield from self._limits(spot, ours, theirs)
        yield from self._others(spot, ours, theirs)
        yield from self._properties(spot, ours, theirs)
        if "items" in ours and "items" in theirs:
            yield from self.compared(spot.inside("[]"), ours["items"], theirs["items"])
        elif "items" in ours or "items" in theirs:
            pair = bare(ours.get("items")), bare(theirs.get("items"))
            yield self._of(spot, "items", *pair, breaking="items" in ours)

    def _of(self, spot: _Spot, kind: str, before: Any, after: Any, *, breaking: bool) -> Difference:
        impact = BREAKING if breaking else COMPATIBLE
        place = spot.where, kind, before, after, impact, spot.model, spot.field
        return Difference(self.operation, *place)

    def _fits(self, ours: Schema, theirs: Schema) -> bool:
        """Return whether the types of what we send are accepted, or of what they send are known."""
        pair = _types(ours), _types(theirs)
        inner, outer = pair if self.way == SENT else reversed(pair)
        return bool(inner) and (not outer or inner <= outer)

    def _enum(self, spot: _Spot, ours: Schema, theirs: Schema) -> Iterator[Difference]:
        before, after = ours.get("enum"), theirs.get("enum")
        if before is None and after is not None:
            yield self._of(spot, "enum added", None, after, breaking=self.way == SENT)
        elif before is not None and after is None:
            yield self._of(spot, "enum removed", before, None, breaking=self.way == GOT)
        elif before is not None and after is not None:
            gone = [value for value in before if value not in after]
            new = [value for value in after if value not in before]
            if gone:
                yield self._of(spot, "enum values removed", gone, None, breaking=self.way == SENT)
            if new:
                yield self._of(spot, "enum values added", None, new, breaking=self.way == GOT)

    def _limits(self, spot: _Spot, ours: Schema, theirs: Schema) -> Iterator[Difference]:
        for keyword, larger_is_wider in _LIMITS.items():
            before, after = ours.get(keyword), theirs.get(keyword)
            if before != after:
                wider = after is None
                if isinstance(before, int | float) and isinstance(after, int | float):
                    wider = (after > before) == larger_is_wider
                breaking = self.way == SENT and not wider
                yield self._of(spot, keyword, before, after, breaking=breaking)

    def _others(self, spot: _Spot, ours: Schema, theirs: Schema) -> Iterator[Difference]:
        """Yield the differences of all other keywords."""
        for keyword in sorted({*ours, *theirs} - _HANDLED):
            before, after = ours.get(keyword), theirs.get(keyword)
            if keyword.startswith("~") or written(before) == written(after):
                continue
            tighter = self.way == SENT and keyword not in ("default", "deprecated")
            breaking = (tighter and after is not None) or changes_time(keyword, before, after)
            yield self._of(spot, keyword, bare(before), bare(after), breaking=breaking)

    def _properties(self, spot: _Spot, ours: Schema, theirs: Schema) -> Iterator[Difference]:
        mine, other = ours.get("properties", {}), theirs.get("properties", {})
        before, after = set(ours.get("required", ())), set(theirs.get("required", ()))
        renamed = renames(mine, other)
        for name in {**mine, **other}:
            place = spot.inside(name)
            if name in renamed:
                yield self._of(place, "property renamed", name, renamed[name], breaking=True)
                yield from self.compared(place, mine[name], other[renamed[name]])
            if name in renamed or name in renamed.values():
                continue
            if name not in other:
                yield self._of(place, "property removed", bare(mine[name]), None, breaking=True)
                continue
            if name not in mine:
                breaking = self.way == SENT and name in after
                yield self._of(place, "property added", None, bare(other[name]), breaking=breaking)
                continue
            if (name in after) != (name in before):
                breaking = (name in after) == (self.way == SENT)
                yield self._of(place, "required", name in before, name in after, breaking=breaking)
            yield from self.compared(place, mine[name], other[name])


def _types(schema: Schema) -> set[str]:
    """Return the types that a schema allows; a number may be an integer."""
    types = {*types_of(schema)}
    return types | {"integer"} if "number" in types else types
