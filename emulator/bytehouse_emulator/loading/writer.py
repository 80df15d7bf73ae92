"""Insert records into a table, and find those that the engine refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from bytehouse_emulator.loading.records import Records, Source
from bytehouse_emulator.sql.engine import Engine, EngineError
from bytehouse_emulator.sql.lexer import quote_identifier

# An error of these kinds is due to the record; any other ends the execution.
_OF_DATA: Final = re.compile(
    r"CANNOT_(PARSE|READ|CONVERT|INSERT_NULL)\w*|INCORRECT_DATA|TYPE_MISMATCH|VIOLATED_CONSTRAINT"
    r"|(ARGUMENT|VALUE)\w*_OUT_OF_\w+|DECIMAL_OVERFLOW|TOO_LARGE_\w+|UNKNOWN_ELEMENT_OF_ENUM"
    r"|UNEXPECTED_\w+|SYNTAX_ERROR|ATTEMPT_TO_READ_AFTER_EOF|SIZES_OF_\w+|BAD_ARGUMENTS"
    r"|ILLEGAL_(COLUMN|TYPE_OF_ARGUMENT)"
)
_ROW: Final = re.compile(r"\(at row (\d+)\)")
# That a row with an invalid value is refused, rather than given a default, is inferred.
_SETTINGS: Final = (
    "input_format_null_as_default=0, input_format_skip_unknown_fields=0,"
    " format_csv_allow_single_quotes=0, date_time_input_format='best_effort'"
)

# The index of a refused record among those to write, why it was refused, and its start.
Refused = Callable[[int, str, str], None]


class Writer:
    """Inserts into one table, under an id by which its statements can be killed."""

    def __init__(self, engine: Engine, table: str, query_id: str) -> None:
        self._engine = engine
        self._table = table
        self._id = query_id

    def write(self, source: Source, records: Records, refused: Refused) -> int:
        """Insert all records that the engine accepts; return the number of rows."""
        columns = ", ".join(quote_identifier(name) for name in source.columns)
        settings = ", ".join(filter(None, [_SETTINGS, source.settings]))
        sql = f"INSERT INTO {self._table} ({columns}) SETTINGS {settings}"
        written = 0
        waiting = [(0, len(records))]
        while waiting:
            start, end = waiting.pop()
            part = records.part(start, end)
            try:
                with self._engine.session(self._id) as session:
                    written += session.insert(sql, source.format, [part.encode()])
            except EngineError as error:
                if not _OF_DATA.fullmatch(error.name):
                    raise
                if end - start == 1:
                    refused(start, _reason(error), part.preview())
                else:
                    waiting += reversed(_around(start, end, error))
        return written


def _reason(error: EngineError) -> str:
    """Return in one line why the engine refused."""
    text = error.message.partition("DB::Exception: ")[2] or error.message
    first = _ROW.sub("", text.partition("\n")[0].partition(": While executing")[0])
    return " ".join(first.split()).rstrip(" :")


def _around(start: int, end: int, error: EngineError) -> list[tuple[int, int]]:
    """Split around the record that the engine names, or in halves if it names none."""
    found = _ROW.search(error.message)
    place = start + int(found.group(1)) - 1 if found else -1
    cuts = (
        [start, place, place + 1, end] if start <= place < end else [start, (start + end) // 2, end]
    )
    return [(a, b) for a, b in pairwise(cuts) if a < b]
