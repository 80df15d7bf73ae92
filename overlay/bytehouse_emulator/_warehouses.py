"""Keep the virtual warehouses: what they are like, in which state they are, and what runs on them.

Every query here runs on the one engine, so a warehouse is a state and an account of time. Names of
sizes and credits per hour are the vendor's; ids are inferred. The warehouse `vw_default`, named as
in the open-source core, is there from the start and takes queries that name none (inferred).
"""

from __future__ import annotations

import threading
from typing import Any, Final, Literal, NamedTuple

import msgspec

from ._clock import MINUTE, Clock
from ._errors import EmulatorError, conflict, invalid, not_found
from ._state import State
from ._transitions import DONE, Transitions

DEFAULT: Final = "vw_default"
_PREFIX: Final = "vw-2100042608-"
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
        """Answer with what a query names it by."""
        return _PREFIX + self.name

    @property
    def credits_per_hour(self) -> int:
        """Answer with what it costs while something runs."""
        return CONFIGURATIONS[self.configuration].credits_per_hour

    def describe(self) -> dict[str, Any]:
        """Answer with it as the API shows it."""
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

    def __init__(self, state: State, clock: Clock, transitions: Transitions) -> None:
        self._clock = clock
        self._transitions = transitions
        self._warehouses = state.collection("warehouse", Warehouse)
        self._running: dict[str, int] = {}
        self._lock = threading.RLock()

    def seed(self) -> None:
        """Bring in the warehouse that is there from the start."""
        if self._warehouses.get(DEFAULT) is None:
            body = {"name": DEFAULT, "configID": min(CONFIGURATIONS), "autoResume": True}
            self.create(body)

    def reset(self) -> None:
        """Forget what ran."""
        with self._lock:
            self._running.clear()

    def create(self, body: dict[str, Any]) -> Warehouse:
        """Create a warehouse and bring it up, unless asked otherwise."""
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
        wanted = _wanted(body.get("status", "up"))
        with self._lock:
            if not self._warehouses.add(warehouse.name, warehouse):
                raise conflict("Warehouse", f"The virtual warehouse {warehouse.name!r} exists.")
            self._bring(warehouse, wanted)
        return warehouse

    def update(self, name: str, body: dict[str, Any]) -> None:
        """Change what is given of a warehouse; null leaves it as it is (inferred)."""
        given = {key: value for key, value in body.items() if value is not None}
        wanted = _wanted(given["status"]) if "status" in given else None
        with self._lock:
            warehouse = self.get(name)
            if "configID" in given:
                warehouse.configuration = _configuration(given["configID"])
            warehouse.description = given.get("description", warehouse.description)
            warehouse.auto_suspend = given.get("autoSuspend", warehouse.auto_suspend)
            warehouse.auto_resume = given.get("autoResume", warehouse.auto_resume)
            warehouse.modified_at = self._clock.now()
            self._put(warehouse)
            if wanted:
                self._bring(warehouse, wanted)

    def delete(self, name: str) -> Warehouse:
        """Delete a warehouse; what runs on it runs to its end."""
        with self._lock:
            warehouse = self._require(name)
            if name == DEFAULT:
                # That it stays is inferred: queries that name no warehouse need one.
                message = f"{DEFAULT!r} takes the queries that name no warehouse; it must stay."
                raise conflict("Warehouse", message)
            self._warehouses.delete(name)
            return warehouse

    def get(self, name: str) -> Warehouse:
        """Probe at a warehouse, which may move it on, or say that there is none."""
        with self._lock:
            return self._settle(self._require(name))

    def all(self) -> list[Warehouse]:
        """Probe at every warehouse."""
        with self._lock:
            return [self._settle(warehouse) for warehouse in self._warehouses.all()]

    def find(self, reference: str) -> Warehouse | None:
        """Find a warehouse by its id or its name; nothing is looked at."""
        return self._warehouses.get(reference.removeprefix(_PREFIX))

    def require_id(self, warehouse_id: str) -> str:
        """Answer with the id of the warehouse that a query names, the default one if none."""
        found = self._by_id(warehouse_id or _PREFIX + DEFAULT)
        if found is None:
            raise not_found("Warehouse", warehouse_id)
        return found.id

    def occupy(self, warehouse_id: str) -> Warehouse:
        """Take a query in: resume what is suspended, if it may resume by itself, or refuse."""
        with self._lock:
            warehouse = self._settle(self._require(warehouse_id.removeprefix(_PREFIX)))
            if warehouse.status in {"down", "suspending"}:
                if not warehouse.auto_resume:
                    raise EmulatorError(
                        409,
                        "Warehouse_Suspended",
                        f"The virtual warehouse {warehouse.name!r} is suspended"
                        f" ({warehouse.status}) and does not resume by itself. Bring its status to"
                        " 'up', or set autoResume.",
                    )
                self._bring(warehouse, "up")
            self._running[warehouse_id] = self._running.get(warehouse_id, 0) + 1
            return warehouse

    def is_up(self, warehouse_id: str) -> bool:
        """Tell whether a query can run; a warehouse that is gone keeps none waiting."""
        with self._lock:
            found = self._by_id(warehouse_id)
            # One that is told to suspend meanwhile lets those run that it has taken in.
            return found is None or self._settle(found).status != "starting"

    def rate(self, warehouse_id: str) -> int:
        """Answer with the credits per hour of a warehouse."""
        found = self._by_id(warehouse_id)
        return found.credits_per_hour if found else 0

    def release(self, warehouse_id: str) -> None:
        """Let a query go."""
        with self._lock:
            self._running[warehouse_id] = max(0, self._running.get(warehouse_id, 0) - 1)
            if warehouse := self._by_id(warehouse_id):
                warehouse.active_at = self._clock.nanoseconds()
                self._put(warehouse)

    def _by_id(self, warehouse_id: str) -> Warehouse | None:
        found = self._warehouses.get(warehouse_id.removeprefix(_PREFIX))
        return found if found and found.id == warehouse_id else None

    def _require(self, name: str) -> Warehouse:
        warehouse = self._warehouses.get(name)
        if warehouse is None:
            raise not_found("Warehouse", name)
        return warehouse

    def _bring(self, warehouse: Warehouse, wanted: Literal["up", "down"]) -> None:
        """Set a warehouse out for a state, unless it is there or on its way."""
        passing: Status = "starting" if wanted == "up" else "suspending"
        if warehouse.status not in {wanted, passing}:
            warehouse.status = passing
            warehouse.active_at = self._clock.nanoseconds()
            self._transitions.begin(_KIND, warehouse.name)
            if self._transitions.pace.mode == "immediate":
                self._settle(warehouse)
        self._put(warehouse)

    def _settle(self, warehouse: Warehouse) -> Warehouse:
        """Move a warehouse on as far as it has come by now.

        That one is suspending for as long as a query runs on it is inferred.
        """
        before = warehouse.status
        if before in {"starting", "suspending"}:
            arrived = self._transitions.progress(_KIND, warehouse.name) >= DONE
            if before == "starting" and arrived:
                warehouse.status = "up"
                warehouse.active_at = self._clock.nanoseconds()
            elif before == "suspending" and arrived and not self._running.get(warehouse.id):
                warehouse.status = "down"
        elif before == "up" and self._is_idle(warehouse):
            self._bring(warehouse, "down")
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


def _wanted(status: str) -> Literal["up", "down"]:
    if status == "up":
        return "up"
    if status == "down":
        return "down"
    raise invalid("Warehouse", f"status must be 'up' or 'down', not {status[:40]!r}.")
