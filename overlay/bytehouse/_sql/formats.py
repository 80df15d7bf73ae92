"""Refuse statements that choose the format of their own result."""

from __future__ import annotations

import re

from ..errors import InvalidArgument
from .parameters import SKIPPED

__all__ = ["check_format"]

_READS = frozenset("SELECT WITH SHOW DESCRIBE DESC EXPLAIN EXISTS (".split())
_NAME = re.compile(
    r"(?:Arrow|Avro|BSON|CSV|CapnProto|Custom|Hash|JSON|LineAsString|Markdown|MsgPack|MySQL|Native"
    r"|Null|ORC|Parquet|Pretty|Protobuf|RawBLOB|RowBinary|SQLInsert|TSV|TSKV|TabSeparated|Template"
    r"|Values|Vertical|XML)\w*"
)
_PERHAPS = re.compile(rf"\bformat\s[^;]*?{_NAME.pattern}", re.IGNORECASE)
_TOKEN = re.compile(rf"{SKIPPED} | \S", re.VERBOSE | re.DOTALL)


def check_format(sql: str) -> None:
    """Check that no statement that reads ends with FORMAT; one that writes to a file may.

    Raises:
        InvalidArgument: One does.
    """
    if sql[:6].upper() == "INSERT" or not _PERHAPS.search(sql):
        return
    statement: list[str] = []
    for found in _TOKEN.finditer(f"{sql}\n;"):
        if found[0] == ";":
            _check(statement)
            statement = []
        elif not found[0].startswith(("--", "#", "/*")):
            statement.append(found[0])


def _check(tokens: list[str]) -> None:
    words = [token.upper() for token in tokens]
    if not words or words[0] not in _READS or "OUTFILE" in words:
        return
    for at in range(len(words) - 2, 0, -1):
        last = words[at + 2 : at + 3] in ([], ["SETTINGS"])
        if words[at] == "FORMAT" and last and _NAME.fullmatch(tokens[at + 1]):
            raise InvalidArgument(
                f"The statement ends with FORMAT {tokens[at + 1]}, but the client reads rows in "
                "the service's own format.",
                hint="Leave FORMAT out; to_csv(), to_parquet(), to_arrow() and to_pandas() of the "
                "result give other formats.",
            )
