"""`bytehouse shell`: an interactive prompt."""

from __future__ import annotations

import sys

import click

from .._formats import is_terminal
from .._settings import Command, global_options


@click.command(
    cls=Command,
    examples="""
    bytehouse shell
    bytehouse shell --profile prod --warehouse etl
    """,
)
def command() -> None:
    r"""Enter statements at a prompt, in one session, so that USE and SET stay in effect.

    Statements end with ; and may have several lines. Tab completes keywords, databases, tables and
    columns. Ctrl-C cancels a statement and not the shell. \d, \l, \timing, \format, \e and \q are
    commands; \? explains them.
    """
    if not is_terminal(sys.stdin) or not is_terminal(sys.stdout):
        raise click.UsageError("The shell needs a terminal; `bytehouse query` reads a pipe.")
    from .._shell import Shell

    with global_options().client() as client:
        Shell(client).run()
