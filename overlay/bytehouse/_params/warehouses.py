"""Check and compare the settings of virtual warehouses. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from bytehouse_raw.models import CreateWarehouseRequest, Warehouse
from bytehouse_raw.types import Unset

from .._api.status import WarehouseStatus, heading_of
from .._core.differences import Difference
from .._core.times import Duration, to_timedelta
from .._core.validation import require_name
from ..errors import InvalidArgument

R = TypeVar("R")
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


def config_id_of(value: int) -> int:
    """Return the id of a resource setting, checked.

    Raises:
        InvalidArgument: It is not a whole number above 0.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgument(
            f"config_id must be a whole number above 0, not {value!r}.",
            hint="`warehouses.configurations()` lists them.",
        )
    return value


def status_of(value: str) -> WarehouseStatus:
    """Return the state to bring a warehouse to.

    Raises:
        InvalidArgument: It is neither ``up`` nor ``down``.
    """
    match value:
        case "up" | "down":
            return value
        case _:
            raise InvalidArgument(f"A virtual warehouse can be brought up or down, not {value!r}.")


def minutes_of(value: int | Duration) -> int:
    """Return an idle time in whole minutes.

    Raises:
        InvalidArgument: It is negative, or not a whole number of minutes.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, timedelta | str):
        minutes, rest = divmod(to_timedelta(value, "auto_suspend"), _MINUTE)
        if not rest:
            return minutes
    raise InvalidArgument(
        f"auto_suspend must be whole minutes, 0 or more, or a timedelta of them; not {value!r}."
    )


def flag_of(value: bool) -> bool:
    """Return a boolean, checked.

    Raises:
        InvalidArgument: It is neither True nor False.
    """
    if not isinstance(value, bool):
        raise InvalidArgument(f"auto_resume must be True or False, not {value!r}.")
    return value


def description_of(value: str) -> str:
    """Return a description, checked.

    Raises:
        InvalidArgument: It is not a string.
    """
    if not isinstance(value, str):
        raise InvalidArgument(f"description must be a string, not {value!r}.")
    return value


def checked(value: Any, check: Callable[[Any], R]) -> R | Unset | None:
    """Check a value, unless it is left out or null."""
    return value if value is None or isinstance(value, Unset) else check(value)


def wanted(
    name: str,
    config_id: int,
    *,
    status: str | None,
    auto_suspend: int | Duration | None,
    auto_resume: bool | None,
    description: str | None,
) -> CreateWarehouseRequest:
    """Return what a new warehouse is to be like.

    Raises:
        InvalidArgument: The name breaks the rule, or a value is invalid.
    """
    return CreateWarehouseRequest(
        name=new_name(name),
        config_id=config_id_of(config_id),
        status=None if status is None else status_of(status),
        auto_suspend=None if auto_suspend is None else minutes_of(auto_suspend),
        auto_resume=None if auto_resume is None else flag_of(auto_resume),
        description=None if description is None else description_of(description),
    )


def differences(wanted: CreateWarehouseRequest, live: Warehouse) -> tuple[Difference, ...]:
    """Return where a warehouse differs from what is wanted; what is not given does not count.

    A warehouse that is changing to the wanted state counts as in it.
    """
    pairs = {
        name: (getattr(live, name), getattr(wanted, name))
        for name in ("config_id", "status", "auto_suspend", "auto_resume", "description")
    }
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
