"""Print what a command found: in the format, to the place and as much of it as was asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from ._formats import (
    BINARY,
    ENDINGS,
    FORMATS,
    Rows,
    is_terminal,
    to_json,
    to_text,
    write_batches,
    writer,
)
from ._plain import plain
from ._settings import global_options

if TYPE_CHECKING:
    from bytehouse import ResultColumn


def output_format(machine: str = "ndjson") -> str:
    """Return the format of the output.

    It is the one that was asked for, or the one that the ending of the file names, or a table in a
    terminal, or else what programs read.

    Args:
        machine: What programs read.
    """
    given = global_options()
    if given.format:
        return given.format
    if given.output:
        return format_of(given.output) or machine
    return "table" if is_terminal(sys.stdout) else machine


def format_of(path: str) -> str | None:
    """Return the format that the ending of a file names; None if it names none."""
    ending = Path(path).suffix.removeprefix(".").lower()
    form = ENDINGS.get(ending, ending)
    return form if form in FORMATS else None


@contextmanager
def output_file() -> Iterator[IO[bytes]]:
    """Open the place of the output; a file gets its name when it is complete.

    Raises:
        UsageError: Binary data would go to a terminal.
    """
    path = global_options().output
    if path and path != "-":
        from bytehouse._core.files import atomic_file

        with atomic_file(path, "wb") as file:
            yield file
        return
    if output_format() in BINARY and is_terminal(sys.stdout):
        raise click.UsageError(f"{output_format()} is not for a terminal: add -o FILE.")
    sys.stdout.flush()
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


def print_value(value: Any, columns: Sequence[str] = ()) -> None:
    """Print what the client returned: a model, a mapping, or any iterable of those.

    Args:
        value: What to print.
        columns: What a table shows of it, unless ``--columns`` says otherwise.
    """
    given, form = global_options(), output_format()
    value = plain(value)
    if given.query is not None:
        value, columns = given.query.search(value), ()
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        shown = columns if form in ("table", "markdown") else ()
        _print_records(value, shown)
    elif isinstance(value, dict):
        record = {name: value[name] for name in chosen(list(value))}
        if form in ("table", "markdown", "vertical"):
            print_rows(("field", "value"), [list(record.items())], choose=False)
        elif form == "json":
            _print_other(record, form)
        else:
            _print_records([record], list(record))
    else:
        _print_other(value, form)


def print_word(name: str, value: str) -> None:
    """Print one word as it is, for a script to take; with ``--format`` as a field of that name."""
    if global_options().format or global_options().query is not None:
        print_value({name: value})
        return
    with output_file() as file:
        file.write(_text_line(value) + b"\n")


def _print_records(records: list[dict[str, Any]], columns: Sequence[str]) -> None:
    known = list(dict.fromkeys(name for record in records for name in record))
    if global_options().columns:
        names = chosen(known)
    else:
        names = list(columns) or [n for n in known if any(r.get(n) is not None for r in records)]
    flat = output_format() not in ("json", "ndjson", *BINARY)
    rows = [
        tuple(_flat(record.get(n)) if flat else record.get(n) for n in names) for record in records
    ]
    print_rows(names, [rows], choose=False)


def _flat(value: Any) -> Any:
    """Return a container as JSON: what the API returns is no value of the engine."""
    return to_text(value) if isinstance(value, list | dict) else value


def _print_other(value: Any, form: str) -> None:
    if form in BINARY:
        raise click.UsageError(f"{form} is for rows, and this output has none.")
    with output_file() as file:
        if form == "json":
            file.write(to_json(value, indent=2) + b"\n")
            return
        write = to_json if form == "ndjson" else _text_line
        for item in value if isinstance(value, list) else [value]:
            file.write(write(item) + b"\n")


def _text_line(value: Any) -> bytes:
    return b"" if value is None else to_text(value).encode("utf-8", "surrogateescape")


def print_rows(columns: Sequence[str], blocks: Iterable[Rows], *, choose: bool = True) -> None:
    """Print rows as they come.

    Args:
        columns: Names of the columns.
        blocks: Stretches of rows.
        choose: Whether ``--columns`` and ``--query`` apply.
    """
    if choose and global_options().query is not None:
        print_value([dict(zip(columns, row, strict=True)) for rows in blocks for row in rows])
        return
    with output_file() as file:
        if output_format() in BINARY:
            table = _arrow_table(columns, blocks)
            names = chosen(columns) if choose else columns
            write_table(file, table.select(list(names)))
        else:
            from bytehouse import ResultColumn

            named = [ResultColumn(name) for name in columns]
            write_rows(file, named, blocks, choose=choose)


def write_rows(
    file: IO[bytes],
    columns: Sequence[ResultColumn],
    blocks: Iterable[Rows],
    *,
    choose: bool = True,
    null: str = "",
) -> None:
    """Write one result in a text format.

    Args:
        file: Where to write.
        columns: The columns.
        blocks: Stretches of rows.
        choose: Whether ``--columns`` applies.
        null: How what is absent is shown to people.
    """
    available = [column.name for column in columns]
    names = chosen(available) if choose else available
    shown = columns if names == available else [columns[available.index(n)] for n in names]
    terminal = not global_options().output and is_terminal(sys.stdout)
    out = writer(output_format(), file, shown, terminal=terminal, null=null)
    for rows in select(blocks, available, names):
        out.write(rows)
    out.close()


def write_table(file: IO[bytes], table: Any) -> None:
    """Write an Arrow table in a binary format."""
    write_batches(output_format(), file, table.schema, table.to_batches())


def select(blocks: Iterable[Rows], columns: Sequence[str], names: Sequence[str]) -> Iterable[Rows]:
    """Return rows with some of their columns."""
    if list(columns) == list(names):
        return blocks
    places = [list(columns).index(name) for name in names]
    return ([tuple(row[n] for n in places) for row in rows] for rows in blocks)


def chosen(columns: Sequence[str]) -> list[str]:
    """Return the names of the columns that ``--columns`` asks for.

    Raises:
        UsageError: There is no such column.
    """
    given = global_options().columns
    unknown = [name for name in given if name not in columns]
    if unknown and columns:
        raise click.UsageError(
            f"There is no column {', '.join(unknown)}. Columns: {', '.join(columns)}."
        )
    return list(given or columns)


def _arrow_table(columns: Sequence[str], blocks: Iterable[Rows]) -> Any:
    from bytehouse._core.extras import import_optional

    arrow = import_optional("pyarrow", "arrow")
    rows = [row for block in blocks for row in block]
    return arrow.table({name: [row[n] for row in rows] for n, name in enumerate(columns)})


def print_request(shown: Mapping[str, Any]) -> None:
    """Print a request that is not sent; the file for what it would return stays as it is."""
    given = global_options()
    given.output = None
    given.format = given.format if given.format not in BINARY else None
    if output_format() != "table":
        print_value(shown)
        return
    click.echo(f"{shown['method']} {shown['url']}")
    for name, value in shown["headers"].items():
        click.echo(f"{name}: {value}")
    if shown["body"] is not None:
        click.echo()
        click.echo(to_json(shown["body"], indent=2))
