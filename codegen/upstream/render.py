"""Render a report as text, Markdown, JSON and annotations."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from codegen.upstream.compare import BREAKING
from codegen.upstream.drift import Change, Report

SHOWN = 40
HEADLINES = {
    "none": "No drift: the service's specification says what openapi.yaml says.",
    "breaking": "Breaking drift: the service is not what this client takes it for.",
    "compatible": "Compatible drift: the service has more than this client knows.",
    "unknown": "Could not tell: some operations may be one of several.",
}


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def sentence(change: Change) -> str:
    """Return a change in one line."""
    what = (
        change.kind if change.subject in change.operations else f"{change.subject}: {change.kind}"
    )
    if change.before is not None and change.after is not None:
        return f"{what}, {_value(change.before)} → {_value(change.after)}"
    value = change.before if change.after is None else change.after
    return what if value is None else f"{what}, {_value(value)}"


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"


def terminal(report: Report) -> str:
    """Return the report as plain text."""
    lines = [HEADLINES[report.verdict], f"  {_origin(report)}"]
    for change in report.changes:
        lines += [f"{change.impact:10}  {sentence(change)}"]
        lines += [f"            operations: {_some(change.operations)}"]
        if change.methods:
            lines += [f"            methods: {_some(change.methods)}"]
        if change.models:
            lines += [f"            models: {_some(change.models)}"]
    for name, rivals in report.ambiguous.items():
        lines += [f"unclear     {name} may be {_some(rivals)}"]
    lines += [f"refuted     {fact}" for fact in report.refuted]
    lines += [f"Inferred facts: {len(report.confirmed)} confirmed, {len(report.refuted)} refuted."]
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
        lines += ["| impact | change | operations | methods | models |", "|---|---|---|---|---|"]
        for change in report.changes:
            listed = (change.operations, change.methods, change.models)
            cells = [f"**{change.impact}**" if change.impact == BREAKING else change.impact]
            cells += [_cell(sentence(change)), *(_cell(_some(names)) for names in listed)]
            lines += [f"| {' | '.join(cells)} |"]
    parts = {
        "May be one of several": [f"{k}: {_some(v)}" for k, v in report.ambiguous.items()],
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
    levels = {BREAKING: "error", "compatible": "warning"}
    lines = [
        f"::{levels[change.impact]} file=openapi.yaml,title={_data(change.kind, title=True)}::"
        + _data(f"{sentence(change)} — {_some(change.methods or change.operations)}")
        for change in report.changes
    ]
    lines += [
        f"::warning file=openapi.yaml,title=unclear::{_data(f'{name} may be {_some(rivals)}')}"
        for name, rivals in report.ambiguous.items()
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
