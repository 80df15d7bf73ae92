"""Run a command, and turn errors into exit codes."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bytehouse._version import __version__

from . import _commands
from ._options import Group
from ._output import exit_code, print_error

_EXIT_CODES = """\
\b
Exit codes:
  0    success
  1    the API returned an error, or its response could not be read
  2    the command line is invalid
  3    the configuration is invalid or incomplete
  4    the host could not be reached, or did not respond in time
  5    it is unknown whether a call took effect
  130  interrupted
"""


class _Root(Group):
    """The commands, each loaded on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return _commands.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return one command."""
        return _commands.load(cmd_name)


@click.group(
    cls=_Root,
    outermost=True,
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="bytehouse %(version)s")
def root() -> None:
    """Talk to ByteHouse from a shell.

    Host and key come from BYTEHOUSE_HOST and BYTEHOUSE_API_KEY or from a profile in
    ~/.config/bytehouse/config.toml; the key has no option because other users of a machine can
    read command lines. Global options may stand before a command or after it.
    """


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    try:
        code = root.main(list(arguments), prog_name="bytehouse", standalone_mode=False)
    except click.Abort:
        click.echo("Interrupted.", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Exception as error:
        from bytehouse import ByteHouseError

        if not isinstance(error, ByteHouseError):
            raise
        print_error(error)
        return exit_code(error)
    return code if isinstance(code, int) else 0
