# Derived from overlay/bytehouse/_async/resources/warehouses.py by `make generate`. Do not edit.
"""Virtual warehouses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack

from bytehouse_raw.api.virtual_warehouse import (
    create_warehouse,
    delete_warehouse,
    get_warehouse,
    list_warehouse_configurations,
    list_warehouses,
    update_warehouse,
)
from bytehouse_raw.models import (
    CreateWarehouseRequest,
    CreateWarehouseResponse,
    UpdateWarehouseRequest,
    Warehouse,
    WarehouseConfiguration,
)
from bytehouse_raw.types import UNSET, Unset

from ..._api.polling import parse_timeout
from ..._api.status import WarehouseStatus
from ..._core.differences import Difference, EnsureResult
from ..._core.options import CallOptions, Seconds
from ..._core.times import Duration
from ..._core.validation import require_name
from ..._params.warehouses import checked, config_id_of, differences, new_warehouse, status_of
from ...errors import InvalidArgument
from ..ensure import REFUSED, EnsureResource
from ..paginator import Pager
from ..warehouse_ids import warehouse_name
from ..warehouse_poller import WarehousePoller

if TYPE_CHECKING:
    from ..._api.polling import Fetch


class Warehouses(EnsureResource):
    """List, create, change, resume, suspend and delete virtual warehouses.

    What exists is named by its name or its id; the name of an id is looked up, and kept for five
    minutes.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `ByteHouse.send`.
    """

    def list(
        self,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Pager[Warehouse]:
        """Iterate over the virtual warehouses.

        `GET /v1/vws` (inferred, and so are the fields of an entry)

        Args:
            limit: At most so many warehouses in all.
            page_size: At most so many per request; 100 if not given. The service gives no more
                than 100 at a time.
            **options: Options of the calls.
        """
        return self._list(list_warehouses.plan(), options, limit, page_size)

    def create(
        self,
        name: str,
        *,
        config_id: int | str,
        status: WarehouseStatus | None = None,
        auto_suspend: int | Duration | None = None,
        auto_resume: bool | None = None,
        description: str | None = None,
        if_not_exists: bool = False,
        **options: Unpack[CallOptions],
    ) -> CreateWarehouseResponse:
        """Create a virtual warehouse and, unless `status` says otherwise, start it.

        `POST /v1/vws` (inferred)

        Args:
            name: Name: 1 to 31 lower-case letters, digits and underscores, a letter first and no
                underscore last.
            config_id: Id of its resource setting, or its size or name, such as ``M``, which is
                looked up in `configurations`.
            status: ``up`` to start it, which the service does by default, or ``down``.
            auto_suspend: Minutes without work, or a timedelta of whole minutes, after which it is
                suspended; 0, the default of the service, means never.
            auto_resume: Whether a query that arrives resumes it; if not given, it does not.
            description: Free text.
            if_not_exists: Whether a warehouse that exists already is left as it is, without an
                error; `ensure` compares it too.
            **options: Options of the call.

        Returns:
            Its name and its id, `vw_id`; queries take either as `warehouse`.

        Raises:
            InvalidArgument: The name breaks the rule, or a value makes no sense; nothing was sent.
            Conflict: There is such a warehouse already.
        """
        body = self._wanted(
            name,
            config_id,
            options,
            status=status,
            auto_suspend=auto_suspend,
            auto_resume=auto_resume,
            description=description,
        )
        plan = create_warehouse.plan(body=body)
        try:
            return self._send(plan, options)
        except REFUSED as refusal:
            if not if_not_exists:
                raise
            live = self._existing(refusal, self._reader(name), options)
            return CreateWarehouseResponse(name=name, vw_id=getattr(live, "id", None))

    def exists(self, name: str, **options: Unpack[CallOptions]) -> bool:
        """Return whether a virtual warehouse exists that the role may see, by `get`.

        Args:
            name: Name.
            **options: Options of the call.

        Raises:
            NotFound: The path is not one of the service's, as far as can be determined.
        """
        return self._find(self._reader(name), options) is not None

    def _reader(self, name: str) -> Fetch[Warehouse]:
        return lambda options: self.get(name, **options)

    def get(self, name: str, **options: Unpack[CallOptions]) -> Warehouse:
        """Return one virtual warehouse.

        `GET /v1/vws/{name}` (inferred)

        Args:
            name: Name or id.
            **options: Options of the call.

        Raises:
            NotFound: There is none.
        """
        name = self._name(name, options)
        response = self._send(get_warehouse.plan(name), options)
        # The response is the warehouse itself, with the envelope's message and error among its own.
        fields = {k: v for k, v in response.to_dict().items() if k not in ("message", "error")}
        warehouse = Warehouse.from_dict(fields)
        if response.raw_response:
            warehouse.received(response.raw_response)
        return warehouse

    def update(
        self,
        name: str,
        *,
        config_id: int | str | Unset | None = UNSET,
        status: WarehouseStatus | Unset | None = UNSET,
        auto_suspend: int | Duration | Unset | None = UNSET,
        auto_resume: bool | Unset | None = UNSET,
        description: str | Unset | None = UNSET,
        **options: Unpack[CallOptions],
    ) -> None:
        """Change a virtual warehouse. What is left out stays as it is.

        `PATCH /v1/vws/{name}` (inferred)

        Args:
            name: Name or id.
            config_id: Id of the new resource setting, or its size or name, as in `create`.
            status: ``up`` to resume it, ``down`` to suspend it.
            auto_suspend: Minutes without work, or a timedelta of whole minutes, after which it is
                suspended; 0 means never.
            auto_resume: Whether a query that arrives resumes it.
            description: Free text. None, here and above, is sent as null, which the service
                understands as "unchanged" (inferred).
            **options: Options of the call.

        Raises:
            InvalidArgument: There is nothing to change, or a value makes no sense; nothing was
                sent.
            NotFound: There is no such warehouse.
        """
        settings = checked(
            config_id=config_id,
            status=status,
            auto_suspend=auto_suspend,
            auto_resume=auto_resume,
            description=description,
        )
        if not UpdateWarehouseRequest(**settings).to_dict():
            raise InvalidArgument("There is nothing to change.")
        name = self._name(name, options)
        body = UpdateWarehouseRequest(**self._with_config_id(settings, options))
        self._send(update_warehouse.plan(name, body=body), options)

    def delete(self, name: str, *, if_exists: bool = False, **options: Unpack[CallOptions]) -> None:
        """Delete a virtual warehouse.

        `DELETE /v1/vws/{name}` (inferred)

        Args:
            name: Name or id.
            if_exists: Whether it is no error if the service says that there is none.
            **options: Options of the call.

        Raises:
            NotFound: There is none.
        """
        name = self._name(name, options)
        self._delete(delete_warehouse.plan(name), options, if_exists=if_exists)
        self._client._shared.warehouse_ids = (None, {})  # another of this name has another id

    def configurations(
        self,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Pager[WarehouseConfiguration]:
        """Iterate over the resource settings that a warehouse can be given.

        `GET /v1/vw-configs` (inferred, and so are the fields of a setting)

        Args:
            limit: At most so many settings in all.
            page_size: At most so many per request; 100 if not given. The service gives no more
                than 100 at a time.
            **options: Options of the calls.
        """
        return self._list(list_warehouse_configurations.plan(), options, limit, page_size)

    def resume(
        self,
        name: str,
        *,
        wait: bool = False,
        wait_timeout: Seconds = 600.0,
        **options: Unpack[CallOptions],
    ) -> None:
        """Resume a warehouse.

        `PATCH /v1/vws/{name}` (inferred)

        Args:
            name: Name or id.
            wait: Whether to wait until it is up.
            wait_timeout: Seconds, or a timedelta, to wait at most; ten minutes if not given.
            **options: Options of the call; the wait takes the role.

        Raises:
            NotFound: There is no such warehouse.
            ServerError: The service failed to bring it up.
            TimedOut: It was not up when the time was up; `state` is the last that was reported.
        """
        self._change_status(name, "up", wait, wait_timeout, options)

    def suspend(
        self,
        name: str,
        *,
        wait: bool = False,
        wait_timeout: Seconds = 600.0,
        **options: Unpack[CallOptions],
    ) -> None:
        """Suspend a warehouse.

        `PATCH /v1/vws/{name}` (inferred)

        Args:
            name: Name or id.
            wait: Whether to wait until it is down.
            wait_timeout: Seconds, or a timedelta, to wait at most; ten minutes if not given.
            **options: Options of the call; the wait takes the role.

        Raises:
            NotFound: There is no such warehouse.
            ServerError: The service failed to bring it down.
            TimedOut: It was not down when the time was up; `state` is the last that was reported.
        """
        self._change_status(name, "down", wait, wait_timeout, options)

    def _wanted(
        self, name: str, config_id: int | str, options: CallOptions, **settings: Any
    ) -> CreateWarehouseRequest:
        wanted = new_warehouse(name, config_id, **settings)
        return CreateWarehouseRequest(**self._with_config_id(wanted, options))

    def _with_config_id(self, settings: dict[str, Any], options: CallOptions) -> dict[str, Any]:
        """Return settings with the id of a resource setting in the place of its size or name."""
        wanted = settings["config_id"]
        if not isinstance(wanted, str):
            return settings
        known = self.configurations(**options).all()
        return settings | {"config_id": config_id_of(wanted, known)}

    def _name(self, warehouse: str, options: CallOptions) -> str:
        return require_name(warehouse_name(self._client, warehouse, options), "name")

    def _change_status(
        self,
        name: str,
        status: WarehouseStatus,
        wait: bool,
        timeout: Seconds,
        options: CallOptions,
    ) -> None:
        seconds = parse_timeout(timeout)  # refused here, before anything is changed
        self.update(name, status=status, **options)
        if wait:
            WarehousePoller(self._client, name, status, options).wait(seconds)

    def wait(
        self,
        name: str,
        until: WarehouseStatus = "up",
        *,
        timeout: Seconds = 600.0,
        on_progress: Callable[[Warehouse], object] | None = None,
        role: str | Unset | None = UNSET,
    ) -> Warehouse:
        """Wait until a warehouse is up, or down, and return it. Changes nothing on the service.

        `GET /v1/vws/{name}` (inferred, and so are the states on the way)

        Polls at growing intervals. A poll that fails for a transient reason (no connection, 5xx,
        429) is repeated until the time is up. A state that is not known counts as in between.

        Args:
            name: Name or id.
            until: State to wait for, ``up`` or ``down``.
            timeout: Seconds, or a timedelta, to wait at most; ten minutes if not given.
            on_progress: Called with each status.
            role: Role to act under; the client's if not given.

        Raises:
            NotFound: There is no such warehouse.
            ServerError: The service failed to bring it there.
            TimedOut: It was not there when the time was up; `state` is the last that was reported.
        """
        options: CallOptions = {} if isinstance(role, Unset) else {"role": role}
        poller = WarehousePoller(self._client, name, status_of(until), options)
        return poller.wait(timeout, on_progress)

    def ensure(
        self,
        name: str,
        *,
        config_id: int | str,
        status: WarehouseStatus | None = None,
        auto_suspend: int | Duration | None = None,
        auto_resume: bool | None = None,
        description: str | None = None,
        update: bool = False,
        **options: Unpack[CallOptions],
    ) -> EnsureResult[Warehouse]:
        """Ensure that a warehouse with these settings exists: create it if it is missing, compare
        it if it exists.

        `GET /v1/vws/{name}`, then `POST /v1/vws` or `PATCH /v1/vws/{name}` (all inferred)

        A warehouse that differs is left as it is, unless `update` says otherwise. It counts as
        missing only if the service itself says so: a 404 from a wrong path creates nothing.

        Args:
            name: Name, as in `create`.
            config_id: Id of its resource setting, or its size or name, as in `create`.
            status: State to be in or on the way to; if not given, a new one is started and an
                existing one is left alone.
            auto_suspend: As in `create`; what is not given is not compared either.
            auto_resume: As in `create`.
            description: As in `create`.
            update: Whether to change an existing warehouse where it differs.
            **options: Options of each call.

        Returns:
            The warehouse, whether it was created, and what differs or was changed.

        Raises:
            InvalidArgument: The name breaks the rule, or a value makes no sense; nothing was sent.
            NotFound: The path is not one of the service's, as far as can be determined.
        """
        body = self._wanted(
            name,
            config_id,
            options,
            status=status,
            auto_suspend=auto_suspend,
            auto_resume=auto_resume,
            description=description,
        )

        def compare(live: Warehouse) -> tuple[Difference, ...]:
            return differences(body, live)

        create = create_warehouse.plan(body=body)
        found = self._ensure(self._reader(name), create, compare, options)
        if found.created or not found.differences or not update:
            return found
        changes: dict[str, Any] = {each.name: each.wanted for each in found.differences}
        self.update(name, **changes, **options)
        live = self.get(name, **options)
        return EnsureResult(live, updated=found.differences, differences=compare(live))
