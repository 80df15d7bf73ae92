"""Turn an operation and its path parameters into a method and a path, by a table that a tenant can
correct."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bytehouse_raw.operations import OPERATIONS, Operation
from bytehouse_raw.routes import Route

from .._core.config import REPAIR_ROUTES
from ..errors import APIError, ConfigError, InvalidArgument, NotFound

# An error that names no object: no code at all, the status again, or that there is no such path.
_NAMES_NO_OBJECT = re.compile(r"(404)?\Z|.*(path|route|url|page|endpoint)", re.IGNORECASE)


class RouteTable:
    """Map operations to routes: the built-in one, or the tenant's own where given.

    Args:
        overrides: The tenant's own routes by operation id.
        source: Where they came from.

    Raises:
        ConfigError: One of them is invalid.
    """

    def __init__(
        self, overrides: Mapping[str, str] | None = None, source: str = "argument"
    ) -> None:
        self._source = source
        self._overrides = {
            key: parse_route(key, route, source) for key, route in (overrides or {}).items()
        }
        self._routes: dict[str, Route] = dict(self._overrides)

    def route(self, operation: Operation) -> Route:
        """Return the route of an operation."""
        route = self._routes.get(operation.id)
        if route is None:
            route = self._routes[operation.id] = Route.of(operation)
        return route

    def origin(self, operation: Operation) -> str:
        """Return where a route comes from: ``documented``, ``inferred``, or the source of the
        tenant's own."""
        return self._source if operation.id in self._overrides else operation.evidence


def parse_route(operation_id: str, route: str, source: str) -> Route:
    """Parse the route of an operation, such as ``GET /v1/databases``.

    Raises:
        ConfigError: It cannot be the route of that operation.
    """
    operation = OPERATIONS.get(operation_id)
    if operation is None:
        raise _invalid(source, f"names an operation that does not exist: {operation_id!r}.")
    try:
        return Route.parse(route, operation)
    except ValueError as error:
        raise _invalid(source, str(error)) from None


def fill(route: Route, operation: Operation, values: Mapping[str, str]) -> str:
    """Return the path of a route with its parameters filled in and quoted.

    Raises:
        InvalidArgument: A value is empty, ``.`` or ``..``, which would address something else.
    """
    try:
        return route.fill(values)
    except ValueError as error:
        raise InvalidArgument(
            str(error),
            hint=f"Give the name or id that {operation.id} is about.",
            operation=operation.id,
        ) from None


def may_be_wrong_route(error: APIError) -> bool:
    """Return whether an error may mean that the service has no such method or path."""
    if error.status == 405:
        return True
    return isinstance(error, NotFound) and _NAMES_NO_OBJECT.match(error.code) is not None


def object_is_missing(error: APIError) -> bool:
    """Return whether the service itself says that there is no such object.

    The engine's own error for that comes with a 404 as well.
    """
    not_found = isinstance(error, NotFound) or error.status == 404
    return not_found and error.by_service and not may_be_wrong_route(error)


def _invalid(source: str, reason: str) -> ConfigError:
    hint = REPAIR_ROUTES if source.startswith("routes file ") else ""
    return ConfigError(f"routes (from {source}) {reason}", hint=hint)
