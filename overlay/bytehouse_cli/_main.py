"""Run a command, and turn errors into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

import click

from bytehouse._version import __version__

from . import _commands
from ._errors import (
    CLOSED_PIPE,
    INTERRUPTED,
    exit_code,
    exit_codes_text,
    os_error_code,
    print_error,
)
from ._formats import is_terminal, note, warnings_as_notes
from ._resource_table import RESOURCES
from ._settings import Group, ReaderGone


class _Root(Group):
    """The commands, each loaded on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return _commands.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return one command."""
        return _commands.find(cmd_name)

    def names_in_python(self) -> Mapping[str, str | None]:
        """Return the names of groups by those of the client's attributes."""
        return {resource.attribute: group for group, resource in RESOURCES.items()}

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, without loading each, which is slow."""
        with formatter.section("Commands"):
            names = self.list_commands(ctx)
            formatter.write_dl([(name, _commands.summary(name)) for name in names])


@click.group(
    cls=_Root,
    outermost=True,
    epilog=exit_codes_text(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="bytehouse %(version)s")
def root() -> None:
    """Work with ByteHouse from a shell.

    Every setting of the client is an option, an environment variable (BYTEHOUSE_HOST and so on) and
    a line of a profile in ~/.config/bytehouse/config.toml, which `bytehouse init` writes. The key
    is given by reference alone because other users of a machine can read command lines. Global
    options may stand before a command or after it. Output is a table in a terminal, and JSON, one
    object on a line, for programs.
    """
    if os.environ.get("NO_COLOR"):
        click.get_current_context().color = False


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    try:
        with warnings_as_notes():
            code = root.main(list(arguments), prog_name="bytehouse", standalone_mode=False)
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        # What was typed and asked is on the line in which a terminal has the cursor.
        note("\nInterrupted." if is_terminal(sys.stderr) else "Interrupted.")
        return INTERRUPTED
    except click.ClickException as error:
        with suppress(OSError):  # as `note` does
            error.show()
        return error.exit_code
    except ReaderGone:
        _abandon_stdout()
        return CLOSED_PIPE
    except Exception as error:  # noqa: BLE001 - what is not expected is raised again
        return _end_with(error)
    return code if isinstance(code, int) else 0


def _end_with(error: Exception) -> int:
    """Report an error, and return the exit code for it."""
    from bytehouse import ByteHouseError

    if isinstance(error, ByteHouseError):
        code = exit_code(error)
        if code:  # a request that was only shown is no error
            print_error(error)
        return code
    if not isinstance(error, OSError):
        raise error
    _abandon_stdout()
    return os_error_code(error)


def _abandon_stdout() -> None:
    """Let Python end without trying to write again what could not be written."""
    with suppress(OSError, ValueError, AttributeError):  # it may be no file of the system
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
