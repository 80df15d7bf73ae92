"""Read a file as blocks of records, so that a file of any size takes little memory.

A block can be cut, so that a record the engine refuses is found; what is in a record is left to the
engine to make out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol

import msgspec
import pyarrow as pa
from pyarrow import parquet

from .._lexer import quote_string
from .files import LoadError, SourceFile
from .plans import Plan

_ROWS: Final = 8192
_CHUNK: Final = 1 << 20
_LONGEST: Final = 16 << 20
_ARRAY: Final = 64 << 20
_BOM: Final = b"\xef\xbb\xbf"
_SHOWN: Final = 200
# What may be raised while the records of a damaged file are read.
UNREADABLE: Final = (OSError, ValueError, csv.Error, msgspec.MsgspecError, pa.ArrowException)


class Records(Protocol):
    """Some records of a file."""

    def __len__(self) -> int: ...

    @property
    def size(self) -> int:
        """Answer with how many bytes they take."""
        ...

    def part(self, start: int, end: int) -> Records:
        """Answer with some of them."""
        ...

    def encode(self) -> bytes:
        """Write them in the format that the engine is told of."""
        ...

    def text(self) -> str:
        """Write the first of them for a person to read."""
        ...


@dataclass(frozen=True)
class Source:
    """Records on their way: of which columns, in which format, under which settings."""

    columns: tuple[str, ...]
    format: str
    settings: str
    blocks: Iterator[Records]


@dataclass(frozen=True)
class Texts:
    """Records that are pieces of a text."""

    pieces: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.pieces)

    @property
    def size(self) -> int:
        """Answer with how many bytes they take."""
        return sum(map(len, self.pieces))

    def part(self, start: int, end: int) -> Texts:
        """Answer with some of them."""
        return Texts(self.pieces[start:end])

    def encode(self) -> bytes:
        """Join them."""
        return b"".join(self.pieces)

    def text(self) -> str:
        """Write the first of them for a person to read."""
        return self.pieces[0][:_SHOWN].decode(errors="replace").strip()


@dataclass(frozen=True)
class Rows:
    """Records of an Arrow batch."""

    batch: Any

    def __len__(self) -> int:
        count: int = self.batch.num_rows
        return count

    @property
    def size(self) -> int:
        """Answer with how many bytes they take."""
        count: int = self.batch.nbytes
        return count

    def part(self, start: int, end: int) -> Rows:
        """Answer with some of them."""
        return Rows(self.batch.slice(start, end - start))

    def encode(self) -> bytes:
        """Write them as a stream of Arrow."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.batch.schema) as writer:
            writer.write_batch(self.batch)
        encoded: bytes = sink.getvalue().to_pybytes()
        return encoded

    def text(self) -> str:
        """Write the first of them for a person to read."""
        return str(self.batch.slice(0, 1).to_pylist()[0])[:_SHOWN]


def read(file: SourceFile, plan: Plan, columns: tuple[str, ...]) -> Source:
    """Open a file whose rows are for these columns of a table."""
    readers = {"CSV": _read_csv, "JSON": _read_json, "PARQUET": _read_parquet}
    return readers[plan.source.format](file, plan, columns)


def json_rows(rows: Sequence[bytes], columns: tuple[str, ...]) -> Source:
    """Take rows that are JSON objects already."""
    return Source(columns, "JSONEachRow", "", iter([Texts([row + b"\n" for row in rows])]))


def _read_csv(file: SourceFile, plan: Plan, columns: tuple[str, ...]) -> Source:
    properties = plan.source.properties
    found = _cut(_chunks(file), _csv_record(properties.delimiter))
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
    """Read objects, one to a line, or else one array of them."""
    chunks = _chunks(file)
    first = next(chunks, b"")
    if first.lstrip()[:1] != b"[":
        found = _cut(_chain(first, chunks), re.compile(rb"[^\n]*+\n").match)
        return Source(columns, "JSONEachRow", "", _blocks(found))
    text = bytearray(first)
    for chunk in chunks:
        text += chunk
        if len(text) > _ARRAY:
            raise LoadError(
                f"{file.name} is one array of more than {_ARRAY >> 20} MiB; write one object to a"
                " line instead."
            )
    rows = msgspec.json.decode(text, type=list[msgspec.Raw])
    return Source(columns, "JSONEachRow", "", _blocks(bytes(row) + b"\n" for row in rows))


def _read_parquet(file: SourceFile, _: Plan, columns: tuple[str, ...]) -> Source:
    opened = parquet.ParquetFile(file.random_access())
    names = tuple(opened.schema_arrow.names)
    _check(file, names, columns)
    batches = opened.iter_batches(batch_size=_ROWS)
    return Source(names, "ArrowStream", "", (Rows(batch) for batch in batches))


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


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _csv_record(delimiter: str) -> Callable[[bytes, int], re.Match[bytes] | None]:
    """Make what finds a record's end: a line's, unless a quoted value goes over it."""
    rest = rb"[^\n" + re.escape(delimiter.encode()) + rb"]*+"
    quoted = rb'"[^"]*+(?:""[^"]*+)*+"'
    field = rb"[ \t]*+(?:" + quoted + rest + rb'|(?!")' + rest + rb")"
    pattern = field + rb"(?:" + re.escape(delimiter.encode()) + field + rb")*+\n"
    return re.compile(pattern).match


def _cut(
    chunks: Iterator[bytes], match: Callable[[bytes, int], re.Match[bytes] | None]
) -> Iterator[bytes]:
    """Cut a text into records; empty lines are none."""
    text, end = b"", 0
    for chunk in chunks:
        text, end = text[end:] + chunk, 0
        while found := match(text, end):
            if found.group().strip(b"\r\n"):
                yield found.group()
            end = found.end()
        if len(text) - end > _LONGEST:
            raise LoadError(f"A record is longer than {_LONGEST >> 20} MiB; is a quote left open?")
    rest = text[end:]
    if found := match(rest + b"\n", 0):
        yield from [found.group()] if rest.strip(b"\r\n") else []
    else:
        # A quote is left open, and which line it belongs to can only be tried.
        yield from (line + b"\n" for line in rest.split(b"\n") if line.strip(b"\r"))


def _blocks(found: Iterator[bytes]) -> Iterator[Records]:
    while pieces := list(islice(found, _ROWS)):
        yield Texts(pieces)
