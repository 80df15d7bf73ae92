"""Metadata subscriptions.

What a subscription delivers is not documented, so it is stored and delivers nothing. The token is
not verified: the documented example is not a complete JSON Web Token.
"""

from __future__ import annotations

from typing import Any

from bytehouse_emulator.calls.authorization import any_role
from bytehouse_emulator.calls.call import Call, operation
from bytehouse_emulator.errors import invalid


@operation(any_role)
def subscribe_metadata(call: Call) -> dict[str, Any]:
    """Subscribe a user to the metadata of an account, if that was not done before."""
    call.emulator.subscriptions.add(*_account_and_user(call))
    return {"message": "Success"}


@operation(any_role)
def unsubscribe_metadata(call: Call) -> dict[str, Any]:
    """End a subscription; that ending none is a success too is inferred."""
    call.emulator.subscriptions.remove(*_account_and_user(call))
    return {"message": "Success"}


def _account_and_user(call: Call) -> tuple[str, str]:
    for name in ("X-Account-ID", "X-User-ID", "X-Bytehouse-Token"):
        if not call.string(name).strip():
            raise invalid("Parameter", f"The header parameter {name!r} must not be empty.")
    return call.string("X-Account-ID"), call.string("X-User-ID")
