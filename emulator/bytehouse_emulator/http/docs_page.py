"""The docs page and the specification that it links to, public as those of a tenant are.

The page has the form of a Redoc page without its script, so that nothing is loaded from elsewhere.
Both show the specification with the routes served here, and nothing of the emulator's state.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bytehouse_emulator.spec.routes import DOCS_PATH, SPECIFICATION_PATH, ServedRoute
from bytehouse_emulator.spec.specification import Operation, Specification

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


def docs_routes(specification: Specification, served: Mapping[str, ServedRoute]) -> list[Route]:
    """Return the routes of the page and of the specification."""
    document = _document(specification, served)
    page = _page(document["info"]["title"], specification.operations, served)

    async def show(_: Request) -> Response:
        return HTMLResponse(page)

    async def download(_: Request) -> Response:
        return Response(msgspec.json.encode(document), media_type="application/json")

    return [Route(DOCS_PATH, show), Route(SPECIFICATION_PATH, download)]


def _page(
    title: str, operations: Mapping[str, Operation], served: Mapping[str, ServedRoute]
) -> str:
    rows = (
        f"<tr><td>{route.method}</td><td><code>{escape(route.path)}</code></td>"
        f"<td>{escape(operations[operation].summary)}</td></tr>"
        for operation, route in served.items()
    )
    return _PAGE.format(title=escape(title), spec=SPECIFICATION_PATH, rows="\n".join(rows))


def _document(specification: Specification, served: Mapping[str, ServedRoute]) -> dict[str, Any]:
    """Return the specification with the routes served here."""
    paths: dict[str, Any] = {}
    for operation in specification.operations.values():
        route = served[operation.id]
        item = {key: value for key, value in operation.item.items() if key != "x-evidence"}
        names = {specified: name for name, specified in route.names.items()}
        item["parameters"] = [
            {**raw, "name": names[raw["name"]]} if raw["in"] == "path" else raw
            for raw in map(specification.resolve, item.get("parameters", ()))
        ]
        paths.setdefault(route.path, {})[route.method.lower()] = item
    info = {**specification.document["info"], "title": "ByteHouse Public API, emulated"}
    return {**specification.document, "info": info, "servers": [{"url": "/"}], "paths": paths}
