"""The private names of other packages that the transports use: all of them, and only here.

None has a public counterpart in the versions that pyproject.toml allows. Where one is missing, the
client is slower, but bounded and correct: `tests/transport/test_library_internals.py` renames each
and checks that.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from typing import Any

__all__ = ["PRIVATE_NAMES", "has_trailing_data", "parser_of", "payload_of", "use_connection_class"]
__all__ += ["use_pool", "without_locks"]

_LOCKS = ("_state_lock", "_request_lock", "_connect_lock")
PRIVATE_NAMES = {
    "httpx": ("_pool",),
    "httpcore": ("_connection", "_h11_state", "_state_lock", "_request_lock", "_connect_lock"),
    "aiohttp": ("_factory", "_parser", "_payload"),
}


def use_pool(transport: Any, pool: object) -> bool:
    """Set the connection pool of a transport of httpx; return whether that was possible.

    httpx has no argument for a pool, and a transport of another class would escape what patches
    `httpx.HTTPTransport`, as recorders do. Without it requests go to the pool directly, and are not
    recorded.
    """
    if not hasattr(transport, "_pool"):
        return False
    transport._pool = pool
    return True


def has_trailing_data(stream: Any) -> bool:
    """Return whether a connection of httpcore received more than the response that was read.

    What follows a response would be taken for the response to the next request. httpcore does not
    expose its parser. Where it is not found this is True: the connection is not used again.
    """
    try:
        return bool(stream._connection._h11_state.trailing_data[0])
    except AttributeError:
        return True


def without_locks(connection: Any) -> Any:
    """Take the locks out of a connection of httpcore, and out of those that it makes for itself.

    An interrupt between taking a lock and noticing that leaves it locked, and httpcore waits for it
    without a time limit while it cleans up. Our pool gives a connection to one call at a time, so
    there is nothing to lock. Where a name is not found its lock stays, and so does that risk.
    """
    for name in _LOCKS:
        if hasattr(connection, name):
            setattr(connection, name, nullcontext())
    inner = connection.__dict__.get("_connection", connection)
    if inner is not connection:
        if inner is not None:
            without_locks(inner)
        connection.__class__ = _class_without_locks(type(connection))  # type: ignore[arg-type]
    return connection


@cache
def _class_without_locks(kind: type[Any]) -> type[Any]:
    """Return a class whose instances take the locks out of each connection that they make."""

    class WithoutLocks(kind):  # type: ignore[misc]  # whatever httpcore has made
        @property
        def _connection(self) -> Any:
            return self.__dict__["_connection"]

        @_connection.setter
        def _connection(self, value: Any) -> None:
            self.__dict__["_connection"] = value if value is None else without_locks(value)

    return WithoutLocks


def use_connection_class(connector: Any, connection: Callable[[], object]) -> bool:
    """Make a connector of aiohttp use our connection class; return whether that was possible.

    aiohttp has no argument for it. Without it, httpx is used in place of aiohttp.
    """
    try:
        default = connector._factory()
    except (AttributeError, TypeError):
        return False
    if not (hasattr(default, "_parser") and hasattr(default, "_payload")):
        return False
    connector._factory = connection
    return True


def parser_of(connection: Any) -> Any:
    """Return the response parser of a connection of aiohttp; None before the first request."""
    return connection._parser


def payload_of(connection: Any) -> Any:
    """Return the body that a connection of aiohttp is receiving; None if there is none."""
    return connection._payload
