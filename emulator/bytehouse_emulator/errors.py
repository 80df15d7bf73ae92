"""The error that a request gets: an HTTP status, a code and a message.

The service documents 400 (bad request), 403 (authentication failed), 404 (not found), 422 (illegal
state) and 500, and no other statuses. Errors are raised with the conventional status; which one is
returned is a setting. Which documented status stands for which conventional one is inferred.

The service documents no error body. The form used here, a message and an `error` object with a code
such as `errbook_Database_NotFound`, is that of a sister API and is inferred.
"""

from __future__ import annotations

from typing import Any, Final, Literal

Statuses = Literal["documented", "conventional"]
_DOCUMENTED: Final = {401: 403, 409: 422, 413: 400, 415: 400}


class EmulatorError(Exception):
    """An error response.

    Args:
        status: The conventional status.
        code: The code, without its prefix.
        message: What went wrong, and what to do.
        documented: The documented status, where it does not follow from the conventional one.
    """

    def __init__(self, status: int, code: str, message: str, documented: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.documented = documented or _DOCUMENTED.get(status, status)
        self.code = f"errbook_{code}"
        self.message = message

    def status_in(self, statuses: Statuses) -> int:
        """Return the status of the response."""
        return self.documented if statuses == "documented" else self.status

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


def already_exists(kind: str, message: str) -> EmulatorError:
    """Make the error for an object that exists already.

    A sister API documents 400 for it.
    """
    return EmulatorError(409, f"{kind}_AlreadyExists", message, documented=400)


def illegal_state(kind: str, message: str) -> EmulatorError:
    """Make the error for a request that the state of an object does not allow."""
    return EmulatorError(409, f"{kind}_IllegalState", message)


def not_modelled(what: str, reason: str) -> EmulatorError:
    """Make the error for a request that the service would serve and the emulator cannot."""
    return EmulatorError(501, "Emulator_NotModelled", f"{what} is not modelled: {reason}")


def syntax_error(reason: str) -> EmulatorError:
    """Make the error for a statement that cannot be parsed, in the engine's own words."""
    message = f"Code: 62. DB::Exception: Syntax error: {reason} (SYNTAX_ERROR)"
    return EmulatorError(400, "Query_SyntaxError", message)


def statement_refused(reason: str) -> EmulatorError:
    """Make the error for a statement that no role may run."""
    return EmulatorError(403, "Query_AccessDenied", f"The statement is refused: {reason}")


def permission_denied(message: str) -> EmulatorError:
    """Make the error for a role that lacks a permission."""
    return EmulatorError(403, "Auth_PermissionDenied", message)
