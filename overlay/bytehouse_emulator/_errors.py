"""Say what went wrong as an HTTP status, a code and a message.

The service documents no error body. The shape used here, a message and an `error` object with a
code such as `errbook_Database_NotFound`, is that of a sister API and is inferred.
"""

from __future__ import annotations

from typing import Any


class EmulatorError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = f"errbook_{code}"
        self.message = message

    def body(self) -> dict[str, Any]:
        """Make the JSON body of the answer."""
        return {
            "message": self.message,
            "error": {"code": self.code, "message": self.message},
        }


def not_found(kind: str, name: str) -> EmulatorError:
    """Say that an object does not exist."""
    return EmulatorError(404, f"{kind}_NotFound", f"{kind} {name!r} does not exist.")


def invalid(kind: str, message: str) -> EmulatorError:
    """Say that a request asks for something that cannot be."""
    return EmulatorError(400, f"{kind}_Invalid", message)


def conflict(kind: str, message: str) -> EmulatorError:
    """Say that a request is at odds with what there is."""
    return EmulatorError(409, f"{kind}_Conflict", message)


def not_modelled(what: str, reason: str) -> EmulatorError:
    """Say that the emulator has no answer where the service would have one."""
    return EmulatorError(501, "Emulator_NotModelled", f"{what} is not modelled: {reason}")
