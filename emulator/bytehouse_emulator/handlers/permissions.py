"""What roles may do."""

from __future__ import annotations

from typing import Any, Final

from bytehouse_emulator.calls.authorization import any_role, manage_roles, own_role
from bytehouse_emulator.calls.call import Call, operation
from bytehouse_emulator.calls.envelope import success
from bytehouse_emulator.errors import invalid
from bytehouse_emulator.iam.permissions import ACCOUNT, Resource

_REQUIRED: Final = ("RoleName", "SecureObjectTypeName", "ActionName")


@operation(any_role)
def grant_permission(call: Call) -> dict[str, Any]:
    """Grant a permission to a role: by who manages roles, or has it with the grant option."""
    permissions, body = call.emulator.permissions, call.body
    role, action, resource = _read(call)
    if not permissions.allows(call.role, action, resource, granting=True):
        permissions.require(call.role, "MANAGE ROLES", ACCOUNT)
    option = body.get("GrantOption", False)
    permissions.grant(role, action, resource, option=option)
    return success(_describe(role, action, resource, body, option=option))


@operation(manage_roles)
def revoke_permission(call: Call) -> dict[str, Any]:
    """Revoke a permission of a role; that one which it lacks is not found is inferred."""
    role, action, resource = _read(call)
    call.emulator.permissions.revoke(role, action, resource)
    return success()


@operation(own_role)
def list_permissions(call: Call) -> dict[str, Any]:
    """Return the permissions of a role on an object itself, without what wider ones include."""
    permissions, role = call.emulator.permissions, call.string("RoleName")
    resource = permissions.find(
        call.string("SecureObjectTypeName"), call.string("ByteHouseResourceID")
    )
    found = [
        _describe(role, action, resource, call.parameters, option=option)
        for action, option in permissions.on(role, resource)
    ]
    return success({"permissions": found})


def _read(call: Call) -> tuple[str, str, Resource]:
    body = call.body
    if missing := [name for name in _REQUIRED if not body.get(name)]:
        raise invalid("Permission", f"The request must name {' and '.join(missing)}.")
    call.emulator.iam.require_role(body["RoleName"])
    resource = call.emulator.permissions.find(
        body["SecureObjectTypeName"], body.get("ByteHouseResourceID", "")
    )
    # Names that are not documented are case-insensitive.
    return body["RoleName"], body["ActionName"].upper(), resource


def _describe(
    role: str, action: str, resource: Resource, request: dict[str, Any], *, option: bool
) -> dict[str, Any]:
    return {
        "RoleName": role,
        "ByteHouseResourceID": request.get("ByteHouseResourceID", ""),
        "SecureObjectTypeName": resource.kind,
        "ActionName": action,
        "GrantOption": option,
    }
