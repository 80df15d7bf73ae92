"""Answer the operations on what roles may do."""

from __future__ import annotations

from typing import Any, Final

from .._access import ACCOUNT, Resource
from .._call import Call, operation
from .._envelope import success
from .._errors import invalid

_REQUIRED: Final = ("RoleName", "SecureObjectTypeName", "ActionName")


@operation
def grant_permission(call: Call) -> dict[str, Any]:
    """Give a role a permission: who manages roles may, and who was given it with the option."""
    access, body = call.emulator.access, call.body
    role, action, resource = _read(call)
    if not access.may(call.role, action, resource, granting=True):
        access.require(call.role, "MANAGE ROLES", ACCOUNT)
    option = body.get("GrantOption", False)
    access.grant(role, action, resource, option=option)
    return success(_describe(role, action, resource, body, option=option))


@operation
def revoke_permission(call: Call) -> dict[str, Any]:
    """Take a permission from a role; that one which it lacks is not found is inferred."""
    role, action, resource = _read(call)
    call.emulator.access.revoke(role, action, resource)
    return success()


@operation
def list_permissions(call: Call) -> dict[str, Any]:
    """Answer with what a role may do with an object itself, without what wider grants give it."""
    access, asked = call.emulator.access, call.parameters
    role = call.text("RoleName")
    resource = access.find(call.text("SecureObjectTypeName"), call.text("ByteHouseResourceID"))
    found = [
        _describe(role, action, resource, asked, option=option)
        for action, option in access.permissions(role, resource)
    ]
    return success({"permissions": found})


def _read(call: Call) -> tuple[str, str, Resource]:
    body = call.body
    if missing := [name for name in _REQUIRED if not body.get(name)]:
        raise invalid("Permission", f"The request must name {' and '.join(missing)}.")
    call.emulator.iam.require_role(body["RoleName"])
    resource = call.emulator.access.find(
        body["SecureObjectTypeName"], body.get("ByteHouseResourceID", "")
    )
    # The case of names that are not documented does not count.
    return body["RoleName"], body["ActionName"].upper(), resource


def _describe(
    role: str, action: str, resource: Resource, asked: dict[str, Any], *, option: bool
) -> dict[str, Any]:
    return {
        "RoleName": role,
        "ByteHouseResourceID": asked.get("ByteHouseResourceID", ""),
        "SecureObjectTypeName": resource.kind,
        "ActionName": action,
        "GrantOption": option,
    }
