"""Show the API document as a tenant does: a docs page that names the specification, for anyone.

The page has the form of a Redoc page without its script, so that nothing is loaded from elsewhere.
Both hold what the specification says and where it is served here, and nothing of the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ._routes import DOCS, Served
from ._spec import Operation, Specification

SPEC: Final = f"{DOCS}/openapi.json"
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<h1>{title}</h1>
<p><a href="{spec}" download>Download OpenAPI specification</a></p>
<redoc spec-url="{spec}">
<table>
{rows}
</table>
</redoc>
</body>
</html>
"""


def docs(specification: Specification, served: Mapping[str, Served]) -> list[Route]:
    """Make the routes of the page and of the specification."""
    document = _document(specification, served)
    content = msgspec.json.encode(document)
    page = _page(document["info"]["title"], specification.operations, served)

    async def show(_: Request) -> Response:
        return HTMLResponse(page)

    async def download(_: Request) -> Response:
        return Response(content, media_type="application/json")

    return [Route(DOCS, show), Route(SPEC, download)]


def _page(title: str, operations: Mapping[str, Operation], served: Mapping[str, Served]) -> str:
    rows = (
        f"<tr><td>{route.method}</td><td><code>{escape(route.path)}</code></td>"
        f"<td>{escape(operations[operation].summary)}</td></tr>"
        for operation, route in served.items()
    )
    return _PAGE.format(title=escape(title), spec=SPEC, rows="\n".join(rows))


def _document(specification: Specification, served: Mapping[str, Served]) -> dict[str, Any]:
    """Return the specification with every operation where it is served."""
    paths: dict[str, Any] = {}
    for operation in specification.operations.values():
        route = served[operation.id]
        item = {key: value for key, value in operation.item.items() if key != "x-evidence"}
        theirs = {ours: name for name, ours in route.names.items()}
        item["parameters"] = [
            {**raw, "name": theirs[raw["name"]]} if raw["in"] == "path" else raw
            for raw in map(specification.resolve, item.get("parameters", ()))
        ]
        paths.setdefault(route.path, {})[route.method.lower()] = item
    info = {**specification.document["info"], "title": "ByteHouse Public API, emulated"}
    return {**specification.document, "info": info, "servers": [{"url": "/"}], "paths": paths}
