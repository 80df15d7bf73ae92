"""Run statements and print their results: what `query`, `shell`, `export` and `queries` share."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from ._formats import BINARY, Rows, is_terminal, note, write_batches
from ._output import chosen, output_file, output_format, print_value, write_rows
from ._settings import global_options

if TYPE_CHECKING:
    from bytehouse import ByteHouse, Result

_LARGEST_BLOCK = 4096


def pairs(what: str) -> Any:
    """Return a callback for a repeatable option whose values are ``NAME=VALUE``.

    Args:
        what: What is named, for the error.
    """

    def split(_context: click.Context, _parameter: click.Parameter, values: Any) -> dict[str, str]:
        found = [value.partition("=") for value in values]
        if not all(name.strip() and sign for name, sign, _ in found):
            raise click.BadParameter(f"must be NAME=VALUE, with the name of a {what}.")
        return {name.strip(): value for name, _, value in found}

    return split


def read_text(file: str) -> str:
    """Return what a file holds; ``-`` is standard input.

    Raises:
        UsageError: It is not UTF-8.
    """
    source = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{file} is not UTF-8: {error.reason}.") from None


def typed(sql: str, given: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the values of parameters; None if there are none.

    The engine converts the value of ``{name:Type}``. That of ``{name}`` is what it is in JSON, such
    as 7, true or null; anything else is a string.
    """
    if not given:
        return None
    from bytehouse._sql.parameters import parameter_types

    types = parameter_types(sql)
    return {name: json_value(text, types.get(name)) for name, text in given.items()}


def json_value(text: str, type_: str | None = None) -> Any:
    """Return what a text is in JSON, or else the text; that of a parameter with a type is text."""
    if type_ is not None and not (type_.startswith("Nullable(") and text == "null"):
        return text
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text


def blocks_of(rows: Iterable[Any]) -> Iterator[Rows]:
    """Yield rows in blocks that grow, so that the first is seen at once and many are quick."""
    iterator, size = iter(rows), 1
    while block := list(islice(iterator, size)):
        yield block
        size = min(size * 2, _LARGEST_BLOCK)


def shows_progress() -> bool:
    """Return whether somebody sees progress on standard error."""
    return is_terminal(sys.stderr)


def run_statements(client: ByteHouse, statements: str, **arguments: Any) -> int:
    """Run statements with progress, and print their results; return how many rows there were."""
    if "timeout" in global_options().settings:
        arguments["timeout"] = client.config.timeout  # of the statements, not of one attempt
    with client.query(statements, progress=shows_progress(), **arguments) as result:
        return print_results(result)


def print_results(result: Result) -> int:
    """Print the results of all statements, one after another, as they come; return how many rows
    there were."""
    if global_options().query is not None:
        found = [list(one.mappings()) for one in result.results() if one.columns]
        for rows in found:
            print_value(rows)
        return sum(map(len, found))
    total = several = 0
    with output_file() as file:
        for one in result.results():
            count = 0
            if one.columns:
                if several and output_format() in BINARY:
                    raise click.UsageError(f"{output_format()} holds the result of one statement.")
                if several and output_format() in ("table", "markdown", "vertical"):
                    file.write(b"\n")
                count = _write_result(one, file)
                several += 1
            _say(one, count)
            total += count
    return total


def _write_result(result: Result, file: IO[bytes]) -> int:
    names = [column.name for column in result.columns]
    if output_format() in BINARY:
        return _write_arrow(result, file, chosen(names))
    count = 0

    def counted() -> Iterator[Rows]:
        nonlocal count
        for block in blocks_of(result):
            count += len(block)
            yield block

    if output_format() in ("json", "ndjson"):
        from bytehouse._results.export import check_names

        check_names(result.columns, "JSON", result.query_id)
    write_rows(file, result.columns, counted(), null="NULL")
    file.flush()
    return count


def _write_arrow(result: Result, file: IO[bytes], names: list[str]) -> int:
    from bytehouse._results.arrow import ArrowConverter

    batches = result.arrow_batches()
    first = next(batches, None)
    whole = [] if first is None else chain([first], batches)
    schema = ArrowConverter(result.columns).schema if first is None else first.schema
    places = [schema.names.index(name) for name in names]
    picked = schema.empty_table().select(places).schema
    count = 0

    def counted() -> Iterator[Any]:
        nonlocal count
        for batch in whole:
            count += batch.num_rows
            yield batch.select(places)

    write_batches(output_format(), file, picked, counted())
    return count


def _say(result: Result, count: int) -> None:
    """Say to a person how many rows there were, and how long it took."""
    if output_format() == "table" and is_terminal(sys.stderr) and is_terminal(sys.stdout):
        rows = "1 row" if count == 1 else f"{count:,} rows" if result.columns else "OK"
        note(f"{rows} in {result.elapsed:.3f} s")
