"""What a role may do."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.iam import grant_permission, list_permissions, revoke_permission
from bytehouse_raw.models import (
    Database,
    GrantPermissionRequest,
    ListPermissionsResponse,
    Permission,
    RevokePermissionRequest,
    Table,
)
from bytehouse_raw.plan import Plan

from ..._core.options import CallOptions
from ..._core.validation import require_name
from ..._params.permissions import Action, ObjectKind
from ..._types.identifiers import Identifier, target_of
from ..paginator import AsyncPager
from ..warehouse_ids import warehouse_id
from ._base import AsyncResource


class AsyncPermissions(AsyncResource):
    """List, grant and revoke the permissions of a role on one object.

    Example:
        await client.permissions.grant("Analyst", "SELECT", on="sales.orders")
        await client.permissions.grant("Analyst", "USE", on="etl", kind="VIRTUAL_WAREHOUSE")

    `role_name` is the role that the permission is about; the option `role` is the one to act under.
    `on` names a table or view as ``database.name``, a database, or with ``*`` the account; its id
    and its kind are looked up first (`GET /v1/databases/...`). With `kind`, `on` is the id itself,
    and sent as it is; of a virtual warehouse it may be the name as well. The API's docs name
    neither kinds nor actions, nor say what an id is: `ObjectKind` and `Action` have the likely
    ones, that an id is the ``uuid`` of the object is inferred, and every string is accepted.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `AsyncByteHouse.send`.
    """

    def list(
        self,
        role_name: str,
        *,
        on: str | Identifier,
        kind: ObjectKind | str | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncPager[Permission]:
        """List what a role may do with an object.

        `GET /v1/iam/permissions` (inferred, and so are the fields and the key of the list)

        Args:
            role_name: Name of the role that is asked about.
            on: The object, by name; by id if `kind` is given.
            kind: Kind of the object; found by its name if not given.
            **options: Options of the calls.

        Raises:
            InvalidArgument: An argument is empty; nothing was sent.
            NotFound: There is no such object.
            ResponseDecodeError: It is not clear which part of the response is the list.
        """
        role_name = require_name(role_name, "role_name")

        async def plan(options: CallOptions) -> Plan[ListPermissionsResponse]:
            resource_id, object_type = await self._object(on, kind, options)
            return list_permissions.plan(
                role_name=role_name,
                byte_house_resource_id=resource_id,
                secure_object_type_name=object_type,
            )

        return self._list_of(Permission, plan, options)

    async def grant(
        self,
        role_name: str,
        action: Action | str,
        *,
        on: str | Identifier,
        kind: ObjectKind | str | None = None,
        grant_option: bool = False,
        **options: Unpack[CallOptions],
    ) -> Permission:
        """Let a role do something with an object.

        `POST /v1/iam/permissions` (inferred, and so are the fields of the response)

        Args:
            role_name: Name of the role that is granted the permission.
            action: What it may do, such as ``SELECT``; see `Action`.
            on: The object, by name; by id if `kind` is given.
            kind: Kind of the object; found by its name if not given.
            grant_option: Whether the role may pass the permission on.
            **options: Options of the calls.

        Returns:
            What the service says of the permission.

        Raises:
            InvalidArgument: An argument makes no sense; nothing was sent.
            NotFound: There is no such object.
            PermissionDenied: The acting role may not grant this.
            OutcomeUnknown: No response was received; `list` shows whether the permission is there.
        """
        role_name, action = require_name(role_name, "role_name"), require_name(action, "action")
        resource_id, object_type = await self._object(on, kind, options)
        body = GrantPermissionRequest(
            role_name=role_name,
            byte_house_resource_id=resource_id,
            secure_object_type_name=object_type,
            action_name=str(action),
            grant_option=grant_option,
        )
        return await self._data(grant_permission.plan(body=body), options)

    async def revoke(
        self,
        role_name: str,
        action: Action | str,
        *,
        on: str | Identifier,
        kind: ObjectKind | str | None = None,
        **options: Unpack[CallOptions],
    ) -> None:
        """Let a role no longer do something with an object.

        `DELETE /v1/iam/permissions` (inferred)

        Args:
            role_name: Name of the role that loses the permission.
            action: What it may no longer do; see `Action`.
            on: The object, by name; by id if `kind` is given.
            kind: Kind of the object; found by its name if not given.
            **options: Options of the calls.

        Raises:
            InvalidArgument: An argument is empty; nothing was sent.
            NotFound: There is no such object.
            PermissionDenied: The acting role may not revoke this.
            OutcomeUnknown: No response was received; `list` shows whether it is still there.
        """
        role_name, action = require_name(role_name, "role_name"), require_name(action, "action")
        resource_id, object_type = await self._object(on, kind, options)
        body = RevokePermissionRequest(
            role_name=role_name,
            byte_house_resource_id=resource_id,
            secure_object_type_name=object_type,
            action_name=str(action),
        )
        await self._send(revoke_permission.plan(body=body), options)

    async def _object(
        self, on: str | Identifier, kind: ObjectKind | str | None, options: CallOptions
    ) -> tuple[str, str]:
        """Return the id and the kind of an object."""
        if kind is not None:
            kind, resource_id = str(require_name(kind, "kind")), require_name(str(on), "on")
            if kind == ObjectKind.VIRTUAL_WAREHOUSE:
                resource_id = await warehouse_id(self._client, resource_id, options)
            return resource_id, kind
        if on == "*":
            return "*", str(ObjectKind.ACCOUNT)
        parts = target_of(on).parts
        found: Database | Table
        if len(parts) == 1:
            found = await self._client.databases.get(*parts, **options)
            kind = ObjectKind.DATABASE
        else:
            found = await self._client.tables.get(*parts, **options)
            known = str(found.type).upper()
            kind = ObjectKind(known) if known in list(ObjectKind) else ObjectKind.TABLE
        return found.uuid or ".".join(parts), str(kind)
