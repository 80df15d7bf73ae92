"""The page that lists what of every operation is modelled, how, and with which evidence.

What it says of the emulator was observed: the tests call each operation and record what it used and
which errors it returned. They write `coverage.json` beside this file, and fail when it is out of
date. Evidence is what `openapi.yaml` says of the path and of the response.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Final

import msgspec

from bytehouse_emulator.spec.specification import Operation, Specification, specification_text

FILE: Final = "coverage.json"
CLICKHOUSE_FILE: Final = "clickhouse_coverage.json"
_CLICKHOUSE: Final = """\
# What of ClickHouse's interface the emulator models

The tests sent each of these, with these outcomes: it runs as at the service, as far as that is
known from its documents and its open-source core; it runs with a known difference; it is refused
with an error of ClickHouse; or it is a 501, not modelled.
"""
SQL_FILE: Final = "sql_coverage.json"
ENDS: Final = ("runs", "refused", "501", "known difference")
_SQL_INTRODUCTION: Final = """
## SQL

Statements of the vendor's public documents, of the open-source core and of the SQL standard that
the tests run, by what becomes of them: the expected result, the expected error, a 501 with the
reason, or a result that differs and is listed under
[known differences](../emulator.md#where-it-differs-from-the-service).
"""
_INTRODUCTION: Final = """\
# What the emulator models

| column | says |
|---|---|
| how | **engine**: runs on, or is read from, a real ClickHouse engine · **state**: documents that the emulator stores · **fixed**: always the same response · **refused**: 501, with the reason |
| path | whether the vendor documents method and path, or they are inferred |
| response | whether the vendor documents the keys of the response; *in part* where some are inferred |
| errors | error statuses that the tests observed, for reasons that the real service has too |

All of it was observed by the tests, with every response validated against the specification.
"""  # noqa: E501 - a row of a Markdown table is one line


class Observed(msgspec.Struct, forbid_unknown_fields=True):
    """What the tests observed of one operation."""

    engine: bool
    state: bool
    errors: list[int]

    @property
    def how(self) -> str:
        """What it uses."""
        found = [name for name in ("engine", "state") if getattr(self, name)]
        return ", ".join(found) or "fixed"


def coverage_page(text: str | None = None) -> str:
    """Return the page, for the emulator's own specification or another text of it."""
    specification = Specification(text or specification_text())
    raw = (resources.files(__package__) / FILE).read_bytes()
    observed = msgspec.json.decode(raw, type=dict[str, Observed])
    return "\n".join(_lines(specification, observed))


def clickhouse_page() -> str:
    """Return the page about the ClickHouse interface."""
    raw = (resources.files(__package__) / CLICKHOUSE_FILE).read_bytes()
    observed = msgspec.json.decode(raw, type=dict[str, dict[str, list[str]]])
    lines = [_CLICKHOUSE, "| of | outcome | | |", "|---|---|---|---|"]
    for group, outcomes in observed.items():
        lines += [
            f"| {group} | {outcome} | {len(features)} | {', '.join(features)} |"
            for outcome in ENDS
            if (features := outcomes.get(outcome))
        ]
    return "\n".join(lines)


def _lines(specification: Specification, observed: Mapping[str, Observed]) -> Iterator[str]:
    yield _INTRODUCTION
    yield "| operation | how | path | response | errors |"
    yield "|---|---|---|---|---|"
    yield from _operations(specification, observed)
    yield from _statements()


def _statements() -> Iterator[str]:
    """Yield the table of SQL: how many statements of each group the tests run, and how they end."""
    raw = (resources.files(__package__) / SQL_FILE).read_bytes()
    counts = msgspec.json.decode(raw, type=dict[str, dict[str, int]])
    yield _SQL_INTRODUCTION
    yield f"| statements | {' | '.join(ENDS)} |"
    yield f"|---|{'---|' * len(ENDS)}"
    total = {end: sum(found.get(end, 0) for found in counts.values()) for end in ENDS}
    for group, found in {**counts, "all": total}.items():
        yield f"| {group} | {' | '.join(str(found.get(end, 0)) for end in ENDS)} |"


def _operations(specification: Specification, observed: Mapping[str, Observed]) -> Iterator[str]:
    for operation in specification.operations.values():
        found = observed.get(operation.id)
        how = found.how if found else "refused"
        errors = " ".join(map(str, found.errors if found else [501]))
        path, response = operation.item["x-evidence"], _evidence(specification, operation)
        name = f"`{operation.id}`"
        yield f"| {name} | {how} | {path} | {response} | {errors} |"


def _evidence(specification: Specification, operation: Operation) -> str:
    marks = list(_marks(specification, operation.response_schema, 0))
    if not any(marks):
        return "documented"
    return "inferred" if all(marks) else "in part"


def _marks(specification: Specification, schema: Mapping[str, Any], depth: int) -> Iterator[bool]:
    """Yield for each key of a response whether it is inferred; the envelope does not count."""
    schema = specification.resolve(schema)
    if schema.get("x-evidence") == "inferred" and depth:
        yield True
        return
    if "items" in schema:
        yield from _marks(specification, schema["items"], depth + 1)
        return
    properties = schema.get("properties", {})
    if not properties:
        yield False
    for name, inner in properties.items():
        if depth or name not in {"message", "error", "meta"} or len(properties) == 1:
            yield from _marks(specification, inner, depth + 1)
