"""API keys, roles and who holds them."""

from __future__ import annotations

from typing import Any

from bytehouse_emulator.calls.authorization import any_role, manage_roles
from bytehouse_emulator.calls.call import Call, operation
from bytehouse_emulator.calls.envelope import success
from bytehouse_emulator.errors import invalid
from bytehouse_emulator.iam.users import Assignment, expiry_in_days, positive_days
from bytehouse_emulator.model.account import ACCOUNT_ID


@operation(any_role)
def create_api_key(call: Call) -> dict[str, Any]:
    """Create an API key of the caller; only this response has its secret."""
    iam = call.emulator.iam
    days = expiry_in_days(call.body)
    key, secret = iam.create_key(call.caller.user, days, call.body.get("comment", ""))
    return success(iam.describe_key(key) | {"apiKey": secret})


@operation(any_role)
def list_api_keys(call: Call) -> dict[str, Any]:
    """Return the caller's keys, without their secrets."""
    iam = call.emulator.iam
    return success([iam.describe_key(key) for key in iam.keys(call.caller.user)])


@operation(any_role)
def delete_api_key(call: Call) -> dict[str, Any]:
    """Delete a key of the caller, which is invalid from now on."""
    call.emulator.iam.delete_key(call.caller, call.string("api_key_id"))
    return success()


@operation(any_role)
def set_api_key_status(call: Call) -> dict[str, Any]:
    """Enable or disable a key of the caller."""
    status = call.body.get("status")
    if status is None:
        raise invalid("ApiKey", "The request names no status: ENABLED or DISABLED.")
    call.emulator.iam.set_key_status(call.caller, call.string("api_key_id"), status)
    return success()


@operation(any_role)
def extend_api_key_expiry(call: Call) -> dict[str, Any]:
    """Extend a key of the caller."""
    days = positive_days(call.body.get("addExpiryInDays"), "addExpiryInDays")
    call.emulator.iam.extend_key(call.caller.user, call.string("api_key_id"), days)
    return success()


@operation(manage_roles)
def list_roles(call: Call) -> dict[str, Any]:
    """Return every role of the account; the operation has no pages."""
    roles = [
        {
            "id": role.id,
            "name": role.name,
            "description": role.description,
            "createdAt": role.created_at,
        }
        for role in call.emulator.iam.roles()
    ]
    return success({"roles": roles}, {"offset": 0, "total": len(roles)})


@operation(manage_roles)
def list_assignments(call: Call) -> dict[str, Any]:
    """Return the assignments of roles; that an unknown user has none is inferred."""
    user = call.parameters.get("UserID")
    found = call.emulator.iam.assignments(user)
    return success({"assignments": [_describe(assignment) for assignment in found]})


@operation(manage_roles)
def assign_role(call: Call) -> dict[str, Any]:
    """Assign a role to a user."""
    return success(_describe(call.emulator.iam.assign(*_read(call.body))))


@operation(manage_roles)
def unassign_role(call: Call) -> dict[str, Any]:
    """Remove a role from a user."""
    return success(_describe(call.emulator.iam.unassign(*_read(call.body))))


@operation(any_role)
def get_account_status(call: Call) -> dict[str, Any]:
    """Return that the account is active; the value and the other keys are inferred."""
    del call
    return success({"status": "ACTIVE", "accountID": ACCOUNT_ID})


def _read(body: dict[str, Any]) -> tuple[int, str]:
    user, role = body.get("UserID"), body.get("RoleName")
    if user is None or not role:
        raise invalid("Assignment", "The request must name UserID and RoleName.")
    return int(user), role


def _describe(assignment: Assignment) -> dict[str, Any]:
    return {
        "UserID": assignment.user,
        "RoleName": assignment.role,
        "createdAt": assignment.created_at,
    }
