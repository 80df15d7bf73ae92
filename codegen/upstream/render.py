"""Render a report as text, Markdown, JSON and annotations."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from codegen.upstream.causes import Change, some
from codegen.upstream.compare import BREAKING, COMPATIBLE
from codegen.upstream.drift import Report

SHOWN = 5
"""Maximum number of methods or operations named in a line."""
EXAMPLES = 3
ALIKE = 10
"""Maximum number of changes of a kind that a person reads; JSON has all."""
HEADLINES = {
    "none": "No drift: the service's specification says what openapi.yaml says.",
    "breaking": "Breaking drift: the service is not what this client takes it for.",
    "compatible": "Compatible drift: the service has more than this client knows.",
    "unknown": "Could not tell: operations may be one of several, or refer to nothing.",
}
UNRESOLVED = "{} leads to nothing in the specification, so what it stands for is unknown"


def _value(value: Any) -> str:
    if value is None or value == []:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def sentence(change: Change) -> str:
    """Return a change in one line: what it is about, before and after."""
    what = (
        change.kind
        if change.subject in (*change.operations, change.kind)
        else f"{change.subject}: {change.kind}"
    )
    if change.before is None and change.after is None:
        return ", ".join(filter(None, [what, some(change.pairs, EXAMPLES)]))
    if change.kind.endswith(("added", "removed", "gone")):
        return f"{what}, {_value(change.after if change.before is None else change.before)}"
    return f"{what}, {_value(change.before)} → {_value(change.after)}"


def affected(change: Change, report: Report) -> str:
    """Return whom a change concerns: the methods that people call."""
    count = len(change.operations)
    if count > 1 and count == sum(report.matched.values()) and change.kind != "operation added":
        return f"all {count} operations"
    names = some(change.methods or change.operations, SHOWN)
    return names if count == 1 else f"{count} operations: {names}"


def _by_impact(report: Report) -> Iterator[tuple[str, list[Change]]]:
    for impact in (BREAKING, COMPATIBLE):
        if found := [change for change in report.changes if change.impact == impact]:
            yield impact, found


def _shown(found: list[Change], report: Report) -> Iterator[tuple[str, str]]:
    """Yield changes and whom they concern; of many of a kind the first, and how many more."""
    for kind in dict.fromkeys(change.kind for change in found):
        alike = [change for change in found if change.kind == kind]
        for change in alike[:ALIKE]:
            yield sentence(change), affected(change, report)
        if len(alike) > ALIKE:
            yield f"{kind}: {len(alike) - ALIKE} more", "--format=json lists all"


def terminal(report: Report) -> str:
    """Return the report as plain text."""
    lines = [HEADLINES[report.verdict], f"  {_origin(report)}"]
    for impact, found in _by_impact(report):
        lines += ["", f"{impact} ({len(found)})"]
        for what, whom in _shown(found, report):
            lines += [f"  {what}", f"      {whom}"]
    lines += ["", *(f"unclear: {n} may be {some(r, SHOWN)}" for n, r in report.ambiguous.items())]
    lines += [f"unknown: {UNRESOLVED.format(one)}" for one in report.unresolved]
    lines += [
        f"Inferred facts: {len(report.confirmed)} confirmed, {len(report.refuted)} refuted"
        + (f": {some(report.refuted, EXAMPLES)}" if report.refuted else "")
    ]
    if report.changes or report.confirmed:
        lines += ["`make adopt` takes over what can be taken over, and marks it as documented."]
    return "\n".join(lines)


def _origin(report: Report) -> str:
    how = f" by {report.how}" if report.how else ""
    matched = ", ".join(f"{count} by {by}" for by, count in report.matched.items())
    return (
        f"{report.address}{how}, OpenAPI {report.version}; operations matched: {matched}; "
        f"classified by {report.classifier}"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("`", "'").replace("<", "&lt;")


def markdown(report: Report) -> str:
    """Return the report for an issue or a job summary."""
    lines = [f"## {HEADLINES[report.verdict]}", "", _cell(_origin(report)), ""]
    if report.changes:
        lines += ["| impact | change | affects |", "|---|---|---|"]
        for impact, found in _by_impact(report):
            for told in _shown(found, report):
                lines += [f"| **{impact}** | {' | '.join(map(_cell, told))} |"]
    parts = {
        "References that lead to nothing: what they stand for is unknown": report.unresolved,
        "May be one of several": [f"{k}: {some(v, SHOWN)}" for k, v in report.ambiguous.items()],
        "Inferred facts that are refuted": report.refuted,
        "Inferred facts that are confirmed": report.confirmed,
    }
    for title, entries in parts.items():
        if entries:
            lines += ["", f"<details><summary>{title}: {len(entries)}</summary>", ""]
            lines += [f"- {_cell(entry)}" for entry in entries]
            lines += ["", "</details>"]
    if report.changes or report.confirmed:
        lines += ["", "Next: `make adopt`, then look at what it says is left to decide."]
    return "\n".join(lines)


def as_json(report: Report) -> str:
    """Return the report for a program."""
    return json.dumps({"verdict": report.verdict, **asdict(report)}, indent=2, ensure_ascii=False)


def github(report: Report) -> str:
    """Return the report as annotations of a job."""
    levels = {BREAKING: "error", COMPATIBLE: "warning"}
    lines = [
        f"::{levels[change.impact]} file=openapi.yaml,title={_data(change.kind, title=True)}::"
        + _data(f"{sentence(change)} — {affected(change, report)}")
        for change in report.changes
    ]
    lines += [
        "::warning file=openapi.yaml,title=unclear::"
        + _data(f"{name} may be {some(rivals, SHOWN)}")
        for name, rivals in report.ambiguous.items()
    ]
    lines += [
        f"::warning file=openapi.yaml,title=unknown::{_data(UNRESOLVED.format(one))}"
        for one in report.unresolved
    ]
    return "\n".join([*lines, f"::notice::{_data(HEADLINES[report.verdict])}"])


def _data(text: str, *, title: bool = False) -> str:
    """Escape characters that would end or split an annotation."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escaped.replace(":", "%3A").replace(",", "%2C") if title else escaped


FORMATS: dict[str, Callable[[Report], str]] = {
    "terminal": terminal,
    "markdown": markdown,
    "json": as_json,
    "github": github,
}
