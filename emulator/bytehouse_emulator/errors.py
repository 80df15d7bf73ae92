"""The error that a request gets: an HTTP status, a code and a message.

The service documents no error body. The form used here, a message and an `error` object with a code
such as `errbook_Database_NotFound`, is that of a sister API and is inferred.
"""

from __future__ import annotations

from typing import Any


class EmulatorError(Exception):
    """An error response."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = f"errbook_{code}"
        self.message = message

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the response."""
        return {
            "message": self.message,
            "error": {"code": self.code, "message": self.message},
        }


def not_found(kind: str, name: str) -> EmulatorError:
    """Make the error for an object that does not exist."""
    return EmulatorError(404, f"{kind}_NotFound", f"{kind} {name!r} does not exist.")


def invalid(kind: str, message: str) -> EmulatorError:
    """Make the error for a request that is wrong in itself."""
    return EmulatorError(400, f"{kind}_Invalid", message)


def conflict(kind: str, message: str) -> EmulatorError:
    """Make the error for a request that the state of an object does not allow."""
    return EmulatorError(409, f"{kind}_Conflict", message)


def not_modelled(what: str, reason: str) -> EmulatorError:
    """Make the error for a request that the service would serve and the emulator cannot."""
    return EmulatorError(501, "Emulator_NotModelled", f"{what} is not modelled: {reason}")


def permission_denied(message: str) -> EmulatorError:
    """Make the error for a role that lacks a permission."""
    return EmulatorError(403, "Auth_PermissionDenied", message)
