"""The route of each operation: the specification's, or that of a routes file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bytehouse_emulator.spec.specification import Operation

DOCS_PATH: Final = "/docs"
SPECIFICATION_PATH: Final = f"{DOCS_PATH}/openapi.json"
CONTROL_PATH: Final = "/_emulator/"
_ROUTE: Final = re.compile(r"(GET|POST|PUT|PATCH|DELETE) +((?:/(?:[\w.~:-]|\{[A-Za-z]\w*\})+)+)")
_PARAMETER: Final = re.compile(r"{(\w+)}")


class RoutesError(RuntimeError):
    """A routes file that cannot be used."""


@dataclass(frozen=True)
class ServedRoute:
    """Where an operation is served."""

    method: str
    path: str
    names: Mapping[str, str]
    """The specification's name of each parameter of the path."""


def _read(path: Path) -> dict[str, str]:
    """Read the [routes] table of a TOML file."""
    try:
        routes = tomllib.loads(path.read_text(encoding="utf-8")).get("routes")
    except OSError as error:
        raise RoutesError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise RoutesError(f"{path} is not TOML: {error}") from None
    if not isinstance(routes, dict) or not all(isinstance(r, str) for r in routes.values()):
        raise RoutesError(f'{path} has no [routes] with lines such as list_databases = "GET /dbs"')
    return routes


def served_routes(operations: Mapping[str, Operation], file: Path | None) -> dict[str, ServedRoute]:
    """Return the route of each operation, a file's before the specification's."""
    routes = {} if file is None else _read(file)
    if unknown := sorted(routes.keys() - operations.keys()):
        raise RoutesError(f"routes of operations that do not exist: {', '.join(unknown)}")
    served: dict[str, ServedRoute] = {}
    owners: dict[tuple[str, str], str] = {}
    for operation in operations.values():
        route = _served_route(operation, routes.get(operation.id))
        served[operation.id] = route
        other = owners.setdefault((route.method, _PARAMETER.sub("{}", route.path)), operation.id)
        if other != operation.id:
            raise RoutesError(f"{other} and {operation.id} have the same route, {route.path}")
    return served


def _served_route(operation: Operation, route: str | None) -> ServedRoute:
    specified = _PARAMETER.findall(operation.path)
    if route is None:
        return ServedRoute(operation.method, operation.path, {name: name for name in specified})
    match = _ROUTE.fullmatch(route)
    if match is None:
        raise RoutesError(f"the route of {operation.id} is {route!r}, not like 'GET /dbs/{{db}}'")
    names = _PARAMETER.findall(match[2])
    if len(names) != len(specified) or len(set(names)) != len(names):
        raise RoutesError(f"the route of {operation.id} must have {len(specified)} parameters")
    if f"{match[2]}/".startswith((f"{DOCS_PATH}/", CONTROL_PATH, "/{")):
        raise RoutesError(
            f"the route of {operation.id} must not begin with {DOCS_PATH}, {CONTROL_PATH} or a"
            " parameter"
        )
    # The specification's own names may be in any order; others are matched in its order.
    matched = names if set(names) == set(specified) else specified
    return ServedRoute(match[1], match[2], dict(zip(names, matched, strict=True)))
