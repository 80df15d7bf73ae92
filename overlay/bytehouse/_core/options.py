"""What can be said about a single call, and about a view of a client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypedDict

import attrs

from ..errors import ConfigError, InvalidArgument
from .config import Config, KeySource, Mode, parse_setting
from .retry import OnRetry, RetryPolicy
from .secrets import Secret

__all__ = [
    "BLOCK_BYTES",
    "BLOCK_ROWS",
    "CallOptions",
    "Options",
    "Seconds",
    "ViewOptions",
    "header_value",
]

Seconds = float | timedelta
BLOCK_BYTES = 8 << 20
# The engine takes in up to 1,048,449 rows at once, or not at all; of more it may keep a part.
BLOCK_ROWS = 500_000


class CallOptions(TypedDict, total=False):
    """Name what every method takes beside its own arguments.

    Attributes:
        role: Role to act under; None removes the client's default for this call.
        timeout: Seconds, or a timedelta, that one attempt may take.
        deadline: Seconds, or a timedelta, that the call may take in all, further attempts and
            pauses included.
        max_retries: How many times the call may be sent again where that can do no harm; 0 never.
        headers: Further HTTP headers, on top of those of the client.
        retry_policy: How long the pauses between attempts are.
        on_retry: Called with a `Retry` each time a call goes on after an attempt without a result:
            before it is sent again, and before the state is looked at. What it raises is logged and
            changes nothing.
    """

    role: str | None
    timeout: Seconds
    deadline: Seconds
    max_retries: int
    headers: Mapping[str, str]
    retry_policy: RetryPolicy
    on_retry: OnRetry | None


class ViewOptions(CallOptions, total=False):
    """Name what `with_options` takes: what a call takes, and the defaults of queries.

    Attributes:
        warehouse: Id of the virtual warehouse that queries run on; None leaves the choice to the
            service.
        mode: SQL dialect of queries: ``ansi_sql`` or ``clickhouse_sql``.
    """

    warehouse: str | None
    mode: Mode


_RESERVED = frozenset(
    {
        "authorization",
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "accept-encoding",
        "x-user-activerole",  # it is said by `role`, and sent only where it is taken
    }
)


def header_value(name: str, value: str) -> str:
    """Return a value that a header can carry.

    Raises:
        InvalidArgument: It is empty, has blanks at its ends, or is not printable ASCII.
    """
    if not value or value != value.strip() or not value.isascii() or not value.isprintable():
        raise InvalidArgument(
            f"The value of the header {name} must be printable ASCII without blanks at its ends."
        )
    return value


def _header_pairs(headers: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise InvalidArgument("headers must map texts to texts.")
    pairs = {}
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidArgument("headers must map texts to texts.")
        if not name or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise InvalidArgument(f"{name!r} is no name of an HTTP header.")
        if name.lower() in _RESERVED:
            raise InvalidArgument(f"The header {name} is the client's own and cannot be set.")
        pairs[name.lower()] = header_value(name, value)
    return pairs


@attrs.frozen
class Options:
    """Hold the settled options of a client or a view of it."""

    role: str | None
    timeout: float
    deadline: float
    max_retries: int
    warehouse: str | None
    mode: str
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    retry_policy: RetryPolicy = attrs.field(factory=RetryPolicy)
    on_retry: OnRetry | None = attrs.field(default=None, repr=False)
    # No option that a caller can give: a rotation asks under the key that it has just made.
    api_key: KeySource | None = attrs.field(default=None, repr=False)
    # Nor is this: the parameters of a statement that no answer to it may bring to light.
    secrets: tuple[Secret, ...] = attrs.field(default=(), repr=False)

    @classmethod
    def of(cls, config: Config) -> Options:
        """Take the defaults from the configuration."""
        return cls(**{name: getattr(config, name) for name in _SETTINGS})

    def replace(self, changes: Mapping[str, Any]) -> Options:
        """Return these options with some changed.

        Raises:
            InvalidArgument: There is no such option, or its value makes no sense.
        """
        if not changes:
            return self
        settled: dict[str, Any] = {}
        for name, value in changes.items():
            if name == "headers":
                settled[name] = {**self.headers, **_header_pairs(value)}
            elif name in _OBJECTS:
                settled[name] = _OBJECTS[name](value)
            elif name not in _SETTINGS:
                known = ", ".join((*_SETTINGS, "headers", *_OBJECTS))
                raise InvalidArgument(f"There is no option {name!r}. Known: {known}.")
            elif value is None and name in ("role", "warehouse"):
                settled[name] = None
            else:
                settled[name] = self._parsed(name, value)
        return attrs.evolve(self, **settled)

    @staticmethod
    def _parsed(name: str, value: Any) -> Any:
        try:
            return parse_setting(name, value)
        except ConfigError as error:
            raise InvalidArgument(error.message) from None


def _policy(value: Any) -> RetryPolicy:
    if not isinstance(value, RetryPolicy):
        raise InvalidArgument(f"retry_policy must be a RetryPolicy, not {value!r}.")
    return value


def _hook(value: Any) -> OnRetry | None:
    if value is not None and not callable(value):
        raise InvalidArgument(f"on_retry must be a function, not {value!r}.")
    hook: OnRetry | None = value
    return hook


_OBJECTS: Mapping[str, Callable[[Any], Any]] = {"retry_policy": _policy, "on_retry": _hook}
_SETTINGS = ("role", "timeout", "deadline", "max_retries", "warehouse", "mode")
