"""Turn an operation and its path parameters into a method and a path, by a table that a tenant can
correct."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

import attrs

from bytehouse_raw.operations import OPERATIONS, Operation

from ._config import REPAIR_ROUTES
from ._errors import ConfigError, InvalidArgument

__all__ = ["Route", "RouteTable", "parse_route"]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PARAMETER = re.compile(r"{([^{}]+)}")
# What would end the path, leave the host or be rewritten on the way.
_NO_PATH = re.compile(r"[^!-~]|[?#\\{}]|//|/\.\.?(?=/|$)")

# What stands for itself in a path, beside letters and digits, and what is quoted already.
_LITERAL = "/%:@!$&'()*+,;=-._~"


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
        pieces = (quote(piece, safe=_LITERAL) for piece in cut[::2])
        return cls(method, template, tuple(pieces), tuple(cut[1::2]))

    def fill(self, operation: Operation, values: Mapping[str, str]) -> str:
        """Return the path with its parameters quoted.

        Raises:
            InvalidArgument: A value is empty, ``.`` or ``..``, which would address something else.
        """
        path = self.pieces[0]
        for name, piece in zip(self.names, self.pieces[1:], strict=True):
            value = values.get(name, "")
            if value in ("", ".", ".."):
                shown = f"{value!r}" if value else "empty"
                raise InvalidArgument(
                    f"{name} is {shown}, which would address another path than meant.",
                    hint=f"Give the name or id that {operation.id} is about.",
                    operation=operation.id,
                )
            try:
                path += quote(value, safe="") + piece
            except UnicodeEncodeError:
                raise InvalidArgument(
                    f"{name} is {value!r}, which cannot be written as UTF-8.",
                    operation=operation.id,
                ) from None
        return path


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
            route = self._known[operation.id] = Route.parse(operation.method, operation.path)
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
    method, _, template = text.strip().partition(" ")
    template = template.strip()
    is_path = template.startswith("/") and not _NO_PATH.search(_PARAMETER.sub("x", template))
    if method.upper() not in _METHODS or not is_path:
        raise _refused(
            source,
            f'says {text!r} for {operation_id}; it must look like "GET /v1/databases".',
        )
    route = Route.parse(method.upper(), template)
    wanted = set(_PARAMETER.findall(operation.path))
    if set(route.names) != wanted:
        raise _refused(
            source,
            f"gives {operation_id} the parameters {sorted(route.names)}, not {sorted(wanted)}.",
        )
    return route


def _refused(source: str, reason: str) -> ConfigError:
    hint = REPAIR_ROUTES if source.startswith("routes file ") else ""
    return ConfigError(f"routes (from {source}) {reason}", hint=hint)
