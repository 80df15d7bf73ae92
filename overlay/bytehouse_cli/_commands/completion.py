"""`bytehouse completion`: complete commands and options in a shell."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from bytehouse._core.files import atomic_file

from .._formats import note
from .._settings import Command, end_dry_run

_FILES = {
    "bash": ("XDG_DATA_HOME", ".local/share", "bash-completion/completions/bytehouse"),
    "zsh": ("XDG_DATA_HOME", ".local/share", "zsh/site-functions/_bytehouse"),
    "fish": ("XDG_CONFIG_HOME", ".config", "fish/completions/bytehouse.fish"),
}


@click.command(
    cls=Command,
    examples="""
    bytehouse completion bash --install
    bytehouse completion zsh > _bytehouse
    """,
)
@click.argument("shell", type=click.Choice(list(_FILES)))
@click.option("--install", is_flag=True, help="Write it to where the shell finds it.")
def command(shell: str, install: bool) -> None:
    """Print what a shell needs to complete commands, options and their values.

    With --install it is written where bash-completion and fish find it by themselves. zsh finds it
    once the folder is in `fpath`, which the last line of the output says how to do.
    """
    from .._main import root

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has these shells
    source = kind(root, {}, "bytehouse", "_BYTEHOUSE_COMPLETE").source()
    if not install:
        click.echo(source)
        return
    variable, default, name = _FILES[shell]
    base = Path(os.environ.get(variable) or Path.home() / default)
    file = base / name
    end_dry_run(f"write {file}")
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(file, "w") as opened:
        opened.write(source)
    note(f"Wrote {file}.")
    if shell == "zsh":
        note(f"Add this to ~/.zshrc, before compinit: fpath=({file.parent} $fpath)")
    else:
        note("It is in effect in new shells.")
