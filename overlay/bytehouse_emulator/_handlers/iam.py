"""Answer the operations on API keys, roles and who holds them."""

from __future__ import annotations

from typing import Any

from .._access import ACCOUNT_ID
from .._call import Call, operation
from .._envelope import success
from .._errors import invalid
from .._iam import Assignment, expiry_in_days, positive


@operation
def create_api_key(call: Call) -> dict[str, Any]:
    """Make an API key for the caller; its secret is shown this once."""
    iam = call.emulator.iam
    days = expiry_in_days(call.body)
    key, secret = iam.create_key(call.caller.user, days, call.body.get("comment", ""))
    return success(iam.describe_key(key) | {"apiKey": secret})


@operation
def list_api_keys(call: Call) -> dict[str, Any]:
    """Answer with the caller's keys, without their secrets."""
    iam = call.emulator.iam
    return success([iam.describe_key(key) for key in iam.keys(call.caller.user)])


@operation
def delete_api_key(call: Call) -> dict[str, Any]:
    """Delete a key of the caller, which is refused from now on."""
    call.emulator.iam.delete_key(call.caller, call.text("api_key_id"))
    return success()


@operation
def set_api_key_status(call: Call) -> dict[str, Any]:
    """Enable or disable a key of the caller."""
    status = call.body.get("status")
    if status is None:
        raise invalid("ApiKey", "The request names no status: ENABLED or DISABLED.")
    call.emulator.iam.set_key_status(call.caller, call.text("api_key_id"), status)
    return success()


@operation
def extend_api_key_expiry(call: Call) -> dict[str, Any]:
    """Let a key of the caller live longer."""
    days = positive(call.body.get("addExpiryInDays"), "addExpiryInDays")
    call.emulator.iam.extend_key(call.caller.user, call.text("api_key_id"), days)
    return success()


@operation
def list_roles(call: Call) -> dict[str, Any]:
    """Answer with every role of the account; no page of them can be asked for."""
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


@operation
def list_assignments(call: Call) -> dict[str, Any]:
    """Answer with who holds which role; that an unknown user holds none is inferred."""
    user = call.parameters.get("UserID")
    found = call.emulator.iam.assignments(user)
    return success({"assignments": [_describe(assignment) for assignment in found]})


@operation
def assign_role(call: Call) -> dict[str, Any]:
    """Give a role to a user."""
    return success(_describe(call.emulator.iam.assign(*_read(call.body))))


@operation
def unassign_role(call: Call) -> dict[str, Any]:
    """Take a role from a user."""
    return success(_describe(call.emulator.iam.unassign(*_read(call.body))))


@operation
def get_account_status(call: Call) -> dict[str, Any]:
    """Say that the account is in use; the word and the other keys are inferred."""
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
