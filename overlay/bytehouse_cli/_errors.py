"""Exit codes, and how errors are printed."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bytehouse import ByteHouseError

INTERRUPTED = 130
CLOSED_PIPE = 141
OUTPUT_FAILED = 6
# The first class of an error that is named here decides.
EXIT_CODES: tuple[tuple[int, tuple[str, ...], str], ...] = (
    (0, ("RequestShown",), "success"),
    (1, ("ByteHouseError",), "any other error, such as a response that could not be read"),
    (2, ("InvalidArgument",), "the command line is invalid; nothing was sent"),
    (3, ("ConfigError",), "the configuration is invalid or incomplete, or could not be written"),
    (4, ("TransportError",), "the host could not be reached"),
    (5, ("OutcomeUnknown",), "it is unknown whether a call took effect"),
    (OUTPUT_FAILED, (), "a local file or the output could not be read or written"),
    (7, ("AuthenticationError",), "the API key was not accepted"),
    (8, ("PermissionDenied",), "the role may not do this"),
    (9, ("NotFound",), "the object does not exist"),
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
_ARGUMENT = re.compile(r"`?\b([a-z_]+)=(?:True|\.\.\.|'(\w+)'|(?=[\s`,.]))`?")


def exit_code(error: ByteHouseError) -> int:
    """Return the exit code for an error: that of its nearest class."""
    codes = {name: code for code, names, _ in EXIT_CODES for name in names}
    return next(codes[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in codes)


def exit_codes_text() -> str:
    """Return the table of exit codes for the help."""
    lines = [f"  {code:<5}{text}" for code, _, text in EXIT_CODES]
    return "\b\nExit codes:\n" + "\n".join(lines)


def print_error(error: ByteHouseError) -> None:
    """Print what went wrong, and what to do next; on standard error, as notes are."""
    what = str(error).removesuffix(f" Hint: {error.hint}")
    click.echo(f"Error: {what}", err=True)
    _print_notes(error)
    if error.hint:
        click.echo(f"Hint: {in_shell(error.hint)}", err=True)


def _print_notes(error: Exception) -> None:
    """Print what the client adds: what it could not clean up, for instance."""
    for added in getattr(error, "__notes__", ()):
        click.echo(added, err=True)


def in_shell(hint: str) -> str:
    """Return a hint with options in the place of the arguments of Python that it names."""

    def option(found: re.Match[str]) -> str:
        name = _OPTIONS.get(found[1]) or found[1].replace("_", "-")
        return f"--{name} {found[2]}" if found[2] else f"--{name}"

    return _ARGUMENT.sub(option, hint)


def os_error_code(error: OSError) -> int:
    """Print an error about a local file or the output, and return its exit code."""
    if error.errno == errno.EPIPE:
        return CLOSED_PIPE
    where = f"{error.filename}: " if error.filename else ""
    click.echo(f"Error: {where}{error.strerror or error}", err=True)
    _print_notes(error)
    return OUTPUT_FAILED
