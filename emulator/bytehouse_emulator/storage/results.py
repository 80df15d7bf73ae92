"""Results of queries: small ones in memory, large ones in files."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

import msgspec

from bytehouse_emulator.sql.engine import Block, ResultColumn

# The forms that a response with rows can have, see `calls/query_results.py`.
Shape = Literal["columns", "objects", "meta", "id"]
_MAX_IN_MEMORY: Final = 16 << 10
_CHUNK: Final = 256 << 10


class Result(msgspec.Struct):
    """Result of one statement: rows are JSON arrays, one per line, here or in a file."""

    columns: list[ResultColumn]
    row_count: int
    lines: bytes = b""
    file: str = ""


class ResultStore:
    """Rows of results that are too large for memory, in files of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def store(self, columns: list[ResultColumn], blocks: Iterable[Block]) -> Result:
        """Store the rows of a result."""
        result = Result(columns, 0)
        iterator = iter(blocks)
        for block in iterator:
            result.lines += block.lines
            result.row_count += block.rows
            if len(result.lines) > _MAX_IN_MEMORY:
                self._move_to_file(result, iterator)
        return result

    def delete(self, results: Iterable[Result]) -> None:
        """Delete the rows of results."""
        for result in results:
            if result.file:
                (self._directory / result.file).unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete the rows of every result."""
        shutil.rmtree(self._directory)
        self._directory.mkdir()

    def size(self, result: Result) -> int:
        """Return how many bytes the rows take."""
        if not result.file:
            return len(result.lines)
        return (self._directory / result.file).stat().st_size

    def rows(self, result: Result, max_rows: int = 0) -> Iterator[bytes]:
        """Yield the first rows, or all with 0, as the inside of a JSON array, cut anywhere."""
        left = min(result.row_count, max_rows) if max_rows else result.row_count
        for chunk in self._chunks(result):
            lines, left = _first_lines(chunk, left)
            # A line is an array, so a line end separates two of them.
            yield lines.replace(b"\n", b",\n")
            if not left:
                break

    def _move_to_file(self, result: Result, rest: Iterator[Block]) -> None:
        result.file = uuid4().hex
        with (self._directory / result.file).open("wb") as file:
            file.write(result.lines)
            result.lines = b""
            for block in rest:
                file.write(block.lines)
                result.row_count += block.rows

    def _chunks(self, result: Result) -> Iterator[bytes]:
        if not result.file:
            if result.lines:
                yield result.lines
            return
        with (self._directory / result.file).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _first_lines(chunk: bytes, count: int) -> tuple[bytes, int]:
    """Return at most so many lines, the last without its end, and how many are still wanted."""
    found = chunk.count(b"\n")
    if found < count:
        return chunk, count - found
    return b"\n".join(chunk.split(b"\n", count)[:count]), 0
