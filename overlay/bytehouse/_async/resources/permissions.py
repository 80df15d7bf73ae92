"""What a role may do."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.iam import grant_permission, list_permissions, revoke_permission
from bytehouse_raw.models import GrantPermissionRequest, Permission, RevokePermissionRequest

from ..._core.options import CallOptions
from ..._core.validation import require_bool, require_name
from ..paginator import AsyncPager
from ._base import AsyncResource


class AsyncPermissions(AsyncResource):
    """List, grant and revoke the permissions of a role on one object.

    `role_name` is the role that the permission is about; the option `role` is the one to act under.
    The kinds of objects and the actions are not documented: `list` shows the names that the
    service uses. Every method takes the options of a call (`role`, `timeout`, `deadline`,
    `max_retries`, `headers`; see `CallOptions`) and raises the errors of `AsyncByteHouse.send`.
    """

    def list(
        self, role_name: str, resource_id: str, object_type: str, **options: Unpack[CallOptions]
    ) -> AsyncPager[Permission]:
        """List what a role may do with an object.

        `GET /v1/iam/permissions` (inferred, and so are the fields and the key of the list)

        Args:
            role_name: Name of the role that is asked about.
            resource_id: Id of the object.
            object_type: Kind of the object.
            **options: Options of the call.

        Raises:
            InvalidArgument: An argument is empty; nothing was sent.
            ResponseDecodeError: It is not clear which part of the response is the list.
        """
        plan = list_permissions.plan(
            role_name=require_name(role_name, "role_name"),
            byte_house_resource_id=require_name(resource_id, "resource_id"),
            secure_object_type_name=require_name(object_type, "object_type"),
        )
        return self._list_of(Permission, plan, options)

    async def grant(
        self,
        role_name: str,
        resource_id: str,
        object_type: str,
        action: str,
        *,
        grant_option: bool = False,
        **options: Unpack[CallOptions],
    ) -> Permission:
        """Let a role do something with an object.

        `POST /v1/iam/permissions` (inferred, and so are the fields of the response)

        Args:
            role_name: Name of the role that is granted the permission.
            resource_id: Id of the object.
            object_type: Kind of the object.
            action: Name of the action.
            grant_option: Whether the role may pass the permission on.
            **options: Options of the call.

        Returns:
            What the service says of the permission.

        Raises:
            InvalidArgument: An argument makes no sense; nothing was sent.
            PermissionDenied: The acting role may not grant this.
            OutcomeUnknown: No response was received; `list` shows whether the permission is there.
        """
        body = GrantPermissionRequest(
            role_name=require_name(role_name, "role_name"),
            byte_house_resource_id=require_name(resource_id, "resource_id"),
            secure_object_type_name=require_name(object_type, "object_type"),
            action_name=require_name(action, "action"),
            grant_option=require_bool(grant_option, "grant_option"),
        )
        return await self._data(grant_permission.plan(body=body), options)

    async def revoke(
        self,
        role_name: str,
        resource_id: str,
        object_type: str,
        action: str,
        **options: Unpack[CallOptions],
    ) -> None:
        """Let a role no longer do something with an object.

        `DELETE /v1/iam/permissions` (inferred)

        Args:
            role_name: Name of the role that loses the permission.
            resource_id: Id of the object.
            object_type: Kind of the object.
            action: Name of the action.
            **options: Options of the call.

        Raises:
            InvalidArgument: An argument is empty; nothing was sent.
            PermissionDenied: The acting role may not revoke this.
            OutcomeUnknown: No response was received; `list` shows whether it is still there.
        """
        body = RevokePermissionRequest(
            role_name=require_name(role_name, "role_name"),
            byte_house_resource_id=require_name(resource_id, "resource_id"),
            secure_object_type_name=require_name(object_type, "object_type"),
            action_name=require_name(action, "action"),
        )
        await self._send(revoke_permission.plan(body=body), options)
