# Derived from overlay/bytehouse/_async/result.py by `make generate`. Do not edit.
"""Represent the result of a statement: its columns, and its rows in the form asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, Unpack

from bytehouse_raw.models import QueryStatistics, ResultColumn

from .._core.arguments import check_arguments
from .._core.extras import import_optional
from .._core.options import CallOptions, Seconds
from .._results.arrow import BATCH_ROWS, ArrowConverter
from .._results.decoder import MakeDecoder, Row, python_rows
from .._results.export import (
    CsvWriter,
    JsonWriter,
    Target,
    binary_output,
    check_names,
    rename_columns,
    result_html,
    text_output,
)
from .._results.frames import DtypeBackend, conversion, pandas_frame, polars_frame
from .._results.parser import Begin, End
from .._sql.statements import Submission
from ..errors import ByteHouseError, ResponseDecodeError
from .result_stream import ResultStream
from .warehouse_ids import with_warehouse_id

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from .resource_client import ResourceClient


_PREVIEW_ROWS = 20


@check_arguments
class Result:
    """Hold the result of a statement. Its rows are read on demand, and once.

    A large result is never in memory as a whole unless you ask for that: iterate, or use
    `arrow_batches`. After `rows`, or a method built on it, the rows are kept and may be read again.
    Values have the types of their columns. What JSON cannot express is lost: nan and the
    infinities become None unless the service quotes them, -0.0 becomes 0.0, and a string that is
    not UTF-8 has surrogates (``value.encode("utf-8", "surrogateescape")`` returns its bytes).

    Leaving an ``with`` block, or `close`, before the end cancels the query.

    Whatever reads rows raises `ByteHouseError` if they have been read and not kept, `QueryFailed`
    if the statement fails half-way, `TimedOut` if time runs out, and `ResponseDecodeError` if the
    response is truncated or cannot be parsed. An output whose package is not installed raises
    `ConfigError`, which names the extra, before it reads any.

    Example:
        with client.query("SELECT number FROM numbers(10)") as result:
            for (number,) in result:
                print(number)
    """

    def __init__(self, client: ResourceClient, stream: ResultStream, begin: Begin | None) -> None:
        self._client = client
        self._stream = stream
        self._begin = begin or Begin([], "arrays")
        self._columns = tuple(self._begin.columns)
        self._consumed = False
        self._ended = begin is None
        self._rows: list[Row] | None = [] if begin is None else None
        self._next: Result | None = None

    @property
    def columns(self) -> tuple[ResultColumn, ...]:
        """The columns, with their ClickHouse types as far as the response has them.

        A statement that returns no rows has none. Where the response names them after its rows,
        they have other names until the rows have been read.
        """
        return self._columns

    @property
    def query_id(self) -> str:
        """Id that the query was submitted under."""
        return self._stream.submission.query_id

    @property
    def elapsed(self) -> float:
        """Seconds from the submission to the last byte that has been received."""
        return self._stream.elapsed

    def statistics(self, **options: Unpack[CallOptions]) -> QueryStatistics:
        """Return what the query read, wrote and cost; see `statistics.query`."""
        return self._client.statistics.query(self.query_id, **options)

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows one by one, as tuples."""
        for block in self._blocks(python_rows):
            for row in block:
                yield row

    def mappings(self) -> Iterator[dict[str, Any]]:
        """Yield the rows one by one, as dicts by column name.

        Raises:
            ByteHouseError: Columns have the same name. The rows can still be read.
        """
        check_names(self._columns, "A dict", self.query_id)
        names = [column.name for column in self._columns]
        for block in self._blocks(python_rows):
            for row in block:
                yield dict(zip(names, row, strict=True))

    def rows(self) -> list[Row]:
        """Return all rows, as tuples, and keep them."""
        if self._rows is None:
            found: list[Row] = []
            with self._closing_on_error():
                for block in self._blocks(python_rows):
                    found += block
            self._rows = found
        return self._rows

    def one_or_none(self) -> Row | None:
        """Return the only row; None if there is none.

        Raises:
            ByteHouseError: There are several.
        """
        found: list[Row] = []
        for block in self._blocks(python_rows):
            found += block
            if len(found) > 1:
                self.close()
                raise ByteHouseError("The result has more than one row.", query_id=self.query_id)
        self._rows = found
        return found[0] if found else None

    def one(self) -> Row:
        """Return the only row.

        Raises:
            ByteHouseError: There is none, or there are several.
        """
        row = self.one_or_none()
        if row is None:
            raise ByteHouseError("The result has no row.", query_id=self.query_id)
        return row

    def scalar(self) -> Any:
        """Return the first value of the only row.

        Raises:
            ByteHouseError: There is no row, or there are several.
        """
        return (self.one())[0]

    def arrow_batches(
        self, rows: int = BATCH_ROWS, *, binary: Collection[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in Arrow record batches of at least so many rows, but for the last.

        What Arrow has no type for becomes a string: integers of more than 64 bits, UUIDs, IP
        addresses. All batches have the schema of the first.

        Args:
            rows: Number of rows; 65,536 if not given.
            binary: Names of the columns whose strings become bytes. If not given, those with a
                string that is not UTF-8 in the first batch.

        Raises:
            ResponseDecodeError: A value does not fit the schema, such as a string that is not UTF-8
                in a later batch.
        """
        for batch in self._batches(ArrowConverter(self._columns, binary), rows):
            yield batch

    def to_arrow(self, *, binary: Collection[str] | None = None) -> pa.Table:
        """Return all rows as an Arrow table.

        A column with nanoseconds has microseconds if one of its times is past the year 2262.

        Args:
            binary: Names of the columns whose strings become bytes. If not given, those with a
                string that is not UTF-8.
        """
        with self._closing_on_error():
            arrow = ArrowConverter(self._columns, binary, whole=True)
            batches = [batch for batch in self._batches(arrow, BATCH_ROWS)]
        with conversion("Arrow", self.query_id):
            return rename_columns(arrow.table(batches), self._columns)

    def to_pandas(
        self,
        dtype_backend: DtypeBackend | None = None,
        *,
        binary: Collection[str] | None = None,
    ) -> pd.DataFrame:
        """Return all rows as a pandas DataFrame.

        Args:
            dtype_backend: As in pandas. If not given, columns have NumPy's types; those of integers
                or booleans with NULL among them have pandas' own, and those of floats with NULL
                Arrow's, so that no value changes. Containers hold Python values, but for arrays of
                numbers without NULL.
            binary: As of `to_arrow`.
        """
        with self._closing_on_error():
            import_optional("pandas", "pandas")
        table = self.to_arrow(binary=binary)
        with conversion("pandas", self.query_id):
            return pandas_frame(table, dtype_backend)

    def to_polars(self, *, binary: Collection[str] | None = None) -> pl.DataFrame:
        """Return all rows as a polars DataFrame.

        Args:
            binary: As of `to_arrow`.

        Raises:
            ByteHouseError: Columns have the same name. The rows can still be read.
        """
        with self._closing_on_error():
            import_optional("polars", "polars")
            check_names(self._columns, "polars", self.query_id)
        table = self.to_arrow(binary=binary)
        with conversion("polars", self.query_id):
            return polars_frame(table)

    def to_csv(self, target: Target, *, null: str = "") -> None:
        """Write all rows to a CSV file, which is given its name when it is complete, or a stream.

        Values are written as ClickHouse reads them; timestamps are in their column's time zone,
        without its name. Strings that are not UTF-8 are written with the bytes they have; a stream
        of text may refuse them.

        Args:
            target: Path of the file, or a stream of bytes or text.
            null: What to write for NULL.
        """
        with conversion("CSV", self.query_id):
            with self._closing_on_error():
                with text_output(target) as file:
                    rows = CsvWriter(file, self._columns, null)
                    for block in self._blocks(python_rows):
                        rows.write(block)

    def to_json(self, target: Target, *, lines: bool = False) -> None:
        """Write all rows to a JSON file, which is given its name when it is complete, or a stream.

        It is an array of objects, one a line. What JSON has no type for is a string, as in CSV:
        Decimals, dates, timestamps, UUIDs, nan and the infinities. Of a string that is not UTF-8,
        a byte is the escape of a surrogate, as Python reads it.

        Args:
            target: Path of the file, or a stream of bytes or text.
            lines: Whether to leave out the array: the objects alone, one a line.

        Raises:
            ByteHouseError: Columns have the same name. The rows can still be read.
        """
        check_names(self._columns, "JSON", self.query_id)
        with conversion("JSON", self.query_id):
            with self._closing_on_error():
                with text_output(target) as file:
                    rows = JsonWriter(file, self._columns, lines=lines)
                    for block in self._blocks(python_rows):
                        rows.write(block)
                    rows.finish()

    def to_parquet(self, target: Target, *, binary: Collection[str] | None = None) -> None:
        """Write all rows to a Parquet file, which is given its name when it is complete, or a
        stream of bytes.

        Args:
            target: Path of the file, or a stream of bytes.
            binary: As of `arrow_batches`.

        Raises:
            ByteHouseError: Columns have the same name. The rows can still be read.
        """
        writer: Any = None
        with conversion("Parquet", self.query_id):
            with self._closing_on_error():
                arrow = import_optional("pyarrow", "arrow")
                parquet = import_optional("pyarrow.parquet", "arrow")
                check_names(self._columns, "Parquet", self.query_id)
                with binary_output(target) as file:
                    converter = ArrowConverter(self._columns, binary)
                    try:
                        for batch in self._batches(converter, BATCH_ROWS):
                            writer = writer or parquet.ParquetWriter(file, batch.schema)
                            # A table is written at once; a batch would wait for a million rows.
                            writer.write_table(arrow.Table.from_batches([batch]))
                        writer = writer or parquet.ParquetWriter(file, converter.schema)
                    finally:
                        if writer is not None:
                            writer.close()

    def _batches(self, arrow: ArrowConverter, rows: int) -> Iterator[pa.RecordBatch]:
        try:
            for columns in self._blocks(arrow.make_decoder):
                arrow.add(columns)
                if arrow.pending_rows >= rows:
                    yield arrow.batch()
            if arrow.pending_rows:
                yield arrow.batch()
        except ResponseDecodeError as error:
            self.close()
            raise self._stream.redacted(error) from None

    def next_result(self) -> Result | None:
        """Return the result of the next statement; None if this is the last.

        What has not been read of this result is skipped.
        """
        if self._next is None:
            self._skip_rest()
            event = self._stream.next_event()
            if isinstance(event, Begin):
                self._next = type(self)(self._client, self._stream, event)
        return self._next

    def results(self) -> Iterator[Result]:
        """Yield this result and those of all further statements, one after another."""
        result: Result | None = self
        while result is not None:
            yield result
            result = result.next_result()

    def close(self) -> None:
        """Stop reading; if there is more to come, cancel the query on the service."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        columns = ", ".join(f"{c.name} {c.type}" if c.type else c.name for c in self._columns)
        return f"<{type(self).__name__} {self.query_id}: {columns or 'no columns'}>"

    def _repr_html_(self) -> str:
        """Show the first rows in a notebook, as far as they have been received."""
        rows = self._rows
        if rows is None:
            rows = [] if self._consumed else self._stream.preview(self._begin)
        more = self._rows is None or len(rows) > _PREVIEW_ROWS
        return result_html(self._columns, rows[:_PREVIEW_ROWS], more=more)

    @contextmanager
    def _closing_on_error(self) -> Iterator[None]:
        """Cancel the query if an output is interrupted, such as by Ctrl-C or a full disk.

        An error of the client itself leaves the rows for another try, if there are any.
        """
        try:
            yield
        except ByteHouseError:
            raise
        except BaseException:
            self.close()
            raise

    def _blocks(self, make_decoder: MakeDecoder) -> Iterator[list[Any]]:
        """Yield the rows in blocks, as received, in the form that the decoder gives."""
        if self._rows is not None and make_decoder is python_rows:
            yield self._rows
            return
        if self._consumed:
            raise ByteHouseError(
                "The rows of this result have been read or skipped.",
                hint="rows() returns a list that can be kept; or run the query again.",
                query_id=self.query_id,
            )
        self._consumed = True
        self._stream.decode_with(make_decoder)
        for block in self._remaining():
            yield block

    def _remaining(self) -> Iterator[list[Any]]:
        while not self._ended:
            event = self._stream.next_event()
            if isinstance(event, list):
                yield event
                continue
            self._ended = True
            if not isinstance(event, End):
                raise ByteHouseError("This result was closed.", query_id=self.query_id)
            columns = self._stream.columns_after_rows()
            if columns is not None and len(columns) == len(self._columns):
                names = {column.name for column in self._columns}
                if names != {column.name for column in columns}:
                    # The values were received before their types.
                    self._columns = tuple(ResultColumn(column.name) for column in columns)

    def _skip_rest(self) -> None:
        self._consumed = True
        for _ in self._remaining():
            pass


def run_submission(
    client: ResourceClient,
    submission: Submission,
    *,
    timeout: Seconds,
    asynchronous: bool = False,
    succeeded: Collection[str] = (),
    progress: bool = False,
) -> Result:
    """Submit statements and return the result of the first that returns rows; if none does, of the
    first.

    Args:
        client: Client to go through.
        submission: What to submit.
        timeout: Seconds that a query in the background may take.
        asynchronous: Whether to run it in the background.
        succeeded: Ids of the queries that have run it already; it is not submitted then.
        progress: Whether to show progress.
    """
    submission = with_warehouse_id(client, submission)
    client = client._redacting(submission.secrets)
    stream = ResultStream(client, submission, timeout=timeout, show_progress=progress)
    try:
        stream.begin(asynchronous=asynchronous, succeeded=succeeded)
        event = stream.next_event()
        return Result(client, stream, event if isinstance(event, Begin) else None)
    except BaseException:
        stream.close()
        raise
