"""Run Redocly's comparison, if it is installed."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.upstream.canonical import Contract, bare
from codegen.upstream.compare import BREAKING, COMPATIBLE, Where

PROGRAM = Path(__file__).parents[1] / "node" / "node_modules" / ".bin" / "redocly"
NAME = "Redocly"


@dataclass(frozen=True)
class Verdict:
    """Redocly's finding at one location of one operation."""

    operation: str
    where: Where
    keyword: str
    """The keyword of the schema or parameter; empty for the whole."""
    impact: str
    message: str


def is_installed() -> bool:
    """Return whether Node and the pinned Redocly are installed."""
    return PROGRAM.exists() and shutil.which("node") is not None


def verdicts(ours: Mapping[str, Contract], theirs: Mapping[str, Contract]) -> list[Verdict] | None:
    """Return Redocly's findings about common operations; None if it could not be run.

    Both are written as documents of our routes, so that it compares what belongs together.
    """
    if not is_installed():
        return None
    routes = {name: contract for name, contract in ours.items() if name in theirs}
    documents = [_document(routes, routes), _document(routes, theirs)]
    with tempfile.TemporaryDirectory() as directory:
        for name, document in zip(("ours.json", "theirs.json"), documents, strict=True):
            (Path(directory) / name).write_text(json.dumps(document), "utf-8")
        changes = _changes(directory)
    if changes is None:
        return None
    ids = {f"{c.method.lower()} {c.path}": name for name, c in routes.items()}
    return [verdict for change in changes for verdict in _verdicts(change, ids, documents)]


def _changes(directory: str) -> list[Any] | None:
    """Return the changes that Redocly finds between the documents in a directory."""
    environment = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    try:
        done = subprocess.run(
            [PROGRAM, "diff", "ours.json", "theirs.json", "--format=json", "--fail-on=none"],
            cwd=directory,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        found: list[Any] = json.loads(done.stdout)["changes"]
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError, TypeError):
        return None
    return found


def _document(routes: Mapping[str, Contract], contracts: Mapping[str, Contract]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for name, route in routes.items():
        contract = contracts[name]
        node: dict[str, Any] = {
            "operationId": name,
            "parameters": [
                {"in": place, "name": wire, **bare(contract.parameters[place, wire])}
                for place, wire in sorted(contract.parameters)
            ],
            "responses": {"200": {"description": "", **_content(contract.response)}},
        }
        if contract.body is not None:
            node["requestBody"] = {
                "required": contract.body["required"],
                **_content(contract.body),
            }
        paths.setdefault(route.path, {})[route.method.lower()] = node
    info = {"title": "ByteHouse", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": paths}


def _content(body: dict[str, Any] | None) -> dict[str, Any]:
    return {"content": {body["type"]: {"schema": bare(body["schema"])}}} if body else {}


def _verdicts(
    change: Mapping[str, Any], ids: Mapping[str, str], documents: list[dict[str, Any]]
) -> Iterator[Verdict]:
    """Yield the findings of one change of Redocly's report."""
    impact = BREAKING if change["impact"] == "major" else COMPATIBLE
    sides = (change.get("base"), change.get("revision"))
    for document, side in zip(documents, sides, strict=True):
        pointer = (side or {}).get("pointer", "")
        parts = [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]
        if len(parts) < 3 or (route := f"{parts[2]} {parts[1]}") not in ids:
            continue
        where = _where(parts[3:], document["paths"][parts[1]][parts[2]])
        keyword = change.get("property") or ""
        messages = [verdict["message"] for verdict in change["verdicts"]] or [""]
        names = set(_list((sides[0] or {}).get("value"))) ^ set(
            _list((sides[1] or {}).get("value"))
        )
        places = [(*where, name) for name in names] if keyword == "required" and names else [where]
        for place in places:
            keyword = "" if keyword == "name" else keyword  # a parameter that was renamed
            yield Verdict(ids[route], place, keyword, impact, "; ".join(messages))


def _list(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _where(parts: list[str], operation: Mapping[str, Any]) -> Where:
    """Convert a pointer inside an operation to a location in its contract."""
    if parts[:1] == ["parameters"] and len(parts) > 1:
        parameter = operation["parameters"][int(parts[1])]
        return (parameter["in"], parameter["name"], *_inside(parts[2:]))
    if parts[:1] == ["requestBody"]:
        return ("body", *_inside(parts[1:]))
    if parts[:1] == ["responses"]:
        return ("response", *_inside(parts[2:]))
    return tuple(parts)


def _inside(parts: list[str]) -> Where:
    found: list[str] = []
    rest = iter(parts)
    for part in rest:
        if part == "content":
            next(rest, None)  # the media type
        elif part == "properties":
            found.append(next(rest, ""))
        elif part == "items":
            found.append("[]")
        elif part != "schema":
            break  # a keyword
    return tuple(found)
