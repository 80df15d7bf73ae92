"""Write rows in each output format, as they come, in constant memory."""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from bytehouse import ResultColumn

FORMATS = ("table", "json", "ndjson", "csv", "tsv", "parquet", "arrow", "markdown", "vertical")
BINARY = ("parquet", "arrow")
ENDINGS = {"md": "markdown", "jsonl": "ndjson", "txt": "table", "feather": "arrow"}
Rows = Sequence[Sequence[Any]]

# Rows of a table that the widths of its columns are measured by.
_MEASURED = 1000
_LEAST_WIDTH = 4
# What commands take to name an object, and the width up to which it is not cut if others can be.
_KEYS = ("id", "name")
_KEY_WIDTH = 40
# What it raises for strings that are not UTF-8 and for integers of more than 64 bits.
_NOT_BY_MSGSPEC = (TypeError, ValueError, OverflowError)


def format_of(path: str) -> str | None:
    """Return the format that the ending of a file names; None if it names none."""
    ending = Path(path).suffix.removeprefix(".").lower()
    form = ENDINGS.get(ending, ending)
    return form if form in FORMATS else None


class Writer(Protocol):
    """Write one result."""

    def write(self, rows: Rows) -> None:
        """Write some rows."""

    def close(self) -> None:
        """Write what follows the last row."""


class _Utf8:
    """Take text for a file of bytes; what of a string was not UTF-8 is written as it was."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(_encoded(text))


class _ByClient:
    """Write JSON or CSV as results of the client do."""

    def __init__(self, form: str, file: IO[bytes], columns: Sequence[ResultColumn]) -> None:
        from bytehouse._results.export import CsvWriter, JsonWriter

        text = cast("IO[str]", _Utf8(file))
        self._finish: Callable[[], None] = lambda: None
        if form == "csv":
            self.write: Callable[[Any], None] = CsvWriter(text, columns, "").write
        else:
            json_writer = JsonWriter(text, columns, lines=form == "ndjson")
            self.write, self._finish = json_writer.write, json_writer.finish

    def close(self) -> None:
        self._finish()


class _Tsv:
    """Write tab-separated values with ClickHouse's escapes."""

    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None:
        self._file = file
        self.write([columns])

    def write(self, rows: Rows) -> None:
        columns = map(_tsv_column, zip(*rows, strict=True))
        lines = ["\t".join(row) + "\n" for row in zip(*columns, strict=True)]
        self._file.write(_encoded("".join(lines)))

    def close(self) -> None:
        """Write nothing more."""


_TSV = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})
_NUMBERS = frozenset({int, float})


def _tsv_column(values: Sequence[object]) -> list[str]:
    if _NUMBERS.issuperset(map(type, values)):
        return list(map(str, values))
    return ["\\N" if v is None else to_text(v).translate(_TSV) for v in values]


class _Table:
    """Write aligned columns; in a terminal, values are cut to fit into it."""

    def __init__(
        self, file: IO[bytes], columns: Sequence[str], width: int | None, null: str
    ) -> None:
        self._file = file
        self._null = null
        self._columns = columns
        self._width = width
        self._pending: list[Sequence[Any]] = []
        self._widths: list[int] | None = None
        self._right: list[bool] = []

    def write(self, rows: Rows) -> None:
        if self._widths is not None:
            self._lines([[_visible(value, self._null) for value in row] for row in rows])
            return
        self._pending += rows
        if len(self._pending) >= _MEASURED:
            self._begin()

    def close(self) -> None:
        if self._widths is None:
            self._begin()

    def _begin(self) -> None:
        rows, self._pending = self._pending, []
        cells = [[_visible(value, self._null) for value in row] for row in rows]
        header = [_visible(name) for name in self._columns]
        self._right = [
            all(isinstance(row[n], int | float) or row[n] is None for row in rows) and bool(rows)
            for n in range(len(header))
        ]
        self._widths = [
            max(map(_cell_width, column)) for column in zip(header, *cells, strict=True)
        ]
        if self._width is not None:
            keys = {n for n, name in enumerate(header) if name in _KEYS}
            self._widths = _fitted(self._widths, self._width, keys)
        self._lines([header, ["─" * width for width in self._widths]])
        self._lines(cells)

    def _lines(self, rows: list[list[str]]) -> None:
        assert self._widths is not None  # noqa: S101 - for the type checker
        text = []
        for row in rows:
            cells = [
                _padded(_cut(cell, width) if self._width else cell, width, right)
                for cell, width, right in zip(row, self._widths, self._right, strict=True)
            ]
            text.append("  ".join(cells).rstrip() + "\n")
        self._file.write(_encoded("".join(text)))


class _Markdown:
    """Write a table in Markdown."""

    def __init__(self, file: IO[bytes], columns: Sequence[str], null: str) -> None:
        self._file = file
        self._null = null
        self.write([columns, ["---" for _ in columns]])

    def write(self, rows: Rows) -> None:
        lines = (
            "| "
            + " | ".join(_visible(value, self._null).replace("|", "\\|") for value in row)
            + " |\n"
            for row in rows
        )
        self._file.write(_encoded("".join(lines)))

    def close(self) -> None:
        """Write nothing more."""


