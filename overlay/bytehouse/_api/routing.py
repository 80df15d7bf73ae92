"""Turn an operation and its path parameters into a method and a path, by a table that a tenant can
correct."""

from __future__ import annotations

from collections.abc import Mapping

from bytehouse_raw.operations import OPERATIONS, Operation
from bytehouse_raw.routes import Route

from .._core.config import REPAIR_ROUTES
from ..errors import ConfigError, InvalidArgument

__all__ = ["RouteTable", "fill", "parse_route"]


class RouteTable:
    """Know the route of every operation: the vendored one, or the tenant's own where given."""

    def __init__(
        self, overrides: Mapping[str, str] | None = None, source: str = "argument"
    ) -> None:
        """Check the tenant's own routes.

        Args:
            overrides: Routes by operation id.
            source: Where they came from.

        Raises:
            ConfigError: One of them makes no sense.
        """
        self._source = source
        self._overrides = {
            key: parse_route(key, text, source) for key, text in (overrides or {}).items()
        }
        self._known: dict[str, Route] = dict(self._overrides)

    def route(self, operation: Operation) -> Route:
        """Return the route of an operation."""
        route = self._known.get(operation.id)
        if route is None:
            route = self._known[operation.id] = Route.of(operation)
        return route

    def origin(self, operation: Operation) -> str:
        """Tell where a route comes from: ``documented``, ``inferred``, or the place where the
        tenant's own are."""
        return self._source if operation.id in self._overrides else operation.evidence


def parse_route(operation_id: str, text: str, source: str) -> Route:
    """Return a route such as ``GET /v1/databases`` if it can be that of an operation.

    Raises:
        ConfigError: It cannot.
    """
    operation = OPERATIONS.get(operation_id)
    if operation is None:
        raise _refused(source, f"names an operation that does not exist: {operation_id!r}.")
    try:
        return Route.parse(text, operation)
    except ValueError as error:
        raise _refused(source, str(error)) from None


def fill(route: Route, operation: Operation, values: Mapping[str, str]) -> str:
    """Return the path of a route with its parameters quoted.

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


def _refused(source: str, reason: str) -> ConfigError:
    hint = REPAIR_ROUTES if source.startswith("routes file ") else ""
    return ConfigError(f"routes (from {source}) {reason}", hint=hint)
