"""Keep which databases are said to mirror a MySQL database, and how far each has come.

Nothing is copied from anywhere. The words are those of the open-source core; that the whole and its
tables go through them in this order, and together, is inferred.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from ._state import State
from ._transitions import Transitions

_KIND: Final = "mysql-sync"
Status = Literal["PreparingSync", "FullSync", "Syncing", "ManualStopSync", "ExceptionStopSync"]


class Mirror(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How a mirroring database stands; without a status it makes its way to `Syncing`."""

    status: Status | Literal[""] = ""
    message: str = ""


class Mirrors:
    """The mirroring databases, by their ids."""

    def __init__(self, state: State, transitions: Transitions) -> None:
        self._mirrors = state.collection("mysql-mirror", Mirror)
        self._transitions = transitions

    def add(self, uuid: str, mirror: Mirror) -> None:
        """Say of a database that it mirrors one of MySQL."""
        self._mirrors.put(uuid, mirror)
        self._transitions.begin(_KIND, uuid)

    def status(self, database: dict[str, Any], tables: list[str]) -> dict[str, Any] | None:
        """Answer with how a database stands, if it mirrors another."""
        mirror = self._mirrors.get(database["uuid"])
        if mirror is None:
            return None
        status = mirror.status or self._come_to(database["uuid"])
        standing = {"status": status, "message": mirror.message}
        entries = [{"name": name, **standing} for name in tables]
        return {"name": database["name"], **standing, "tables": entries}

    def _come_to(self, uuid: str) -> Status:
        progress = self._transitions.progress(_KIND, uuid)
        if progress >= 1:
            return "Syncing"
        return "FullSync" if progress else "PreparingSync"
