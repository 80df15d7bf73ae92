"""The private names of other packages that the transports use: all of them, and only here.

Each has no public counterpart in the versions that pyproject.toml allows. Where one is missing the
client is slower, and bounded and right all the same; `tests/faults/test_library_internals.py`
renames each and sees that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["PRIVATE_NAMES", "has_trailing_data", "parser_of", "payload_of", "use_connection_class"]
__all__ += ["use_pool"]

PRIVATE_NAMES = {
    "httpx": ("_pool",),
    "httpcore": ("_connection", "_h11_state"),
    "aiohttp": ("_factory", "_parser", "_payload"),
}


def use_pool(transport: Any, pool: object) -> bool:
    """Put a connection pool into a transport of httpx; False if that cannot be done.

    httpx has no argument for a pool, and a transport of another class would escape what patches
    `httpx.HTTPTransport`, as recorders do. Without it requests go to the pool directly, and are not
    recorded.
    """
    if not hasattr(transport, "_pool"):
        return False
    transport._pool = pool
    return True


def has_trailing_data(stream: Any) -> bool:
    """Tell whether more has come on a connection of httpcore than the response that was read.

    What follows a response would be taken for the response to the next request. httpcore does not
    show the parser. Where that cannot be found the answer is yes: the connection is not used again.
    """
    try:
        return bool(stream._connection._h11_state.trailing_data[0])
    except AttributeError:
        return True


def use_connection_class(connector: Any, connection: Callable[[], object]) -> bool:
    """Have a connector of aiohttp make connections of a class of ours; False if it cannot be done.

    aiohttp has no argument for it. Without it httpx sends in place of aiohttp.
    """
    try:
        usual = connector._factory()
    except (AttributeError, TypeError):
        return False
    if not (hasattr(usual, "_parser") and hasattr(usual, "_payload")):
        return False
    connector._factory = connection
    return True


def parser_of(connection: Any) -> Any:
    """Return what parses the responses on a connection of aiohttp; None before the first."""
    return connection._parser


def payload_of(connection: Any) -> Any:
    """Return the body that is coming in on a connection of aiohttp; None if none is."""
    return connection._payload
