# Derived from overlay/bytehouse/_async/warehouse_poller.py by `make generate`. Do not edit.
"""Wait for a virtual warehouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bytehouse_raw.models import Warehouse

from .._api.status import Phase, WarehouseStatus, warehouse_phase
from .._core.options import CallOptions, Seconds
from ..errors import ServerError
from .poller import Poller

if TYPE_CHECKING:
    from .resource_client import ResourceClient


class WarehousePoller(Poller[Warehouse]):
    """Wait until a warehouse is up, or down."""

    _timeout_hint = "It may still get there; `warehouses.wait` continues the wait."

    def __init__(
        self, client: ResourceClient, name: str, until: WarehouseStatus, options: CallOptions
    ) -> None:
        super().__init__(client, options, started=False)
        self._name = name
        self._until = until
        self._timeout_message = f"the warehouse {name} was not {until}"

    def _fetch(self, options: CallOptions) -> Warehouse:
        return self._client.warehouses.get(self._name, **options)

    def _phase(self, status: Warehouse) -> Phase:
        return warehouse_phase(getattr(status, "status", None), self._until)

    def _failure(self, status: Warehouse, phase: Phase) -> ServerError:  # noqa: ARG002 - it fails in one way
        error = ServerError(
            f"the service failed to bring the warehouse {self._name} {self._until}: "
            f"its state is {status.status}"
        )
        error.code = str(status.status)
        return error

    def wait(
        self, timeout: Seconds, on_progress: Callable[[Warehouse], object] | None = None
    ) -> Warehouse:
        """Wait, and return the warehouse."""
        return self._wait(timeout, on_progress)
