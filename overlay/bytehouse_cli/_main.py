"""Find the command that is asked for, run it, and turn errors into exit codes."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bytehouse._version import __version__

from . import _commands
from ._given import Group
from ._output import exit_code, print_error

__all__ = ["root", "run"]

_EXIT_CODES = """\
\b
Exit codes:
  0    it went well
  1    the service said no, or what was asked for could not be read
  2    the command line makes no sense
  3    the configuration makes no sense, or lacks something
  4    the host could not be reached, or did not answer in time
  5    whether a call took effect is not known
  130  interrupted
"""


class _Root(Group):
    """The commands, each loaded when it is needed."""

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
