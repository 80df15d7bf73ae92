"""`bytehouse emulator`: the local ByteHouse."""

from __future__ import annotations

import click


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run a local ByteHouse.

    Accepts the options of `bytehouse-emulator`.
    """
    from bytehouse_emulator.cli import main

    main(arguments)
