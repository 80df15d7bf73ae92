"""Refuse statements that choose the format of their own result."""

from __future__ import annotations

import re

from ..errors import InvalidArgument
from .lexer import READS, Statement, statements

__all__ = ["check_format"]

_NAME = re.compile(
    r"(?:Arrow|Avro|BSON|CSV|CapnProto|Custom|Hash|JSON|LineAsString|Markdown|MsgPack|MySQL|Native"
    r"|Null|ORC|Parquet|Pretty|Protobuf|RawBLOB|RowBinary|SQLInsert|TSV|TSKV|TabSeparated|Template"
    r"|Values|Vertical|XML)\w*"
)
_PERHAPS = re.compile(rf"\bformat\s[^;]*?{_NAME.pattern}", re.IGNORECASE)


def check_format(sql: str) -> None:
    """Check that no statement that reads ends with FORMAT; one that writes to a file may.

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
