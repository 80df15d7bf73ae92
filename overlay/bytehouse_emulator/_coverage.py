"""Print what is modelled, how, and with which evidence, for every operation.

What is printed of the emulator was observed: the tests call each operation and note what it worked
on and which refusals it gave. They write `coverage.json` beside this file, and fail when it is
stale. Evidence is what `openapi.yaml` says of the path and of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Final

import msgspec

from ._spec import Operation, Specification, specification_text

FILE: Final = "coverage.json"
_INTRODUCTION: Final = """\
# What the emulator models

| column | says |
|---|---|
| how | **engine**: what is asked runs on, or is read from, a real ClickHouse engine · **state**: documents that the emulator keeps · **fixed**: always the same answer · **refused**: 501, with the reason |
| path | whether the vendor documents method and path, or they are inferred |
| answer | whether the vendor documents the keys of the answer; *in part* where some are inferred |
| refusals | error statuses that the tests saw it give, for reasons that the real service has too |

All of it was observed by the tests, with every answer checked against the specification.
"""  # noqa: E501 - a row of a Markdown table is one line


class Observed(msgspec.Struct, forbid_unknown_fields=True):
    """What the tests saw of one operation."""

    engine: bool
    state: bool
    refusals: list[int]

    @property
    def how(self) -> str:
        """Answer with what it works on."""
        found = [name for name in ("engine", "state") if getattr(self, name)]
        return ", ".join(found) or "fixed"


def table(text: str | None = None) -> str:
    """Write the page, for the specification that comes with the emulator or another text of it."""
    specification = Specification(text or specification_text())
    raw = (resources.files(__package__) / FILE).read_bytes()
    observed = msgspec.json.decode(raw, type=dict[str, Observed])
    return "\n".join(_lines(specification, observed))


def _lines(specification: Specification, observed: Mapping[str, Observed]) -> Iterator[str]:
    yield _INTRODUCTION
    yield "| operation | how | path | answer | refusals |"
    yield "|---|---|---|---|---|"
    for operation in specification.operations.values():
        found = observed.get(operation.id)
        how = found.how if found else "refused"
        refusals = " ".join(map(str, found.refusals if found else [501]))
        path, answer = operation.item["x-evidence"], _evidence(specification, operation)
        name = f"`{operation.id}`"
        yield f"| {name} | {how} | {path} | {answer} | {refusals} |"


def _evidence(specification: Specification, operation: Operation) -> str:
    response = specification.resolve(operation.item["responses"]["200"])
    marks = list(_marks(specification, response["content"]["application/json"]["schema"], 0))
    if not any(marks):
        return "documented"
    return "inferred" if all(marks) else "in part"


def _marks(specification: Specification, schema: Mapping[str, Any], depth: int) -> Iterator[bool]:
    """Tell of each key of an answer whether it is inferred; the envelope does not count."""
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
