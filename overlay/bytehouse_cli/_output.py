"""Print results to standard output and errors to standard error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bytehouse import ByteHouseError


def print_json(value: Any) -> None:
    """Print a value as JSON; a secret prints as stars."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2))


def print_table(rows: Iterable[Sequence[str]]) -> None:
    """Print rows with aligned columns."""
    listed = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    for row in listed:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def print_error(error: ByteHouseError) -> None:
    """Print what went wrong, and what to do next."""
    what = str(error).removesuffix(f" Hint: {error.hint}")
    click.echo(f"Error: {what}", err=True)
    if error.hint:
        click.echo(f"Hint: {error.hint}", err=True)


def exit_code(error: ByteHouseError) -> int:
    """Return the exit code for an error."""
    from bytehouse import ConfigError, InvalidArgument, OutcomeUnknown, TransportError

    for kind, code in (
        (InvalidArgument, 2),
        (ConfigError, 3),
        (OutcomeUnknown, 5),
        (TransportError, 4),
    ):
        if isinstance(error, kind):
            return code
    return 1
