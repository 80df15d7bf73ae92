"""Turn an operation and its path parameters into a method and a path, by a table that a tenant can
correct."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

import attrs

from bytehouse_raw.operations import OPERATIONS, Operation

from ._errors import ConfigError, InvalidArgument

__all__ = ["Route", "RouteTable"]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PARAMETER = re.compile(r"{([^{}]+)}")


@attrs.frozen
class Route:
    """Hold one method and path template, cut at its parameters."""

    method: str
    template: str
    pieces: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def parse(cls, method: str, template: str) -> Route:
        """Cut a template such as ``/v1/databases/{db_name}``."""
        cut = _PARAMETER.split(template)
        return cls(method, template, tuple(cut[::2]), tuple(cut[1::2]))

    def fill(self, operation: Operation, values: Mapping[str, str]) -> str:
        """Return the path with its parameters quoted.

        Raises:
            InvalidArgument: A value is empty, ``.`` or ``..``, which would address something else.
        """
        path = self.pieces[0]
        for name, piece in zip(self.names, self.pieces[1:], strict=True):
            value = str(values[name])
            if value in ("", ".", ".."):
                shown = f"{value!r}" if value else "empty"
                raise InvalidArgument(
                    f"{name} is {shown}, which would address another path than meant.",
                    hint=f"Give the name or id that {operation.id} is about.",
                    operation=operation.id,
                )
            path += quote(value, safe="") + piece
        return path


class RouteTable:
    """Know the route of every operation: the vendored one, or the tenant's own where given."""

    def __init__(self, overrides: Mapping[str, str] | None = None) -> None:
        self._overrides = {key: self._parse(key, text) for key, text in (overrides or {}).items()}
        self._known: dict[str, Route] = dict(self._overrides)

    def route(self, operation: Operation) -> Route:
        """Return the route of an operation."""
        route = self._known.get(operation.id)
        if route is None:
            route = self._known[operation.id] = Route.parse(operation.method, operation.path)
        return route

    def is_inferred(self, operation: Operation) -> bool:
        """Tell whether the route is a guess: neither documented nor given by the tenant."""
        return operation.evidence == "inferred" and operation.id not in self._overrides

    @staticmethod
    def _parse(operation_id: str, text: str) -> Route:
        if operation_id not in OPERATIONS:
            raise ConfigError(f"routes names an operation that does not exist: {operation_id!r}.")
        method, _, template = text.strip().partition(" ")
        template = template.strip()
        if method.upper() not in _METHODS or not template.startswith("/"):
            raise ConfigError(
                f'The route of {operation_id} is {text!r}; it must look like "GET /v1/databases".'
            )
        route = Route.parse(method.upper(), template)
        wanted = set(_PARAMETER.findall(OPERATIONS[operation_id].path))
        if set(route.names) != wanted:
            raise ConfigError(
                f"The route of {operation_id} has the parameters {sorted(route.names)}, "
                f"not {sorted(wanted)}."
            )
        return route
