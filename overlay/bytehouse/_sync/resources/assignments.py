# Derived from overlay/bytehouse/_async/resources/assignments.py by `make generate`. Do not edit.
"""Which user holds which role."""

from __future__ import annotations

from typing import Unpack

from bytehouse_raw.api.iam import assign_role, list_assignments, unassign_role
from bytehouse_raw.models import AssignRoleRequest, RoleAssignment, UnassignRoleRequest

from ..._core.options import CallOptions
from ..._core.validation import require_name
from ..paginator import Pager
from ._base import Resource


class Assignments(Resource):
    """List, add and remove assignments of roles to users.

    `role_name` is the role that is assigned; the option `role` is the one to act under, which needs
    the permission to assign roles. Every method takes the options of a call (`role`, `timeout`,
    `deadline`, `max_retries`, `headers`; see `CallOptions`) and raises the errors of
    `ByteHouse.send`.
    """

    def list(
        self, *, user_id: int | None = None, **options: Unpack[CallOptions]
    ) -> Pager[RoleAssignment]:
        """List which user holds which role.

        `GET /v1/iam/assignments` (inferred, and so are the fields and the key of the list)

        Args:
            user_id: Keeps the roles of one user.
            **options: Options of the call.

        Raises:
            InvalidArgument: `user_id` is not an id; nothing was sent.
            ResponseDecodeError: It is not clear which part of the response is the list.
        """
        plan = list_assignments.plan(user_id=user_id)
        return self._list_of(RoleAssignment, plan, options)

    def assign(
        self, user_id: int, role_name: str, **options: Unpack[CallOptions]
    ) -> RoleAssignment:
        """Assign a role to a user.

        `POST /v1/iam/assignments` (inferred, and so are the fields of the response)

        Args:
            user_id: Id of the user.
            role_name: Name of the role, which must exist.
            **options: Options of the call.

        Returns:
            What the service says of the assignment.

        Raises:
            InvalidArgument: The id or the name makes no sense; nothing was sent.
            PermissionDenied: The acting role may not assign roles.
            OutcomeUnknown: No response was received; `list` shows whether the user has the role.
        """
        body = AssignRoleRequest(user_id=user_id, role_name=require_name(role_name, "role_name"))
        return self._data(assign_role.plan(body=body), options)

    def unassign(
        self, user_id: int, role_name: str, **options: Unpack[CallOptions]
    ) -> RoleAssignment:
        """Remove a role from a user.

        `DELETE /v1/iam/assignments` (inferred, and so are the fields of the response)

        Args:
            user_id: Id of the user.
            role_name: Name of the role to remove.
            **options: Options of the call.

        Returns:
            What the service says of the assignment that was.

        Raises:
            InvalidArgument: The id or the name makes no sense; nothing was sent.
            PermissionDenied: The acting role may not assign roles.
            OutcomeUnknown: No response was received; `list` shows whether the user still has it.
        """
        body = UnassignRoleRequest(user_id=user_id, role_name=require_name(role_name, "role_name"))
        return self._data(unassign_role.plan(body=body), options)
