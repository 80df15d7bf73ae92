"""Group differences by what caused them, so that a change of the service is one line."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codegen.upstream.canonical import written
from codegen.upstream.compare import BREAKING, COMPATIBLE, Difference
from codegen.upstream.methods import Method

_NAMED = 3
"""Maximum number of fields that a subject names."""
_TOGETHER = frozenset({"model renamed", "tag", "operation added"})
"""What affects no call: all of a kind are one change."""


@dataclass(frozen=True)
class Change:
    """One change of the service, and what it affects in this client."""

    kind: str
    impact: str
    subject: str
    before: Any
    """What was; None where the differences it explains have different values."""
    after: Any
    pairs: list[str]
    """Where values differ: each with before and after."""
    operations: list[str]
    methods: list[str]
    models: list[str]
    by: list[str]


def causes(found: list[Difference], methods: Mapping[str, list[Method]]) -> list[Change]:
    """Return the changes that explain the differences, breaking ones first, then by their effect.

    A prefix or name changed everywhere, and a field or parameter changed alike in many places, is
    one change.
    """
    groups: dict[tuple[str, ...], list[Difference]] = defaultdict(list)
    for one in found:
        groups[_cause(one)].append(one)
    changes = [_change(group, methods) for group in groups.values()]
    return sorted(changes, key=lambda c: (c.impact != BREAKING, -len(c.operations)))


def _cause(one: Difference) -> tuple[str, ...]:
    if one.kind in _TOGETHER:
        return (one.kind,)
    if one.kind == "path":
        return (one.kind, *rewritten(one.before, one.after))
    place = ("field", one.where[-1] if one.field else one.model) if one.model else one.where
    if one.where[0] == "operation":
        place = (one.operation,)
    elif not one.model and one.where[0] in ("body", "response", "error"):
        place = (one.where[0], *one.where[1:][-1:])
    values = written(one.before), written(one.after)
    return (one.kind, *place, *values)


def rewritten(before: str, after: str) -> tuple[str, str]:
    """Return the part of a path that changed, before and after, whole segments."""
    old, new = before.split("/"), after.split("/")
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    start = "/" if same <= 1 else "…/"
    return start + "/".join(old[same:]), start + "/".join(new[same:])


def _change(group: list[Difference], methods: Mapping[str, list[Method]]) -> Change:
    first = group[0]
    ids = list(dict.fromkeys(one.operation for one in group))
    before, after = first.before, first.after
    pairs: list[str] = []
    if len({(written(one.before), written(one.after)) for one in group}) > 1:
        values = [[v for v in (one.before, one.after) if v is not None] for one in group]
        pairs = list(dict.fromkeys(" → ".join(map(str, pair)) for pair in values))
        before, after = rewritten(before, after) if first.kind == "path" else (None, None)
    touched = dict.fromkeys(m for one in group for m in _touched(one, methods))
    return Change(
        kind=first.kind,
        impact=BREAKING if any(one.impact == BREAKING for one in group) else COMPATIBLE,
        subject=_subject(group),
        before=before,
        after=after,
        pairs=pairs,
        operations=ids,
        methods=list(touched),
        models=sorted({one.model for one in group if one.model}),
        by=sorted({name for one in group for name in one.by.split(", ")}),
    )


def _subject(group: list[Difference]) -> str:
    one = group[0]
    several = len({found.operation for found in group}) > 1
    part, *inner = one.where
    count = {"path": len(group), "model renamed": len({found.model for found in group})}
    if count.get(one.kind, 1) > 1:
        return f"{count[one.kind]} {'paths' if one.kind == 'path' else 'schemas'}"
    if one.model:
        return some(list(dict.fromkeys(f"{g.model}.{g.field}".rstrip(".") for g in group)), _NAMED)
    if part in ("query", "header", "path"):
        return f"{part} parameter {'.'.join(inner)}"
    if part in ("body", "response", "error"):
        return ".".join([part if several else f"{part} of {one.operation}", *inner])
    if part in ("route", "operation"):
        return f"{len(group)} operations" if several else one.operation
    return part


def _touched(one: Difference, methods: Mapping[str, list[Method]]) -> Iterator[str]:
    """Yield the methods that a difference affects, with the argument if it is about one."""
    if one.kind == "operation added":
        return
    wire = one.where[1] if len(one.where) > 1 and one.where[0] not in ("response", "error") else ""
    for method in methods.get(one.operation, ()):
        argument = method.argument(wire) if wire else None
        yield f"{method.name}({argument}=)" if argument else method.name
    if one.operation not in methods:
        yield f"plan {one.operation}"


def some(names: list[str], most: int) -> str:
    """Return a list of names as text, of a long one the first and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
