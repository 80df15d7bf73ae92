"""Read a file as blocks of records, so that a file of any size takes little memory.

A block can be split, so that a record which the engine refuses is found. Only the engine parses
records.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final, Protocol

import msgspec
import pyarrow as pa
from pyarrow import parquet

from bytehouse_emulator.loading.files import LoadError, SourceFile
from bytehouse_emulator.loading.plans import Plan
from bytehouse_emulator.sql.lexer import quote_string

_BLOCK_ROWS: Final = 8192
_CHUNK: Final = 1 << 20
_MAX_RECORD: Final = 16 << 20
_MAX_ARRAY: Final = 64 << 20
_BOM: Final = b"\xef\xbb\xbf"
_PREVIEW: Final = 200
# What may be raised while the records of a damaged file are read.
UNREADABLE: Final = (OSError, ValueError, csv.Error, msgspec.MsgspecError, pa.ArrowException)


class Records(Protocol):
    """Some records of a file."""

    def __len__(self) -> int: ...

    @property
    def size(self) -> int:
        """How many bytes they take."""
        ...

    def part(self, start: int, end: int) -> Records:
        """Return some of them."""
        ...

    def encode(self) -> bytes:
        """Return them in the format of their source."""
        ...

    def preview(self) -> str:
        """Return the start of the first of them for a person to read."""
        ...


@dataclass(frozen=True)
class Source:
    """The records of a file, their columns, and the engine's input format and settings."""

    columns: tuple[str, ...]
    format: str
    settings: str
    blocks: Iterator[Records]


@dataclass(frozen=True)
class TextRecords:
    """Records of a text format."""

    records: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.records)

    @property
    def size(self) -> int:
        """How many bytes they take."""
        return sum(map(len, self.records))

    def part(self, start: int, end: int) -> TextRecords:
        """Return some of them."""
        return TextRecords(self.records[start:end])

    def encode(self) -> bytes:
        """Return them one after the other."""
        return b"".join(self.records)

    def preview(self) -> str:
        """Return the start of the first of them for a person to read."""
        return self.records[0][:_PREVIEW].decode(errors="replace").strip()


@dataclass(frozen=True)
class ArrowRecords:
    """Records of an Arrow batch."""

    batch: Any

    def __len__(self) -> int:
        count: int = self.batch.num_rows
        return count

    @property
    def size(self) -> int:
        """How many bytes they take."""
        count: int = self.batch.nbytes
        return count

    def part(self, start: int, end: int) -> ArrowRecords:
        """Return some of them."""
        return ArrowRecords(self.batch.slice(start, end - start))

    def encode(self) -> bytes:
        """Return them as an Arrow stream."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.batch.schema) as writer:
            writer.write_batch(self.batch)
        encoded: bytes = sink.getvalue().to_pybytes()
        return encoded

    def preview(self) -> str:
        """Return the start of the first of them for a person to read."""
        return str(self.batch.slice(0, 1).to_pylist()[0])[:_PREVIEW]


def read(file: SourceFile, plan: Plan, columns: tuple[str, ...]) -> Source:
    """Open a file for a table with these columns."""
    readers = {"CSV": _read_csv, "JSON": _read_json, "PARQUET": _read_parquet}
    return readers[plan.source.format](file, plan, columns)


def json_rows(rows: Sequence[bytes], columns: tuple[str, ...]) -> Source:
    """Make a source of rows that are JSON objects."""
    return Source(columns, "JSONEachRow", "", iter([TextRecords([row + b"\n" for row in rows])]))


def _read_csv(file: SourceFile, plan: Plan, columns: tuple[str, ...]) -> Source:
    properties = plan.source.properties
    found = _split(_chunks(file), _csv_record(properties.delimiter))
    names = plan.columns or columns
    if properties.header:
        first = next(found, b"").decode().strip("\r\n")
        names = tuple(next(csv.reader([first], delimiter=properties.delimiter), ()))
        if not names:
            raise LoadError(f"{file.name} has no header.")
    _check(file, names, columns)
    settings = f"format_csv_delimiter={quote_string(properties.delimiter)}"
    return Source(names, "CSV", settings, _blocks(found))


def _read_json(file: SourceFile, _: Plan, columns: tuple[str, ...]) -> Source:
    """Read objects, one per line, or else one array of them."""
    chunks = _chunks(file)
    first = next(chunks, b"")
    if first.lstrip()[:1] != b"[":
        found = _split(chain([first], chunks), re.compile(rb"[^\n]*+\n").match)
        return Source(columns, "JSONEachRow", "", _blocks(found))
    text = bytearray(first)
    for chunk in chunks:
        text += chunk
        if len(text) > _MAX_ARRAY:
            raise LoadError(
                f"{file.name} is one array of more than {_MAX_ARRAY >> 20} MiB; write one object"
                " per line instead."
            )
    rows = msgspec.json.decode(text, type=list[msgspec.Raw])
    return Source(columns, "JSONEachRow", "", _blocks(bytes(row) + b"\n" for row in rows))


def _read_parquet(file: SourceFile, _: Plan, columns: tuple[str, ...]) -> Source:
    opened = parquet.ParquetFile(file.random_access())
    names = tuple(opened.schema_arrow.names)
    _check(file, names, columns)
    batches = opened.iter_batches(batch_size=_BLOCK_ROWS)
    return Source(names, "ArrowStream", "", (ArrowRecords(batch) for batch in batches))


def _check(file: SourceFile, names: tuple[str, ...], columns: tuple[str, ...]) -> None:
    for name in names:
        if name not in columns:
            known = ", ".join(columns)
            raise LoadError(f"{file.name} has a column {name!r}; the table takes {known}.")
    if len(set(names)) < len(names):
        raise LoadError(f"{file.name} has two columns of the same name.")


def _chunks(file: SourceFile) -> Iterator[bytes]:
    with file.stream() as stream:
        first = True
        while chunk := stream.read(_CHUNK):
            yield chunk.removeprefix(_BOM) if first else chunk
            first = False


def _csv_record(delimiter: str) -> Callable[[bytes, int], re.Match[bytes] | None]:
    """Make the function that matches a record: a line, or more if a quoted value has line ends."""
    rest = rb"[^\n" + re.escape(delimiter.encode()) + rb"]*+"
    quoted = rb'"[^"]*+(?:""[^"]*+)*+"'
    field = rb"[ \t]*+(?:" + quoted + rest + rb'|(?!")' + rest + rb")"
    pattern = field + rb"(?:" + re.escape(delimiter.encode()) + field + rb")*+\n"
    return re.compile(pattern).match


def _split(
    chunks: Iterator[bytes], match: Callable[[bytes, int], re.Match[bytes] | None]
) -> Iterator[bytes]:
    """Split text into records, skipping empty lines."""
    text, end = b"", 0
    for chunk in chunks:
        text, end = text[end:] + chunk, 0
        while found := match(text, end):
            if found.group().strip(b"\r\n"):
                yield found.group()
            end = found.end()
        if len(text) - end > _MAX_RECORD:
            reason = "is a quotation mark missing?"
            raise LoadError(f"A record is longer than {_MAX_RECORD >> 20} MiB; {reason}")
    rest = text[end:]
    if found := match(rest + b"\n", 0):
        yield from [found.group()] if rest.strip(b"\r\n") else []
    else:
        # A quotation mark is missing; the engine finds out in which line.
        yield from (line + b"\n" for line in rest.split(b"\n") if line.strip(b"\r"))


def _blocks(found: Iterator[bytes]) -> Iterator[Records]:
    while records := list(islice(found, _BLOCK_ROWS)):
        yield TextRecords(records)
