"""Answer the operations on metadata subscriptions.

What a subscription brings is not documented, so it is kept and brings nothing. The token is taken
as it comes: the documented example is not a whole JSON Web Token.
"""

from __future__ import annotations

from typing import Any

from .._call import Call, operation
from .._errors import invalid


@operation
def subscribe_metadata(call: Call) -> dict[str, Any]:
    """Subscribe a user to the metadata of an account; a second time changes nothing."""
    account, user = _read(call)
    call.emulator.subscriptions.add(account, user)
    return {"message": "Success"}


@operation
def unsubscribe_metadata(call: Call) -> dict[str, Any]:
    """End a subscription; that ending none is a success too is inferred."""
    account, user = _read(call)
    call.emulator.subscriptions.remove(account, user)
    return {"message": "Success"}


def _read(call: Call) -> tuple[str, str]:
    for name in ("X-Account-ID", "X-User-ID", "X-Bytehouse-Token"):
        if not call.text(name).strip():
            raise invalid("Parameter", f"The header parameter {name!r} must not be empty.")
    return call.text("X-Account-ID"), call.text("X-User-ID")
