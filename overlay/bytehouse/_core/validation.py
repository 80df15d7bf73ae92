"""Check arguments that many methods take."""

from __future__ import annotations

from collections.abc import Iterable
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


def as_list(values: object, what: str) -> list[Any]:
    """Return one or several values as a list.

    Raises:
        InvalidArgument: It is neither.
    """
    if not isinstance(values, Iterable):
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
