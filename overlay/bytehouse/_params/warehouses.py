"""Check and compare the settings of virtual warehouses. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from bytehouse_raw.models import CreateWarehouseRequest, Warehouse, WarehouseConfiguration
from bytehouse_raw.types import Unset

from .._api.status import WarehouseStatus, heading_of
from .._core.differences import Difference
from .._core.times import Duration, to_timedelta
from .._core.validation import require_bool, require_name, require_string
from ..errors import InvalidArgument

_NAME = re.compile(r"[a-z]([a-z0-9_]*[a-z0-9])?")
_LONGEST_NAME = 31
_MINUTE = timedelta(minutes=1)


def new_name(name: str) -> str:
    """Return the name of a warehouse to create, checked.

    Raises:
        InvalidArgument: It breaks the rule that the service documents.
    """
    if len(require_name(name, "name")) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"{name!r} is not a valid name for a virtual warehouse.",
            hint="It has 1 to 31 lower-case letters, digits and underscores, begins with a letter "
            "and ends with a letter or a digit.",
        )
    return name


def status_of(value: str, _what: str = "status") -> WarehouseStatus:
    """Return the state to bring a warehouse to.

    Raises:
        InvalidArgument: It is neither ``up`` nor ``down``.
    """
    match value:
        case "up" | "down":
            return value
        case _:
            raise InvalidArgument(f"A virtual warehouse can be brought up or down, not {value!r}.")


def _config_id(value: int | str, what: str = "config_id") -> int | str:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
    if not (is_number or (isinstance(value, str) and value)):
        raise InvalidArgument(
            f"{what} must be a whole number above 0, or a size or name, not {value!r}.",
            hint="`warehouses.configurations()` lists them.",
        )
    return value


def config_id_of(wanted: str, known: Iterable[WarehouseConfiguration]) -> int:
    """Return the id of the resource setting of a size or name; case does not matter.

    Raises:
        InvalidArgument: There is none, or there are several of this size.
    """
    settings = [(getattr(each, "size", None), getattr(each, "name", None), each) for each in known]
    found = [
        each.id
        for size, name, each in settings
        if wanted.casefold() in {str(size).casefold(), str(name).casefold()}
    ]
    if len(found) == 1:
        return found[0]
    shown = "; ".join(f"{each.id} is {size}, {name!r}" for size, name, each in settings)
    raise InvalidArgument(
        f"{len(found) or 'No'} resource settings have the size or name {wanted!r}.",
        hint=f"There are: {shown or 'none'}.",
    )


def _minutes(value: int | Duration, what: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, timedelta | str):
        minutes, rest = divmod(to_timedelta(value, what), _MINUTE)
        if not rest:
            return minutes
    raise InvalidArgument(
        f"{what} must be whole minutes, 0 or more, or a timedelta of them; not {value!r}."
    )


_CHECKS: dict[str, Callable[[Any, str], object]] = {
    "config_id": _config_id,
    "status": status_of,
    "auto_suspend": _minutes,
    "auto_resume": require_bool,
    "description": require_string,
}


def checked(**settings: Any) -> dict[str, Any]:
    """Return settings of a warehouse, checked. What is left out or null stays as it is.

    Raises:
        InvalidArgument: A value makes no sense.
    """
    return {
        name: value if value is None or isinstance(value, Unset) else _CHECKS[name](value, name)
        for name, value in settings.items()
    }


def new_warehouse(name: str, config_id: int | str, **settings: Any) -> dict[str, Any]:
    """Return the settings of a new warehouse, checked.

    Raises:
        InvalidArgument: The name breaks the rule, or a value is invalid.
    """
    return {"name": new_name(name), "config_id": _config_id(config_id), **checked(**settings)}


def differences(wanted: CreateWarehouseRequest, live: Warehouse) -> tuple[Difference, ...]:
    """Return where a warehouse differs from what is wanted; what is not given does not count.

    A warehouse that is changing to the wanted state counts as in it.
    """
    pairs = {name: (getattr(live, name, None), getattr(wanted, name)) for name in _CHECKS}
    return tuple(
        Difference(name, actual, want)
        for name, (actual, want) in pairs.items()
        if want is not None and not _agrees(name, actual, want)
    )


def _agrees(name: str, actual: object, want: object) -> bool:
    if name == "status":
        return heading_of(actual) == want
    # A setting that the service does not return has its default, which is empty, False or 0.
    return actual == want or (actual is None and not want)
