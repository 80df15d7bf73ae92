"""Virtual warehouses: their settings, their status, and how many queries run on each.

All queries run on the one engine, so a warehouse has a status and a record of usage. Names of sizes
and credits per hour are the vendor's; ids are inferred. The warehouse `vw_default`, named as in the
open-source core, exists from the start and runs the queries that name none (inferred).
"""

from __future__ import annotations

import threading
from typing import Any, Final, Literal, NamedTuple

import msgspec

from bytehouse_emulator.errors import (
    EmulatorError,
    already_exists,
    illegal_state,
    invalid,
    not_found,
)
from bytehouse_emulator.model.account import ACCOUNT_ID
from bytehouse_emulator.simulation.clock import MINUTE, Clock
from bytehouse_emulator.simulation.transitions import DONE, Transitions
from bytehouse_emulator.storage.documents import DocumentStore

DEFAULT: Final = "vw_default"
_PREFIX: Final = f"vw-{ACCOUNT_ID}-"
_KIND: Final = "warehouse"
Status = Literal["starting", "up", "suspending", "down"]


class Configuration(NamedTuple):
    """A resource setting that a warehouse can be given."""

    id: int
    size: str
    credits_per_hour: int


CONFIGURATIONS: Final = {
    c.id: c
    for c in (
        Configuration(123451, "XS", 1),
        Configuration(123452, "S", 2),
        Configuration(123453, "M", 4),
        Configuration(123454, "L", 8),
        Configuration(123455, "XL", 16),
    )
}


class Warehouse(msgspec.Struct, kw_only=True):
    """A virtual warehouse."""

    name: str
    configuration: int
    status: Status
    created_at: str
    modified_at: str
    active_at: int
    description: str = ""
    auto_suspend: int = 0
    auto_resume: bool = False

    @property
    def id(self) -> str:
        """The id by which a query names it."""
        return _PREFIX + self.name

    @property
    def credits_per_hour(self) -> int:
        """Credits that it costs while a query runs."""
        return CONFIGURATIONS[self.configuration].credits_per_hour

    def describe(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "configID": self.configuration,
            "status": self.status,
            "autoSuspend": self.auto_suspend,
            "autoResume": self.auto_resume,
            "createdAt": self.created_at,
            "lastModifiedAt": self.modified_at,
        }


