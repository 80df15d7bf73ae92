"""Options of a single call, and of a view of a client."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypedDict, TypeVar, cast

import attrs

from bytehouse_raw.operations import ROLE_HEADER

from ..errors import ConfigError, InvalidArgument
from .config import Config, KeySource, Mode, parse_setting
from .retry import OnRetry, RetryPolicy
from .secrets import Secret
from .validation import require_function

Seconds = float | timedelta
SettingValue = bool | int | float | str
BLOCK_BYTES = 8 << 20
# The engine inserts up to 1,048,449 rows atomically; of more it may keep a part.
BLOCK_ROWS = 500_000


class CallOptions(TypedDict, total=False):
    """Describe the options that every method takes beside its own arguments.

    Attributes:
        role: Role to use; None removes the client's default for this call.
        timeout: Seconds, or a timedelta, that one attempt may take.
        deadline: Seconds, or a timedelta, that the call may take in all, with retries and pauses.
        max_retries: How many times the call is retried, when safe; 0 never.
        headers: Additional HTTP headers, on top of those of the client.
        retry_policy: How long the pauses between attempts are.
        on_retry: Called with a `Retry` each time a call goes on after an attempt without a result:
            before it is sent again, and before a probe. What it raises is logged and otherwise
            ignored.
    """

    role: str | None
    timeout: Seconds
    deadline: Seconds
    max_retries: int
    headers: Mapping[str, str]
    retry_policy: RetryPolicy
    on_retry: OnRetry | None


class ViewOptions(CallOptions, total=False):
    """Describe what `with_options` takes: options of a call, and the defaults of statements.

    Attributes:
        warehouse: Name or id of the virtual warehouse that queries run on; None leaves the choice
            to the service.
        mode: SQL dialect of queries: ``ansi_sql`` or ``clickhouse_sql``.
        database: Database of the tables that a statement or an insert names without one; None
            leaves the choice to the service.
        tags: Names and values to find a query by, in the setting ``log_comment`` of each statement
            that takes settings, as a JSON object. That the service keeps it in its query log is
            inferred from the open-source engine.
        settings: Settings of the engine, by name, such as ``{"max_execution_time": 600}``; numbers,
            strings or bools. They are written as the SETTINGS clause of a statement. One that takes
            none (CREATE, USE, SET) is refused with them, and goes without those of a view.
    """

    warehouse: str | None
    mode: Mode
    database: str | None
    tags: Mapping[str, str]
    settings: Mapping[str, SettingValue]


class StatementOptions(ViewOptions, total=False):
    """Describe the options of a statement: those of a view, and one of its own.

    Attributes:
        query_id: Id to give the query; a new one if not given.
    """

    query_id: str


_RESERVED = frozenset(
    {
        "authorization",
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "accept-encoding",
        ROLE_HEADER.lower(),  # set by `role`, and sent only where an operation takes it
    }
)


_is_header_value = re.compile(r"[!-~](?:[ -~]*[!-~])?").fullmatch
_H = TypeVar("_H", bound=str | Secret)


def header_value(name: str, value: _H) -> _H:
    """Return a value if it can be sent in a header.

    Raises:
        InvalidArgument: It is empty, has spaces at its ends, or is not printable ASCII.
    """
    if not Secret(value).check(_is_header_value):
        raise InvalidArgument(
            f"The value of the header {name} must be printable ASCII without spaces at its ends."
        )
    return value


def _header_pairs(headers: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise InvalidArgument("headers must map strings to strings.")
    pairs = {}
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidArgument("headers must map strings to strings.")
        if not name or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise InvalidArgument(f"{name!r} is not a valid name of an HTTP header.")
        if name.lower() in _RESERVED:
            raise InvalidArgument(
                f"The header {name} is set by the client and cannot be overridden."
            )
        pairs[name.lower()] = header_value(name, value)
    return pairs


@attrs.frozen
class Options:
    """Hold the resolved options of a client or a view of it."""

    role: str | None
    timeout: float
    deadline: float
    max_retries: int
    warehouse: str | None
    mode: str
    database: str | None
    tags: Mapping[str, str] = attrs.field(factory=dict)
    settings: Mapping[str, SettingValue] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    retry_policy: RetryPolicy = attrs.field(factory=RetryPolicy)
    on_retry: OnRetry | None = attrs.field(default=None, repr=False)
    # Not an option of callers: a rotation sends calls with the key that it has just created.
    api_key: KeySource | None = attrs.field(default=None, repr=False)
    # Nor is this: parameters of a statement that must not be shown by its response.
    secrets: tuple[Secret, ...] = attrs.field(default=(), repr=False)
    # Nor this: seconds of the deadline that earlier pages of a list have taken.
    spent: float = attrs.field(default=0.0, repr=False)

    @classmethod
    def of(cls, config: Config) -> Options:
        """Return the defaults that a configuration holds."""
        return cls(**{name: getattr(config, name) for name in _SETTINGS})

    def replace(self, changes: Mapping[str, Any]) -> Options:
        """Return these options with some changed.

        Raises:
            InvalidArgument: There is no such option, or its value is invalid.
        """
        if not changes:
            return self
        resolved: dict[str, Any] = {}
        for name, value in changes.items():
            if name == "headers":
                resolved[name] = {**self.headers, **_header_pairs(value)}
            elif name in _PARSERS:
                resolved[name] = _PARSERS[name](value)
            elif name not in _SETTINGS:
                known = ", ".join((*_SETTINGS, "headers", *_PARSERS))
                raise InvalidArgument(f"There is no option {name!r}. Known: {known}.")
            elif value is None and name in ("role", "warehouse", "database"):
                resolved[name] = None
            else:
                resolved[name] = self._parse(name, value)
        return attrs.evolve(self, **resolved)

    def for_statement(self, options: StatementOptions) -> Options:
        """Return these options with those of a statement, but for what is the statement's own.

        Raises:
            InvalidArgument: There is no such option, or its value is invalid.
        """
        return self.replace(view_options(options))

    @staticmethod
    def _parse(name: str, value: Any) -> Any:
        try:
            return parse_setting(name, value)
        except ConfigError as error:
            raise InvalidArgument(error.message) from None


def _parse_policy(value: Any) -> RetryPolicy:
    if not isinstance(value, RetryPolicy):
        raise InvalidArgument(f"retry_policy must be a RetryPolicy, not {value!r}.")
    return value


def _parse_hook(value: Any) -> OnRetry | None:
    require_function(value, "on_retry")
    hook: OnRetry | None = value
    return hook


def parse_tags(value: Any) -> dict[str, str]:
    """Return tags, checked.

    Raises:
        InvalidArgument: They are not strings by strings.
    """
    if not isinstance(value, Mapping) or not all(
        isinstance(item, str) for pair in value.items() for item in pair
    ):
        raise InvalidArgument("tags must map strings to strings.")
    return dict(value)


def _parse_statement_settings(value: Any) -> dict[str, SettingValue]:
    if not isinstance(value, Mapping):
        raise InvalidArgument("settings must map names to values.")
    return dict(value)


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "retry_policy": _parse_policy,
    "on_retry": _parse_hook,
    "tags": parse_tags,
    "settings": _parse_statement_settings,
}
_SETTINGS = ("role", "timeout", "deadline", "max_retries", "warehouse", "mode", "database")


def call_options(options: Mapping[str, Any]) -> CallOptions:
    """Return those options that every call takes."""
    known = CallOptions.__annotations__
    return cast("CallOptions", {name: options[name] for name in options if name in known})


def view_options(options: StatementOptions) -> ViewOptions:
    """Return the options of a statement but for its id."""
    return cast("ViewOptions", {k: v for k, v in options.items() if k != "query_id"})
