"""Keep secrets out of logs, tracebacks and reprs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, SupportsIndex


class NotAString(TypeError):
    """A function returned something else than a string; the message is its type."""


class Secret:
    """Hold a secret string that is shown as ``***``.

    It is no `str`: what prints, formats, slices, logs or serializes it has ``***`` or raises an
    error. `reveal` returns the plain string, which exists nowhere else. Secrets compare equal to
    strings with the same characters, and cannot be pickled.
    """

    __slots__ = ("_plain",)

    _plain: str

    def __init__(self, value: str | Secret = "") -> None:
        self._plain = value._plain if isinstance(value, Secret) else str.__str__(value)

    @classmethod
    def returned_by(cls, source: Callable[[], str | Secret]) -> Secret:
        """Wrap what a function returns, so that no local variable holds it.

        Raises:
            NotAString: It did not.
        """
        secret = cls()
        given: Secret | None = None
        secret._plain = source()  # type: ignore[assignment]  # what is no string goes on below
        if isinstance(secret._plain, Secret):
            given = secret._plain
        elif not isinstance(secret._plain, str):
            raise NotAString(type(secret._plain).__name__)
        return given or secret

    def reveal(self) -> str:
        """Return the plain string."""
        return self._plain

    def map(self, change: Callable[[str], str]) -> Secret:
        """Return the secret that a function makes of this one, which no local variable holds."""
        secret = Secret()
        secret._plain = change(self._plain)
        return secret

    def check(self, condition: Callable[[str], object]) -> bool:
        """Return whether a condition is true of the plain string, which no local variable holds."""
        return bool(condition(self._plain))

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, format_spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._plain)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Secret):
            return self._plain == other._plain
        return self._plain == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._plain)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("A secret cannot be pickled; configure the key anew where it is needed.")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self


def revealed(value: str | Secret) -> str:
    """Return a string that may be secret, to put it on the wire."""
    return value._plain if isinstance(value, Secret) else value


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