class _Vertical:
    """Write each value on a line of its own."""

    def __init__(self, file: IO[bytes], columns: Sequence[str], null: str) -> None:
        self._file = file
        self._null = null
        self._columns = [_visible(name) for name in columns]
        self._name_width = max(map(_cell_width, self._columns), default=0)
        self._count = 0

    def write(self, rows: Rows) -> None:
        text = []
        for row in rows:
            self._count += 1
            text.append(f"── {self._count} ──\n")
            text += [
                f"{_padded(name, self._name_width, False)}  {_visible(value, self._null)}\n"
                for name, value in zip(self._columns, row, strict=True)
            ]
        self._file.write(_encoded("".join(text)))

    def close(self) -> None:
        """Write nothing more."""


def writer(
    form: str, file: IO[bytes], columns: Sequence[ResultColumn], *, terminal: bool, null: str
) -> Writer:
    """Return what writes one result in a text format.

    Args:
        form: One of `FORMATS` but for those in `BINARY`.
        file: Where to write.
        columns: The columns.
        terminal: Whether this is shown in a terminal, so that tables must fit into it.
        null: How what is absent is shown to people.
    """
    width = shutil.get_terminal_size().columns if terminal else None
    names = [column.name for column in columns]
    makers: Mapping[str, Callable[[], Writer]] = {
        "tsv": lambda: _Tsv(file, names),
        "table": lambda: _Table(file, names, width, null),
        "markdown": lambda: _Markdown(file, names, null),
        "vertical": lambda: _Vertical(file, names, null),
    }
    return makers.get(form, lambda: _ByClient(form, file, columns))()


def write_batches(form: str, file: IO[bytes], schema: Any, batches: Iterable[Any]) -> None:
    """Write Arrow record batches of a schema as Parquet or as an Arrow IPC stream."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if form == "arrow":
        with pa.ipc.new_stream(file, schema) as stream:
            for batch in batches:
                stream.write_batch(batch)
        return
    with pq.ParquetWriter(file, schema) as parquet:
        for batch in batches:
            parquet.write_table(pa.Table.from_batches([batch]))


def to_json(value: Any, *, indent: int | None = None) -> bytes:
    """Return a value as JSON; a secret is written as stars."""
    import msgspec

    try:
        text = msgspec.json.encode(value, enc_hook=to_text)
    except _NOT_BY_MSGSPEC:
        import json

        return json.dumps(value, default=to_text, indent=indent).encode()
    return text if indent is None else msgspec.json.format(text, indent=indent)


def to_text(value: Any) -> str:
    """Return a value as text: containers as JSON, times as ISO 8601."""
    if isinstance(value, str):
        return str(value)
    match value:
        case bool() | None | list() | tuple() | dict():
            return to_json(value).decode("utf-8", "surrogateescape")
        case datetime():
            return str(value)
        case bytes():
            return value.decode("utf-8", "surrogateescape")
        case _:
            return str(value)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _visible(value: object, null: str = "") -> str:
    """Return a value on one line, without control characters, which could steer a terminal."""
    text = null if value is None else to_text(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _SHOWN else _escape(c) for c in text)


# No-break and ideographic space, and the joiners of scripts and of emoji.
_SHOWN = "\u00a0\u3000\u200c\u200d"


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that was no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "replace").decode()


def _cell_width(text: str) -> int:
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(wcswidth(text), 0)


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * max(width - _cell_width(text), 0)
    return space + text if right else text + space


def _cut(text: str, width: int) -> str:
    if _cell_width(text) <= width:
        return text
    while _cell_width(text) > width - 1:
        text = text[: min(len(text) - 1, width)]
    return text + "…"


def _fitted(widths: list[int], available: int, keys: Set[int] = frozenset()) -> list[int]:
    """Return widths that fit, by making the widest columns narrower, those of `keys` at last."""
    widths = widths.copy()
    over = sum(widths) + 2 * (len(widths) - 1) - available
    kept = {n for n in keys if widths[n] <= _KEY_WIDTH}
    while over > 0:
        free = [n for n, width in enumerate(widths) if n not in kept and width > _LEAST_WIDTH]
        if not free:
            if not kept:
                break
            kept = set()
            continue
        widest = max(free, key=widths.__getitem__)
        others = [widths[n] for n in free if n != widest]
        target = max(_LEAST_WIDTH, max(others, default=0) - 1, widths[widest] - over)
        target = min(target, widths[widest] - 1)
        over -= widths[widest] - target
        widths[widest] = target
    return widths


def is_terminal(stream: Any) -> bool:
    """Return whether a stream is shown to a person."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def note(message: str) -> None:
    """Tell the person at the terminal something beside the output.

    What cannot be told, because standard error is full or gone, does not stop a command.
    """
    with suppress(OSError):
        sys.stderr.write(f"{message}\n")


@contextmanager
def warnings_as_notes(log: str = "`log`") -> Iterator[None]:
    """Tell what the client warns of as a note, without the place in its code.

    Args:
        log: Where a shell finds what is `log` in Python.
    """

    def tell(message: Warning | str, *_: object, **__: object) -> None:
        note(f"Warning: {str(message).replace('`log`', log)}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = tell
        yield


class Counter:
    """Show a growing number on one line of a terminal, and remove it at the end.

    Args:
        what: What is counted.

    Attributes:
        count: The number that was shown last.
    """

    def __init__(self, what: str) -> None:
        self.count = 0
        self._what = what
        self._shown = is_terminal(sys.stderr)

    def show(self, count: int) -> None:
        """Show the number."""
        self.count = count
        if self._shown:
            sys.stderr.write(f"\r{count:,} {self._what}")
            sys.stderr.flush()

    def close(self) -> None:
        """Remove it."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
