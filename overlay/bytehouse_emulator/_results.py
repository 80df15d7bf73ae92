"""Keep the rows of a result without holding large ones in memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

import msgspec

from ._engine import Block, ResultColumn

# The shapes that an answer with rows can have, see `_shapes.py`.
Shape = Literal["columns", "objects", "meta", "id"]
_INLINE: Final = 16 << 10
_CHUNK: Final = 256 << 10


class Result(msgspec.Struct):
    """Result of one statement: rows are JSON arrays, one to a line, here or in a file."""

    columns: list[ResultColumn]
    row_count: int
    lines: bytes = b""
    file: str = ""


class ResultStore:
    """Results that are too large for memory, in files of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def keep(self, columns: list[ResultColumn], blocks: Iterable[Block]) -> Result:
        """Take in the rows of a result."""
        result = Result(columns, 0)
        iterator = iter(blocks)
        for block in iterator:
            result.lines += block.lines
            result.row_count += block.rows
            if len(result.lines) > _INLINE:
                self._spill(result, iterator)
        return result

    def discard(self, results: Iterable[Result]) -> None:
        """Forget the rows of results."""
        for result in results:
            if result.file:
                (self._directory / result.file).unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget the rows of every result."""
        shutil.rmtree(self._directory)
        self._directory.mkdir()

    def size(self, result: Result) -> int:
        """Tell how many bytes the rows take."""
        if not result.file:
            return len(result.lines)
        return (self._directory / result.file).stat().st_size

    def rows(self, result: Result, max_rows: int = 0) -> Iterator[bytes]:
        """Hand out the rows, or the first of them, as the inside of a JSON array, cut anywhere."""
        left = min(result.row_count, max_rows) if max_rows else result.row_count
        for chunk in self._lines(result):
            lines, left = _first_lines(chunk, left)
            # A line is an array, so what ends a line parts two of them.
            yield lines.replace(b"\n", b",\n")
            if not left:
                break

    def _spill(self, result: Result, rest: Iterator[Block]) -> None:
        result.file = uuid4().hex
        with (self._directory / result.file).open("wb") as file:
            file.write(result.lines)
            result.lines = b""
            for block in rest:
                file.write(block.lines)
                result.row_count += block.rows

    def _lines(self, result: Result) -> Iterator[bytes]:
        """Hand out the rows in pieces, cut anywhere."""
        if not result.file:
            if result.lines:
                yield result.lines
            return
        with (self._directory / result.file).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _first_lines(chunk: bytes, count: int) -> tuple[bytes, int]:
    """Take at most so many lines, the last without its end; tell how many are still wanted."""
    there = chunk.count(b"\n")
    if there < count:
        return chunk, count - there
    return b"\n".join(chunk.split(b"\n", count)[:count]), 0