class Warehouses:
    """The virtual warehouses of the account."""

    def __init__(self, documents: DocumentStore, clock: Clock, transitions: Transitions) -> None:
        self._clock = clock
        self._transitions = transitions
        self._warehouses = documents.collection("warehouse", Warehouse)
        self._running: dict[str, int] = {}
        self._lock = threading.RLock()

    def add_default(self) -> None:
        """Create the warehouse that exists from the start, if it does not."""
        if self._warehouses.get(DEFAULT) is None:
            body = {"name": DEFAULT, "configID": min(CONFIGURATIONS), "autoResume": True}
            self.create(body)

    def reset(self) -> None:
        """Forget the running queries."""
        with self._lock:
            self._running.clear()

    def create(self, body: dict[str, Any]) -> Warehouse:
        """Create a warehouse and start it, unless the body says otherwise."""
        now = self._clock.now()
        warehouse = Warehouse(
            name=body["name"],
            configuration=_configuration(body["configID"]),
            status="down",
            created_at=now,
            modified_at=now,
            active_at=self._clock.nanoseconds(),
            description=body.get("description", ""),
            auto_suspend=body.get("autoSuspend", 0),
            auto_resume=body.get("autoResume", False),
        )
        target = _target_status(body.get("status", "up"))
        with self._lock:
            if not self._warehouses.add(warehouse.name, warehouse):
                raise already_exists(
                    "Warehouse", f"The virtual warehouse {warehouse.name!r} exists."
                )
            self._begin_change(warehouse, target)
        return warehouse

    def update(self, name: str, body: dict[str, Any]) -> None:
        """Change the properties in the body; null leaves one unchanged (inferred)."""
        changes = {key: value for key, value in body.items() if value is not None}
        target = _target_status(changes["status"]) if "status" in changes else None
        with self._lock:
            warehouse = self.get(name)
            if "configID" in changes:
                warehouse.configuration = _configuration(changes["configID"])
            warehouse.description = changes.get("description", warehouse.description)
            warehouse.auto_suspend = changes.get("autoSuspend", warehouse.auto_suspend)
            warehouse.auto_resume = changes.get("autoResume", warehouse.auto_resume)
            warehouse.modified_at = self._clock.now()
            self._put(warehouse)
            if target:
                self._begin_change(warehouse, target)

    def delete(self, name: str) -> Warehouse:
        """Delete a warehouse; queries on it run to their end."""
        with self._lock:
            warehouse = self._warehouses.require(name, "Warehouse")
            if name == DEFAULT:
                # That it stays is inferred: queries that name no warehouse need one.
                message = f"{DEFAULT!r} takes the queries that name no warehouse; it must stay."
                raise illegal_state("Warehouse", message)
            self._warehouses.delete(name)
            return warehouse

    def get(self, name: str) -> Warehouse:
        """Return a warehouse, its status brought up to date; 404 if there is none."""
        with self._lock:
            return self._refresh(self._warehouses.require(name, "Warehouse"))

    def all(self) -> list[Warehouse]:
        """Return every warehouse, its status brought up to date."""
        with self._lock:
            return [self._refresh(warehouse) for warehouse in self._warehouses.all()]

    def find(self, reference: str) -> Warehouse | None:
        """Find a warehouse by its id or its name, without bringing its status up to date."""
        return self._warehouses.get(reference.removeprefix(_PREFIX))

    def require_id(self, warehouse_id: str) -> str:
        """Return the id of the warehouse that a query names; of the default one for ""."""
        found = self._by_id(warehouse_id or _PREFIX + DEFAULT)
        if found is None:
            raise not_found("Warehouse", warehouse_id)
        return found.id

    def acquire(self, warehouse_id: str) -> Warehouse:
        """Count a query as running; resume a suspended warehouse, or refuse without autoResume."""
        with self._lock:
            warehouse = self.get(warehouse_id.removeprefix(_PREFIX))
            if warehouse.status in {"down", "suspending"}:
                if not warehouse.auto_resume:
                    raise EmulatorError(
                        409,
                        "Warehouse_Suspended",
                        f"The virtual warehouse {warehouse.name!r} is suspended"
                        f" ({warehouse.status}) and does not resume by itself. Bring its status to"
                        " 'up', or set autoResume.",
                    )
                self._begin_change(warehouse, "up")
            self._running[warehouse_id] = self._running.get(warehouse_id, 0) + 1
            return warehouse

    def is_up(self, warehouse_id: str) -> bool:
        """Return whether a query need not wait; for a deleted warehouse it need not."""
        with self._lock:
            found = self._by_id(warehouse_id)
            # One that begins to suspend meanwhile still runs the queries it has acquired.
            return found is None or self._refresh(found).status != "starting"

    def credits_per_hour(self, warehouse_id: str) -> int:
        """Return the credits per hour of a warehouse, 0 for a deleted one."""
        found = self._by_id(warehouse_id)
        return found.credits_per_hour if found else 0

    def release(self, warehouse_id: str) -> None:
        """Count a query as ended."""
        with self._lock:
            self._running[warehouse_id] = max(0, self._running.get(warehouse_id, 0) - 1)
            if warehouse := self._by_id(warehouse_id):
                warehouse.active_at = self._clock.nanoseconds()
                self._put(warehouse)

    def _by_id(self, warehouse_id: str) -> Warehouse | None:
        found = self._warehouses.get(warehouse_id.removeprefix(_PREFIX))
        return found if found and found.id == warehouse_id else None

    def _begin_change(self, warehouse: Warehouse, target: Literal["up", "down"]) -> None:
        """Begin to start or suspend a warehouse, unless that is done or in progress."""
        passing: Status = "starting" if target == "up" else "suspending"
        if warehouse.status not in {target, passing}:
            warehouse.status = passing
            warehouse.active_at = self._clock.nanoseconds()
            self._transitions.begin(_KIND, warehouse.name)
            if self._transitions.pace.mode == "immediate":
                self._refresh(warehouse)
        self._put(warehouse)

    def _refresh(self, warehouse: Warehouse) -> Warehouse:
        """Bring the status of a warehouse up to date.

        That one is suspending for as long as a query runs on it is inferred.
        """
        before = warehouse.status
        if before in {"starting", "suspending"}:
            done = self._transitions.progress(_KIND, warehouse.name) >= DONE
            if before == "starting" and done:
                warehouse.status = "up"
                warehouse.active_at = self._clock.nanoseconds()
            elif before == "suspending" and done and not self._running.get(warehouse.id):
                warehouse.status = "down"
        elif before == "up" and self._is_idle(warehouse):
            self._begin_change(warehouse, "down")
        if warehouse.status != before:
            self._put(warehouse)
        return warehouse

    def _is_idle(self, warehouse: Warehouse) -> bool:
        idle = self._clock.nanoseconds() - warehouse.active_at
        return (
            warehouse.auto_suspend > 0
            and idle >= warehouse.auto_suspend * MINUTE
            and not self._running.get(warehouse.id)
        )

    def _put(self, warehouse: Warehouse) -> None:
        self._warehouses.put(warehouse.name, warehouse)


def _configuration(number: int) -> int:
    if number not in CONFIGURATIONS:
        known = ", ".join(map(str, CONFIGURATIONS))
        raise invalid("Warehouse", f"configID {number} is none of the configurations: {known}.")
    return number


def _target_status(status: str) -> Literal["up", "down"]:
    if status == "up":
        return "up"
    if status == "down":
        return "down"
    raise invalid("Warehouse", f"status must be 'up' or 'down', not {status[:40]!r}.")
