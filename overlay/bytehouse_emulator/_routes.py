"""Serve operations on other routes than the specification's, as a tenant's own may be."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ._spec import Operation

DOCS: Final = "/docs"
LEVERS: Final = "/_emulator/"
_ROUTE: Final = re.compile(r"(GET|POST|PUT|PATCH|DELETE) +((?:/(?:[\w.~:-]|\{[A-Za-z]\w*\})+)+)")
_PARAMETER: Final = re.compile(r"{(\w+)}")


class RoutesError(Exception):
    """Routes that cannot be served."""


@dataclass(frozen=True)
class Served:
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


def serve_routes(operations: Mapping[str, Operation], file: Path | None) -> dict[str, Served]:
    """Say where each operation is served, a file's routes before the specification's."""
    given = {} if file is None else _read(file)
    if unknown := sorted(given.keys() - operations.keys()):
        raise RoutesError(f"routes of operations that do not exist: {', '.join(unknown)}")
    served: dict[str, Served] = {}
    taken: dict[tuple[str, str], str] = {}
    for operation in operations.values():
        route = _served(operation, given.get(operation.id))
        served[operation.id] = route
        other = taken.setdefault((route.method, _PARAMETER.sub("{}", route.path)), operation.id)
        if other != operation.id:
            raise RoutesError(f"{other} and {operation.id} have the same route, {route.path}")
    return served


def _served(operation: Operation, given: str | None) -> Served:
    ours = _PARAMETER.findall(operation.path)
    if given is None:
        return Served(operation.method, operation.path, {name: name for name in ours})
    match = _ROUTE.fullmatch(given)
    if match is None:
        raise RoutesError(f"the route of {operation.id} is {given!r}, not like 'GET /dbs/{{db}}'")
    names = _PARAMETER.findall(match[2])
    if len(names) != len(ours) or len(set(names)) != len(names):
        raise RoutesError(f"the route of {operation.id} must have {len(ours)} parameters")
    if f"{match[2]}/".startswith((f"{DOCS}/", LEVERS, "/{")):
        raise RoutesError(
            f"the route of {operation.id} must not begin with {DOCS}, {LEVERS} or a parameter"
        )
    # Names that are the specification's may stand in any order; others are taken in its order.
    meant = names if set(names) == set(ours) else ours
    return Served(match[1], match[2], dict(zip(names, meant, strict=True)))
