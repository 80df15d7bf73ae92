"""Recognize the parts of the response to a query by their layout: no document describes it.

All names here are inferred: those of ClickHouse's own JSON formats, and the likely ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from bytehouse_raw.models import ResultColumn
from bytehouse_raw.operations import DATA_KEY

from .._sql.statements import ID_KEYS

ROW_KEYS = frozenset(
    [DATA_KEY, *"data dataset records result results resultSet rows values".split()]
)
COLUMN_KEYS = frozenset(
    "columnMeta columnNames column_names columns fields header headers meta metadata names"
    " schema".split()
)
TYPE_KEYS = frozenset("columnTypes column_types types".split())
# Other fields of a result, beside its rows or in their place.
_OTHER_KEYS = frozenset(
    """
    affectedRows asyncMode code columnCount createdAt database duration elapsed endTime error
    errorCode errorMessage extremes finishedAt isAsync limit message progress queryType query
    requestId rowCount row_count rows_before_limit_at_least sessionId session_id sql startTime
    startedAt state statement statementType statistics stats status success total totalRows totals
    truncated type updatedCount vwID warehouse warnings
    """.split()
)
_RESULT_KEYS = ROW_KEYS.union(COLUMN_KEYS, TYPE_KEYS, _OTHER_KEYS, ID_KEYS)
_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_NAME_KEYS = ("name", "columnName", "column_name", "field", "label")
_TYPE_KEYS = ("type", "columnType", "column_type", "dataType", "data_type", "typeName", "type_name")


def columns_of(value: object, types: object = None) -> list[ResultColumn] | None:
    """Return the columns that a value describes; None if it describes none.

    Args:
        value: Objects with a name and a type, pairs of both, or names alone.
        types: The types, where they are separate from the names.
    """
    if not isinstance(value, list):
        return None
    columns = [_column(item) for item in value]
    if not all(columns):
        return None
    found = [column for column in columns if column]
    if isinstance(types, list) and len(types) == len(found):
        pairs = zip(found, types, strict=True)
        return [ResultColumn(c.name, t if isinstance(t, str) else c.type) for c, t in pairs]
    return found


def _column(item: object) -> ResultColumn | None:
    match item:
        case str():
            return ResultColumn(item)
        case [str(name), str(type_)]:
            return ResultColumn(name, type_)
        case dict():
            named = _first(item, _NAME_KEYS)
            return None if named is None else ResultColumn(named, _first(item, _TYPE_KEYS))
        case _:
            return None


def _first(item: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    return next((item[key] for key in keys if isinstance(item.get(key), str)), None)


def could_be_result(fields: Iterable[str]) -> bool:
    """Return whether an object with these fields may be a result rather than a row."""
    return _RESULT_KEYS.issuperset(fields)


def query_id_of(fields: Mapping[str, Any], submitted: str | None) -> str | None:
    """Return the id of the query that an object without rows stands for; None if it is a row.

    An ``id`` counts only if it is the submitted one: any table may have such a column.
    """
    if not could_be_result(fields):
        return None
    for key in ID_KEYS:
        value = fields.get(key)
        if isinstance(value, str) and value and (key != "id" or value == submitted):
            return value
    return None


def is_query_id(value: object, submitted: str | None) -> TypeGuard[str]:
    """Return whether a value is the id of a query: the submitted one, or any UUID."""
    return isinstance(value, str) and (value == submitted or bool(_UUID.fullmatch(value)))


def repeated_names(columns: Iterable[ResultColumn]) -> list[str]:
    """Return the names that several columns have."""
    counts = Counter(column.name for column in columns)
    return [name for name, count in counts.items() if count > 1]


def unnamed_columns(count: int) -> list[ResultColumn]:
    """Return columns for rows of a response that names none."""
    return [ResultColumn(f"column_{number}") for number in range(1, count + 1)]
