"""Where operations are on the wire: a test names an operation, openapi.yaml has its route.

A test writes `data` for what a response holds; openapi.yaml has the key.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final
from urllib.parse import quote, unquote

from bytehouse_raw.operations import DATA_KEY, OPERATIONS

__all__ = ["asked", "keyed", "keyed_bytes", "request_line", "route"]

_NAMED: Final = re.compile(r"\{(\w+)\}")


def route(operation: str, **path: object) -> tuple[str, str]:
    """Return method and path of an operation, the parameters of the path filled in."""
    found = OPERATIONS[operation]
    assert set(path) == set(_NAMED.findall(found.path)), f"{operation} is at {found.path}"
    return found.method, _NAMED.sub(lambda m: quote(str(path[m[1]]), safe=""), found.path)


def request_line(operation: str, query: str = "", /, **path: object) -> str:
    """Return method and target of a call, as `Seen.line` has them."""
    return " ".join(route(operation, **path)) + (query and f"?{query}")


def asked(method: str, target: str) -> tuple[str, dict[str, str]]:
    """Return the operation that was called, and the parameters of its path.

    Raises:
        LookupError: No operation has this route.
    """
    path = target.partition("?")[0]
    for operation, its_method, pattern in _routes():
        if its_method == method and (found := pattern.fullmatch(path)):
            return operation, {name: unquote(text) for name, text in found.groupdict().items()}
    raise LookupError(f"no operation is at {method} {path}")


def keyed(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a response with its `data` under the key that openapi.yaml has."""
    return {DATA_KEY if name == "data" else name: value for name, value in body.items()}


def keyed_bytes(body: bytes) -> bytes:
    """Return an encoded body likewise; `data` must be its first name of this kind."""
    key = b'"%b"' % DATA_KEY.encode()
    return body if key in body else body.replace(b'"data"', key, 1)


@cache
def _routes() -> list[tuple[str, str, re.Pattern[str]]]:
    # A template with fewer parameters says more: `/jobs/start` is not the job `start`.
    ordered = sorted(OPERATIONS.values(), key=lambda one: len(_NAMED.findall(one.path)))
    return [
        (one.id, one.method, re.compile(_NAMED.sub(r"(?P<\1>[^/]*)", one.path))) for one in ordered
    ]
