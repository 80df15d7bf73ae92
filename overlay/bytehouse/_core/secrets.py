"""Keep secrets out of logs, tracebacks and reprs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, SupportsIndex


class Secret(str):
    """Hold a secret string that is shown as ``***``.

    It is a `str`, so that a header or a comparison can use it. Its ``repr``, ``str`` and ``format``
    return ``***``: a log line, an f-string or a traceback with local variables shows no secret.
    `reveal` returns the plain string. A secret cannot be pickled.
    """

    __slots__ = ()

    def __new__(cls, value: str = "") -> Secret:
        """Wrap a string, or return an equal secret."""
        return super().__new__(cls, str.__str__(value))

    def reveal(self) -> str:
        """Return the plain string."""
        return str.__str__(self)

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, format_spec: str) -> str:
        return "***"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("A secret cannot be pickled; configure the key anew where it is needed.")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self


def secrets_in(value: object) -> list[Secret]:
    """Return the secrets in a body, wherever they are."""
    if isinstance(value, Secret):
        return [value]
    if value is None:
        return []
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        return []
    return [secret for item in value for secret in secrets_in(item)]
