"""Databases that are said to mirror a MySQL database, and their status.

Nothing is copied from anywhere. The names of the statuses are those of the open-source core; that
the database and its tables go through them in this order, and together, is inferred.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from bytehouse_emulator.simulation.transitions import DONE, Transitions
from bytehouse_emulator.storage.documents import DocumentStore

_KIND: Final = "mysql-sync"
Status = Literal["PreparingSync", "FullSync", "Syncing", "ManualStopSync", "ExceptionStopSync"]


class MySqlSync(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The status of a mirroring database; without one it progresses to `Syncing`."""

    status: Status | Literal[""] = ""
    message: str = ""


class MySqlSyncs:
    """The mirroring databases, by their ids."""

    def __init__(self, documents: DocumentStore, transitions: Transitions) -> None:
        self._syncs = documents.collection("mysql-mirror", MySqlSync)
        self._transitions = transitions

    def add(self, uuid: str, sync: MySqlSync) -> None:
        """Make a database one that mirrors a MySQL database."""
        self._syncs.put(uuid, sync)
        self._transitions.begin(_KIND, uuid)

    def status(self, database: dict[str, Any], tables: list[str]) -> dict[str, Any] | None:
        """Return the status of a database and its tables, None if it mirrors no other."""
        sync = self._syncs.get(database["uuid"])
        if sync is None:
            return None
        shown = {
            "status": sync.status or self._current_status(database["uuid"]),
            "message": sync.message,
        }
        entries = [{"name": name, **shown} for name in tables]
        return {"name": database["name"], **shown, "tables": entries}

    def _current_status(self, uuid: str) -> Status:
        progress = self._transitions.progress(_KIND, uuid)
        if progress >= DONE:
            return "Syncing"
        return "FullSync" if progress else "PreparingSync"
