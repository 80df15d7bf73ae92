"""Exit codes, and how errors are printed."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from ._formats import note
from ._resource_table import RESOURCES

if TYPE_CHECKING:
    from bytehouse import ByteHouseError

INTERRUPTED = 130
CLOSED_PIPE = 141
WRONG_ARGUMENT = 2
OUTPUT_FAILED = 6
NOT_FOUND = 9
# The first class of an error that is named here decides.
EXIT_CODES: tuple[tuple[int, tuple[str, ...], str], ...] = (
    (0, ("RequestShown",), "success"),
    (1, ("ByteHouseError",), "any other error, such as a response that could not be read"),
    (WRONG_ARGUMENT, ("InvalidArgument",), "the command line is invalid; nothing was sent"),
    (3, ("ConfigError",), "the configuration is invalid or incomplete"),
    (4, ("TransportError",), "the host could not be reached"),
    (5, ("OutcomeUnknown",), "it is unknown whether a call took effect"),
    (OUTPUT_FAILED, (), "a local file or the output could not be read or written"),
    (7, ("AuthenticationError",), "the API key was not accepted"),
    (8, ("PermissionDenied",), "the role may not do this"),
    (NOT_FOUND, ("NotFound",), "the object does not exist"),
    (10, ("Conflict",), "it conflicts with what exists, or with its state"),
    (11, ("InvalidRequest",), "the service rejected the request as invalid"),
    (12, ("ServerError", "RateLimited"), "the service failed or refused further calls"),
    (13, ("TimedOut",), "it was not over in time"),
    (14, ("QueryFailed",), "the engine could not run a statement"),
    (15, ("ExecutionFailed",), "a run of an import job failed"),
    (16, ("InsertFailed",), "an insertion ended early, or rows were refused"),
    (17, ("StalePlan",), "a table has changed since it was planned for"),
    (INTERRUPTED, (), "interrupted; what ran on the service was cancelled"),
    (CLOSED_PIPE, (), "the reader of the output went away"),
)
ROWS_REFUSED = 16
# Arguments of Python in hints of the client, whose options have another name.
_OPTIONS = {
    "asynchronous": "async",
    "format": "file-format",
    "params": "param NAME=VALUE",
    "settings": "setting",
}
_HISTORY = "`bytehouse queries history`"
_CALL = re.compile(r"`([a-z_]+)\.([a-z_]+)(?:\(([^()`]*)\))?`")
_ARGUMENT = re.compile(r"`?\b([a-z_]+)=(?:True|\.\.\.|'(\w+)'|(?=[\s`,.]))`?")


def exit_code(error: ByteHouseError) -> int:
    """Return the exit code for an error: that of its nearest class, or of the file behind it."""
    codes = {name: code for code, names, _ in EXIT_CODES for name in names}
    code = next(codes[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in codes)
    return OUTPUT_FAILED if isinstance(error.__cause__, OSError) and code in (1, 3) else code


def exit_codes_text() -> str:
    """Return the table of exit codes for the help."""
    lines = [f"  {code:<5}{text}" for code, _, text in EXIT_CODES]
    return "\b\nExit codes:\n" + "\n".join(lines)


def print_error(error: ByteHouseError) -> None:
    """Print what went wrong, and what to do next; on standard error, as notes are."""
    what = str(error).removesuffix(f" Hint: {error.hint}")
    if exit_code(error) == WRONG_ARGUMENT:  # a text of the client's, and none of the service's
        what = in_shell(what)
    note(f"Error: {what}")
    _print_notes(error)
    if error.hint:
        note(f"Hint: {in_shell(error.hint)}")


def _print_notes(error: Exception) -> None:
    """Print what the client adds: what it could not clean up, for instance."""
    for added in getattr(error, "__notes__", ()):
        note(added)


def in_shell(hint: str) -> str:
    """Return a hint with commands and options in the place of the methods and arguments of Python
    that it names."""

    def option(found: re.Match[str]) -> str:
        name = _OPTIONS.get(found[1]) or found[1].replace("_", "-")
        return f"--{name} {found[2]}" if found[2] else f"--{name}"

    return _ARGUMENT.sub(option, _CALL.sub(_command, hint.replace("`history()`", _HISTORY)))


def _command(call: re.Match[str]) -> str:
    """Return the command of a method, such as ``tables.list('sales')``."""
    for group, resource in RESOURCES.items():
        command = resource.commands.get(call[2], call[2].replace("_", "-"))
        if resource.attribute == call[1] and command:
            given = (word.strip() for word in (call[3] or "").replace("...", "").split(","))
            words = [word.upper() if word.isidentifier() else word.strip("'") for word in given]
            return f"`{' '.join(filter(None, ['bytehouse', group, command, *words]))}`"
    return call[0]


def os_error_code(error: OSError) -> int:
    """Print an error about a local file or the output, and return its exit code."""
    if error.errno == errno.EPIPE:
        return CLOSED_PIPE
    where = f"{error.filename}: " if error.filename else ""
    note(f"Error: {where}{error.strerror or error}")
    _print_notes(error)
    return OUTPUT_FAILED
