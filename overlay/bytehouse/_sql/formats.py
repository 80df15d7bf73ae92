"""Refuse statements whose result would not be what they ask for: FORMAT, WITH TOTALS, extremes."""

from __future__ import annotations

import re

from ..errors import InvalidArgument
from .lexer import READS, Statement, statements

__all__ = ["check_result_clauses"]

_NAME = re.compile(
    r"(?:Arrow|Avro|BSON|CSV|CapnProto|Custom|Hash|JSON|LineAsString|Markdown|MsgPack|MySQL|Native"
    r"|Null|ORC|Parquet|Pretty|Protobuf|RawBLOB|RowBinary|SQLInsert|TSV|TSKV|TabSeparated|Template"
    r"|Values|Vertical|XML)\w*"
)
_PERHAPS = re.compile(
    rf"\bformat\s[^;]*?{_NAME.pattern}|\bwith\b[^;]*?\btotals\b|\bextremes\b", re.IGNORECASE
)


def check_result_clauses(sql: str) -> None:
    """Check that no statement that reads asks for what its result cannot hold.

    It may not end with FORMAT unless it writes to a file. Totals and extremes are no rows, and
    nothing says where a response would have them: they would be lost.

    Raises:
        InvalidArgument: One does.
    """
    if sql[:6].upper() == "INSERT" or not _PERHAPS.search(sql):
        return
    for statement in statements(sql):
        _check(statement)


def _check(statement: Statement) -> None:
    words = statement.words
    if words[0] not in READS or "OUTFILE" in words:
        return
    _check_totals(statement.outer_words)
    for at in range(len(words) - 2, 0, -1):
        last = words[at + 2 : at + 3] in ([], ["SETTINGS"])
        name = statement.tokens[at + 1][0]
        if words[at] == "FORMAT" and last and _NAME.fullmatch(name):
            raise InvalidArgument(
                f"The statement ends with FORMAT {name}, but the client reads rows in "
                "the service's own format.",
                hint="Leave FORMAT out; to_csv(), to_parquet(), to_arrow() and to_pandas() of the "
                "result give other formats.",
            )


def _check_totals(words: list[str]) -> None:
    for at in range(len(words)):
        if words[at : at + 2] == ["WITH", "TOTALS"]:
            raise InvalidArgument(
                "The statement asks for totals with WITH TOTALS, and the client cannot read them: "
                "no document says where a response has them.",
                hint="GROUP BY ... WITH ROLLUP returns them as rows.",
            )
        if words[at : at + 3] in (["EXTREMES", "=", "1"], ["EXTREMES", "=", "TRUE"]):
            raise InvalidArgument(
                "The statement asks for extremes, and the client cannot read them: no document "
                "says where a response has them.",
                hint="Select min() and max() in a statement of their own.",
            )
