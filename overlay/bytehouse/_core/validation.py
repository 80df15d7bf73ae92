"""Check arguments that many methods take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import InvalidArgument


def require_name(name: str, what: str) -> str:
    """Return a name if it can name an object.

    Raises:
        InvalidArgument: It is empty, ``.`` or ``..``, or not a string.
    """
    if not isinstance(name, str) or name.strip() in ("", ".", ".."):
        raise InvalidArgument(f"{what} must be a name, not {name!r}.")
    return name


def require_id(value: int, what: str) -> int:
    """Return an id, or another number, if it is one.

    Raises:
        InvalidArgument: It is not a whole number, or negative.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidArgument(f"{what} must be a whole number, 0 or more; not {value!r}.")
    return value


def require_count(value: int | None, what: str) -> int | None:
    """Return a number as `require_id` does; None stays None."""
    return None if value is None else require_id(value, what)


def require_bool(value: bool, what: str) -> bool:
    """Return a value if it is True or False.

    Raises:
        InvalidArgument: It is something else.
    """
    if not isinstance(value, bool):
        raise InvalidArgument(f"{what} must be True or False, not {value!r}.")
    return value


def require_string(value: str, what: str) -> str:
    """Return a value if it is a string.

    Raises:
        InvalidArgument: It is something else.
    """
    if not isinstance(value, str):
        raise InvalidArgument(f"{what} must be a string, not {value!r}.")
    return value


def optional_string(value: str | None, what: str) -> str | None:
    """Return a value as `require_string` does; None stays None."""
    return None if value is None else require_string(value, what)


def require_function(value: object, what: str) -> None:
    """Refuse what cannot be called; None is no function to call.

    Raises:
        InvalidArgument: It is neither a function nor None.
    """
    if value is not None and not callable(value):
        raise InvalidArgument(f"{what} must be a function, not {value!r}.")


def as_list(values: object, what: str) -> list[Any]:
    """Return one or several values as a list.

    Raises:
        InvalidArgument: It is neither.
    """
    if not isinstance(values, Iterable) or isinstance(values, bytes | Mapping):
        raise InvalidArgument(f"{what} must be one or several, not {values!r}.")
    return list(values)


def require_names(names: Iterable[str] | str, what: str) -> list[str]:
    """Return a list of names; a single name may be given as it is.

    Raises:
        InvalidArgument: There is none, or one is not a string or is empty.
    """
    found = [names] if isinstance(names, str) else as_list(names, what)
    if not found or not all(isinstance(name, str) and name for name in found):
        raise InvalidArgument(f"{what} must be one name or several, none of them empty.")
    return found
