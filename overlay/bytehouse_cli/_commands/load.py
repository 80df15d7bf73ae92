"""`bytehouse load`: load a file or the files of a URL into a table."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from .._errors import ROWS_REFUSED
from .._formats import Counter, note, to_json, warnings_as_notes
from .._output import print_value
from .._settings import Command, check_place, global_options
from .._watching import StatusNotes

if TYPE_CHECKING:
    from bytehouse import ByteHouse, SkippedRow

_ENDINGS = ("csv", "parquet", "pq", "ndjson", "jsonl")


@click.command(
    cls=Command,
    examples="""
    bytehouse load orders.csv sales.orders
    bytehouse load orders.parquet sales.orders --refused refused.ndjson
    cat orders.ndjson | bytehouse load - sales.orders
    bytehouse load s3://bucket/orders/*.csv sales.orders --connection 12
    """,
)
@click.argument("source", metavar="FILE|URL", type=click.Path())
@click.argument("table")
@click.option(
    "--file-format",
    metavar="NAME",
    help="Format of the files of a URL, if their ending does not say it.",
)
@click.option(
    "--refused",
    metavar="FILE",
    type=click.Path(),
    help="Leave out rows that cannot be loaded, and write them to this file as NDJSON, with the "
    "reason; of a URL it gets the log of the service. Without it, such a row ends the load.",
)
@click.option("--null", default="", metavar="TEXT", help="What means NULL in a CSV file.")
@click.option("--connection", type=int, metavar="ID", help="Stored connection to a URL.")
@click.option(
    "--wait-timeout",
    type=float,
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for files of a URL.",
)
def command(  # noqa: PLR0917 - click gives them by name
    source: str,
    table: str,
    file_format: str | None,
    refused: str | None,
    null: str,
    connection: int | None,
    wait_timeout: float,
) -> int:
    """Load a file of this machine, or the files of a URL, into a table.

    FILE is CSV with a header line, Parquet, or JSON objects, one on a line; - is standard input.
    Its rows are checked here, and inserted in blocks; those of a URL are loaded by the service.
    Prints how many rows were read, written and refused. Ctrl-C
    stops the load on the service; the error says which rows are in the table.
    """
    if refused:
        check_place(Path(refused))
    began = time.monotonic()
    with global_options().client(changes=True) as client:
        if "://" in source:
            report = _load_url(
                client,
                source,
                table,
                connection=connection,
                format=file_format,
                on_error="skip" if refused else "raise",
                wait_timeout=wait_timeout,
            )
            lines = report.pop("log")
        else:
            with _local(source) as data:
                report, lines = _insert(client, data, table, null, skip=refused is not None)
    report["seconds"] = round(time.monotonic() - began, 3)
    print_value({"table": table, **report})
    if refused and report["rows_refused"]:
        what = "the log of the service" if "://" in source else "what was refused"
        Path(refused).write_bytes(b"".join(to_json(line) + b"\n" for line in lines))
        note(f"{refused} has {what}.")
    return ROWS_REFUSED if report["rows_refused"] else 0


def _insert(
    client: ByteHouse, data: Path | IO[bytes], table: str, null: str, *, skip: bool
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    from bytehouse import InsertFailed, PermissionDenied

    counter = Counter("rows")
    try:
        inserted = client.insert(
            table,
            data,
            null=null,
            on_error="skip" if skip else "raise",
            on_block=counter.show,
        )
    except InsertFailed as error:
        if isinstance(error.__cause__, PermissionDenied) and not error.possible:
            raise error.__cause__ from None
        raise
    except KeyboardInterrupt:
        note(f"\nAt least the first {counter.count:,} rows are in the table.")
        raise
    finally:
        counter.close()
    counts = {
        "rows_read": inserted + len(inserted.skipped),
        "rows_written": int(inserted),
        "rows_refused": len(inserted.skipped),
    }
    return counts, [_refused_line(row) for row in inserted.skipped]


def _refused_line(row: SkippedRow) -> dict[str, Any]:
    return {"position": row.position, "reason": row.reason, "row": row.row}


def _load_url(client: ByteHouse, source: str, table: str, **arguments: Any) -> dict[str, Any]:
    note(f"Loading {source}, on the service.")
    with warnings_as_notes("the file of --refused"):
        report = client.load(source, table, on_progress=StatusNotes(), **arguments)
    return {
        "rows_read": report.rows_read,
        "rows_written": report.rows_written,
        "rows_refused": report.rows_refused,
        "log": [{"message": getattr(line, "message", None)} for line in report.log],
    }


@contextmanager
def _local(source: str) -> Iterator[Path | IO[bytes]]:
    """Yield a file whose ending names its format, or a stream that shows it by how it begins."""
    form = Path(source).suffix.lower().removeprefix(".")
    if form in _ENDINGS:
        Path(source).stat()  # so that one that is not there is an error of files, as below
        note(f"Loading {source} as {form}.")
        yield Path(source)
    elif source == "-":
        note("Loading standard input.")
        yield sys.stdin.buffer
    else:
        note(f"Loading {source} as what it begins as: Parquet, JSON objects or CSV.")
        with Path(source).open("rb") as file:
            yield file
