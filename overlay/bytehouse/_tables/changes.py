"""Represent the changes that turn one table into another, and make requests of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import attrs

from bytehouse_raw import models

from .._core.differences import Difference

_SIGNS = {"add": "+", "drop": "-", "modify": "~", "rename": "~"}


@attrs.frozen
class Change(Difference):
    """Hold one difference between a wanted and a live table, and what making it entails.

    Attributes:
        name: What it is about: ``column note``, or an argument of `TableSpec`.
        actual: What it is on the service; None if it does not exist.
        wanted: What was asked for; None if it is to be dropped.
        kind: What is to be done: add, drop, modify or rename.
        blocked: Whether the API cannot do it.
        destructive: Whether it loses data.
        reason: Why it is blocked or destructive.
    """

    actual: str | None
    wanted: str | None
    kind: Literal["add", "drop", "modify", "rename"] = "modify"
    blocked: bool = False
    destructive: bool = False
    reason: str = ""
    _model: models.Column | models.TTL | None = attrs.field(default=None, eq=False, repr=False)

    def __str__(self) -> str:
        match self.kind:
            case "add":
                what = f"{self.name}: {self.wanted}"
            case "drop":
                what = f"{self.name}: {self.actual}"
            case "rename":
                what = f"{self.name}: renamed to {self.wanted}"
            case _:
                what = f"{self.name}: {self.actual} -> {self.wanted}"
        note = f" ({self.note})" if self.note else ""
        return f"{'!' if self.blocked else _SIGNS[self.kind]} {what}{note}"

    @property
    def note(self) -> str:
        """Whether it is blocked or destructive, and why; empty if it is neither."""
        if not (self.blocked or self.destructive):
            return ""
        return f"{'blocked' if self.blocked else 'destructive'}: {self.reason}"


@attrs.frozen
class Step:
    """Hold one request of a plan.

    Attributes:
        changes: The changes that it makes.
        body: Its body.
    """

    changes: tuple[Change, ...]
    body: models.UpdateTableRequest


def steps(changes: Iterable[Change]) -> list[Step]:
    """Return the requests that make changes, except blocked ones.

    The order in which the service makes the changes of one request is not documented. So what could
    depend on it is in separate requests: renames first, drops last, everything else in between.
    """
    columns = [c for c in changes if not c.blocked and isinstance(c._model, models.Column)]
    renamed = [c for c in changes if not c.blocked and c.kind == "rename"]
    ttl = [c for c in changes if not c.blocked and c.name == "ttl"]
    dropped = [c for c in changes if not c.blocked and c.kind == "drop" and c not in ttl]
    set_ttl = next((c._model for c in ttl if isinstance(c._model, models.TTL)), None)
    bodies = (
        (
            renamed,
            models.UpdateTableRequest(
                rename_columns=[
                    models.RenameColumn(name=str(c.actual), new_name=str(c.wanted)) for c in renamed
                ]
            ),
        ),
        (
            [*columns, *ttl],
            models.UpdateTableRequest(
                add_columns=_models(columns, "add"),
                modify_columns=_models(columns, "modify"),
                ttl=set_ttl,
                is_remove_ttl=any(c.kind == "drop" for c in ttl) or None,
            ),
        ),
        (
            dropped,
            models.UpdateTableRequest(drop_columns=[c.name.partition(" ")[2] for c in dropped]),
        ),
    )
    return [Step(tuple(changes), body) for changes, body in bodies if changes]


def _models(changes: Iterable[Change], kind: str) -> list[models.Column] | None:
    found = [c._model for c in changes if c.kind == kind and isinstance(c._model, models.Column)]
    return found or None
