"""Show members of enums as users write them."""

from __future__ import annotations

from enum import StrEnum


class NamedEnum(StrEnum):
    """An enum of strings whose repr can be evaluated."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"
