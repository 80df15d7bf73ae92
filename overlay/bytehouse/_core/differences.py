"""Say what making sure of something found and did."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

__all__ = ["Difference", "EnsureResult"]

T = TypeVar("T")


@attrs.frozen
class Difference:
    """Hold one setting that is not as wanted.

    Attributes:
        name: Name of the setting, as the argument is called.
        actual: What it is on the service.
        wanted: What was asked for.
    """

    name: str
    actual: object
    wanted: object

    def __str__(self) -> str:
        return f"{self.name} is {self.actual!r}, wanted {self.wanted!r}"


@attrs.frozen
class EnsureResult(Generic[T]):
    """Say what making sure of something found and did.

    Attributes:
        actual: What is there now.
        created: Whether it was missing and was created.
        updated: What was not as wanted, and was changed.
        differences: What is not as wanted now.
    """

    actual: T
    created: bool = False
    updated: tuple[Difference, ...] = ()
    differences: tuple[Difference, ...] = ()
