"""What an `ensure` method found and did."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from .html import HtmlRepr

T = TypeVar("T")


@attrs.frozen
class Difference(HtmlRepr):
    """Hold one setting that is not as wanted.

    Attributes:
        name: Name of the setting, as the argument is called.
        actual: Its value on the service.
        wanted: The value that was asked for.
    """

    name: str
    actual: object
    wanted: object

    def __str__(self) -> str:
        return f"{self.name} is {self.actual!r}, wanted {self.wanted!r}"


@attrs.frozen
class EnsureResult(HtmlRepr, Generic[T]):
    """Hold what an `ensure` method found and did.

    Attributes:
        actual: The object as it is now.
        created: Whether it was missing and was created.
        updated: Settings that were not as wanted, and were changed.
        differences: Settings that are not as wanted now.
    """

    actual: T
    created: bool = False
    updated: tuple[Difference, ...] = ()
    differences: tuple[Difference, ...] = ()
