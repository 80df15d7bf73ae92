"""Streams of CSV and Parquet are read as files of it are."""

import io
from pathlib import Path
from typing import Any

import pytest

from bytehouse import InvalidArgument
from bytehouse._sql.insert import raise_refused
from bytehouse._sql.insert_sources import RowRefused, open_source
from tests.support.cases import cases


def rows(data: Any) -> tuple[Any, list[tuple[Any, ...]]]:
    """Return the names and the rows of data."""
    source = open_source(data, None, "")
    found: list[tuple[Any, ...]] = []
    for chunk in source.chunks(2, None, raise_refused):
        found += zip(*chunk.columns, strict=True)
    return source.names, found


class Unseekable(io.RawIOBase):
    """A stream such as that of a response, which is read once from its beginning."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


TEXT = '\ufeffa,b\n1,é\r\n2,"x\ny"\n\n3,\n'
EXPECTED = (("a", "b"), [("1", "é"), ("2", "x\ny"), ("3", None)])


@cases(
    "stream",
    [io.StringIO(TEXT, newline=""), io.BytesIO(TEXT.encode()), Unseekable(TEXT.encode())],
)
def test_csv_is_read_from_bytes_and_text(stream: Any) -> None:
    """A byte order mark, quoted line ends and empty lines are as in files."""
    assert rows(stream) == EXPECTED


@cases("content", ["", "\n", b"", b"\n"])
def test_a_stream_without_a_header_is_refused(content: str | bytes) -> None:
    """It has no columns."""
    stream: Any = io.StringIO(content) if isinstance(content, str) else io.BytesIO(content)
    with pytest.raises(InvalidArgument, match="the stream has no header line"):
        rows(stream)


def test_a_line_that_cannot_be_read_is_named() -> None:
    """By its number, after those that can."""
    with pytest.raises(RowRefused, match=r"the stream cannot be read at line 3.*3 values"):
        rows(io.BytesIO(b"a,b\n1,2\n1,2,3\n"))


@cases("content", [b"PAR1,a\n", b"PAR1 and then PAR1"])
def test_a_broken_parquet_file_is_our_error(content: bytes) -> None:
    """And not one of pyarrow."""
    with pytest.raises(InvalidArgument, match="cannot be read by pyarrow"):
        rows(io.BytesIO(content))


def test_a_file_that_breaks_off_or_is_none_is_our_error(tmp_path: Path) -> None:
    """A damaged page of Parquet, with the rows before it told; a folder with such a name."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = tmp_path / "rows.parquet"
    table = pa.table({"a": list(map(str, range(5000)))})
    pq.write_table(table, file, row_group_size=1000, compression="none", use_dictionary=False)
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 9000] = b"\xff" * 9000
    file.write_bytes(content)
    with pytest.raises((RowRefused, InvalidArgument), match="cannot be read by pyarrow"):
        rows(file)
    with pytest.raises(InvalidArgument, match="There is no file"):
        rows(tmp_path)


def test_an_object_with_a_key_twice_is_refused() -> None:
    """Reading the last alone would lose the first."""
    with pytest.raises(RowRefused, match="line 2: an object has a key twice"):
        rows(io.BytesIO(b'{"a":1}\n{"a":1,"a":2}\n'))


def test_a_file_of_a_header_alone_has_columns() -> None:
    """They are checked against the table: what looks like one may be JSON in another form."""
    source = open_source(io.BytesIO(b'[{"a":1}]'), None, "")
    assert (source.names, source.is_empty) == (('[{"a":1}]',), False)
