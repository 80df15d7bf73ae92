"""DB-API 2.0 (PEP 249), for tools that expect it.

    from bytehouse import dbapi

    host = "tenant-1-cn-beijing-public.bytehouse.volces.com"
    with dbapi.connect(host, database="sales") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM orders WHERE day = %(day)s", {"day": date(2024, 5, 1)})
        print(cursor.fetchmany(10))

The statements of a connection share a session, so `USE` and `SET` last. There are no transactions:
each statement takes effect at once, `commit` does nothing and `rollback` raises.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, Self
from weakref import WeakSet

from bytehouse_raw.models import ResultColumn

from . import errors
from ._core.config import KeySource
from ._core.options import SettingValue
from ._results.decoder import Row
from ._results.layouts import unnamed_columns
from ._sql.insert import pack_rows
from ._sql.literals import Identifier
from ._sql.parameters import SKIPPED, bind_pyformat
from ._sync.client import ByteHouse
from ._sync.result import Result
from ._types.codecs import parse_column_type, precision_of

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]

apilevel = "2.0"
threadsafety = 2
paramstyle = "pyformat"


class Warning(Exception):  # noqa: A001 - PEP 249 names it
    """Important warnings; this module raises none."""


class Error(Exception):
    """Base of all errors of this module; ``__cause__`` is the error of the client, if any."""


class InterfaceError(Error):
    """The module was used or configured wrongly."""


class DatabaseError(Error):
    """Base of the errors of the service."""


class DataError(DatabaseError):
    """A value cannot be processed."""


class OperationalError(DatabaseError):
    """A failure that the statement did not cause: connection, load, key."""


class IntegrityError(DatabaseError):
    """A constraint was violated."""


class InternalError(DatabaseError):
    """The response of the service could not be parsed."""


class ProgrammingError(DatabaseError):
    """A statement or its parameters are wrong, or its role may not run it."""


class NotSupportedError(DatabaseError):
    """The service does not support the request."""


# By the engine's error codes.
_BY_CODE: dict[str, type[Error]] = {
    # Values that cannot be parsed, converted or are out of range.
    **dict.fromkeys("6 26 27 32 38 41 53 69 70 72 131 321 349 407 410 691".split(), DataError),
    # A constraint is violated.
    "469": IntegrityError,
    # Too slow, too much memory, killed, disk full.
    **dict.fromkeys("159 160 202 209 210 241 243 394 999".split(), OperationalError),
}


def _error_class(error: BaseException | None) -> type[Error]:
    if isinstance(error, errors.InsertFailed):
        cause = error.__cause__
        return DataError if isinstance(cause, errors.InvalidArgument) else _error_class(cause)
    match error:
        case errors.ConfigError():
            return InterfaceError
        case errors.ResponseDecodeError():
            return InternalError
        case errors.QueryFailed(code=code):
            return _BY_CODE.get(code, ProgrammingError)
        case (
            errors.InvalidArgument()
            | errors.InvalidRequest()
            | errors.NotFound()
            | errors.Conflict()
            | errors.PermissionDenied()
        ):
            return ProgrammingError
        case _:
            return OperationalError


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except errors.ByteHouseError as error:
        raise _error_class(error)(str(error)) from error


Date = dt.date
Time = dt.time
Timestamp = dt.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> dt.date:  # noqa: N802 - PEP 249 names it
    """Return the local date of a Unix timestamp in seconds."""
    return dt.date.fromtimestamp(ticks)  # noqa: DTZ012 - local by definition


def TimeFromTicks(ticks: float) -> dt.time:  # noqa: N802 - the same
    """Return the local time of a Unix timestamp in seconds."""
    return TimestampFromTicks(ticks).time()


def TimestampFromTicks(ticks: float) -> dt.datetime:  # noqa: N802 - the same
    """Return the local date and time of a Unix timestamp in seconds."""
    return dt.datetime.fromtimestamp(ticks)  # noqa: DTZ006 - local by definition


class _TypeObject:
    """A type object that equals the ClickHouse types of a kind in a description."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self._pattern.fullmatch(parse_column_type(other)[0].name) is not None
        return self is other

    def __hash__(self) -> int:
        return id(self)


STRING = _TypeObject(r"String|FixedString|Enum\d*|UUID|IPv\d")
BINARY = _TypeObject(r"AggregateFunction")
NUMBER = _TypeObject(r"U?Int\d+|B?Float\d+|Decimal|Bool|Interval\w+")
DATETIME = _TypeObject(r"Date(Time)?(32|64)?|Time(64)?")
ROWID = _TypeObject(r"(?!)")


def connect(
    host: str | None = None,
    api_key: KeySource | None = None,
    *,
    database: str | None = None,
    **settings: Any,
) -> Connection:
    """Return a connection.

    Args:
        host: Host of the tenant; see `bytehouse.ByteHouse`, as for all settings.
        api_key: The API key, or its source.
        database: Default database of table names; the setting `database` if not given.
        **settings: Other arguments of `bytehouse.ByteHouse`.
    """
    with _translate_errors():
        connection = Connection(ByteHouse(host, api_key, database=database, **settings))
        if (named := connection.client._options.database) is not None:
            try:
                connection.session.use(named)
            except BaseException:
                connection.close()
                raise
        return connection


class Connection:
    """A client and a session of it. Threads may share it."""

    Warning = Warning
    Error = Error
    InterfaceError = InterfaceError
    DatabaseError = DatabaseError
    DataError = DataError
    OperationalError = OperationalError
    IntegrityError = IntegrityError
    InternalError = InternalError
    ProgrammingError = ProgrammingError
    NotSupportedError = NotSupportedError

    def __init__(self, client: ByteHouse) -> None:
        self.client = client
        self.session = client.session()
        self._closed = False
        self._cursors: WeakSet[Cursor] = WeakSet()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connection and its cursors. Closing it again does nothing."""
        with self._lock:
            cursors = list(self._cursors)
        for cursor in cursors:
            cursor.close()
        self._closed = True
        self.client.close()

    def commit(self) -> None:
        """Do nothing: each statement has taken effect already."""
        self.require_open()

    def rollback(self) -> None:
        """Raise `NotSupportedError`: nothing can be undone."""
        self.require_open()
        raise NotSupportedError("There are no transactions: what was done cannot be undone.")

    def cursor(self) -> Cursor:
        """Return a cursor."""
        self.require_open()
        cursor = Cursor(self)
        with self._lock:
            self._cursors.add(cursor)
        return cursor

    def require_open(self) -> None:
        """Raise `InterfaceError` if the connection is closed."""
        if self._closed:
            raise InterfaceError("This connection is closed.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


_INSERT = re.compile(
    r"(?P<head>\s*INSERT\s(?:(?!%\().)*?\bVALUES\s*)(?P<row>\(.*\))\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_STRING_OR_PARENTHESIS = re.compile(r"'(?:[^'\\]|\\.|'')*'|%\([^()]+\)s|[()]", re.DOTALL)


_PARAMETER = r"%\(([^()]+)\)s"
_NAME = r"(?:[A-Za-z_]\w*|`[^`\\]+`|\"[^\"\\]+\")"
_SETTING = r"[A-Za-z_]\w*\s*=\s*(?:'[^'\\]*'|[+-]?[\w.]+)"
# An INSERT of one row that consists of parameters alone.
_PLAIN_INSERT = re.compile(
    rf"""\s*INSERT\s+INTO\s+(?:TABLE\s+)?(?P<table>{_NAME}(?:\s*\.\s*{_NAME})?)\s*
    (?:\((?P<columns>\s*{_NAME}(?:\s*,\s*{_NAME})*)\s*\)\s*)?
    (?:\bSETTINGS\s+(?P<settings>{_SETTING}(?:\s*,\s*{_SETTING})*)\s*)?
    \bVALUES\s*\((?P<row>\s*{_PARAMETER}(?:\s*,\s*{_PARAMETER})*)\s*\)\s*;?\s*""",
    re.IGNORECASE | re.VERBOSE,
)


_SKIPPED = re.compile(SKIPPED, re.VERBOSE | re.DOTALL)


def _without_comments(operation: str) -> str:
    return _SKIPPED.sub(
        lambda found: " " if found[0].startswith(("--", "#", "/*")) else found[0], operation
    )


def _settings(clause: str) -> dict[str, SettingValue]:
    pairs = (pair.split("=", 1) for pair in re.findall(_SETTING, clause))
    return {name.strip(): _setting(text.strip()) for name, text in pairs}


def _setting(text: str) -> SettingValue:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return {"true": True, "false": False}.get(text.lower(), text.strip("'"))


def _names(text: str) -> list[str]:
    return [name.strip('`"') for name in re.findall(_NAME, text)]


def _values(keys: Sequence[str], parameters: Mapping[str, Any]) -> list[Any]:
    """Return the values of a set of parameters."""
    if not isinstance(parameters, Mapping):
        raise ProgrammingError("Parameters must be a mapping: the statement names them.")
    if missing := [key for key in keys if key not in parameters]:
        raise ProgrammingError(f"The parameter %({missing[0]})s has no value.")
    return [parameters[key] for key in keys]


def _no_names(operation: str) -> errors.InvalidArgument:
    """Return the error of parameters without names."""
    if "sqlite_master" in operation:
        return errors.InvalidArgument(
            "DataFrame.to_sql takes this connection for one of SQLite.",
            hint='Use connection.client.insert("database.table", frame) instead.',
        )
    return errors.InvalidArgument(
        "Parameters must be a mapping: the statement names them, as in %(name)s."
    )


def _is_one_row(text: str) -> bool:
    """Return whether the first parenthesis is closed by the last character."""
    depth = 0
    for found in _STRING_OR_PARENTHESIS.finditer(text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.end() == len(text)
    return False


class Cursor:
    """Run statements and fetch their rows, which are read from the service as they are fetched.

    Attributes:
        connection: The connection that created it.
        arraysize: Default number of rows for `fetchmany`.
        rowcount: Number of rows that an `executemany` of an INSERT has inserted, up to a failure;
            -1 if unknown.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.rowcount = -1
        self._result: Result | None = None
        self._rows: Iterator[Row] = iter(())
        self._closed = False

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """Name, type, two Nones, precision, scale and nullability of each column; None if the
        statement returns no rows."""
        if self._result is None or not self._result.columns:
            return None
        return [_describe(column) for column in self._result.columns]

    def execute(
        self, operation: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None
    ) -> Self:
        """Run a statement.

        Args:
            operation: The statement. With parameters, it names them as ``%(name)s``, and a percent
                sign is written ``%%``.
            parameters: Values by name; an empty tuple or list is as none.
        """
        self._require_open()
        self._close_result()
        with _translate_errors():
            sql = operation
            if isinstance(parameters, Mapping):
                sql = bind_pyformat(operation, parameters)
            elif parameters:
                raise _no_names(operation)
            self._set_result(self.connection.session.query(sql))
        return self

    def executemany(self, operation: str, seq_of_parameters: Iterable[Mapping[str, Any]]) -> Self:
        """Run a statement once for each set of parameters.

        The rows of an INSERT are combined into statements of bounded size. If its row consists of
        parameters alone, their values are checked against the types of the columns first, as by
        `insert` of the client.
        """
        self._require_open()
        self._close_result()
        insert = _INSERT.fullmatch(operation)
        with _translate_errors():
            if plain := _PLAIN_INSERT.fullmatch(_without_comments(operation)):
                self._insert_checked(plain, seq_of_parameters)
                return self
            if insert is not None and _is_one_row(insert["row"]):
                self._insert(insert["head"], insert["row"][1:-1], seq_of_parameters)
                return self
            for parameters in seq_of_parameters:
                sql = bind_pyformat(operation, parameters)
                with self.connection.session.query(sql) as result:
                    for each in result.results():
                        each.rows()
        return self

    def _insert(self, head: str, row: str, sets: Iterable[Mapping[str, Any]]) -> None:
        self.rowcount = 0
        rows = (bind_pyformat(row, parameters) for parameters in sets)
        for block in pack_rows(head, (((at,), (text,)) for at, text in enumerate(rows))):
            self.connection.session.execute(str(block.statement))
            self.rowcount += block.rows

    def _insert_checked(self, insert: re.Match[str], sets: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows that consist of parameters alone."""
        columns = insert["columns"] and _names(insert["columns"])
        keys = re.findall(_PARAMETER, insert["row"])
        self._count(0)
        self.connection.client.insert(
            Identifier(*_names(insert["table"])),
            (_values(keys, parameters) for parameters in sets),
            columns=columns or None,
            settings=_settings(insert["settings"] or ""),
            session_id=self.connection.session.id,
            on_block=self._count,
        )

    def _count(self, rows: int) -> None:
        self.rowcount = rows

    def fetchone(self) -> Row | None:
        """Return the next row; None if there is none."""
        self._require_rows()
        with _translate_errors():
            return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return the next rows, by default `arraysize` of them."""
        self._require_rows()
        with _translate_errors():
            return list(islice(self._rows, self.arraysize if size is None else size))

    def fetchall(self) -> list[Row]:
        """Return all remaining rows."""
        self._require_rows()
        with _translate_errors():
            return list(self._rows)

    def nextset(self) -> bool | None:
        """Move to the result of the next statement; return None if there is none."""
        self._require_open()
        if self._result is None:
            return None
        with _translate_errors():
            following = self._result.next_result()
        if following is None:
            return None
        self._set_result(following)
        return True

    def setinputsizes(self, sizes: Sequence[Any]) -> None:
        """Do nothing: buffers need no sizes."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing: the same."""

    def close(self) -> None:
        """Close the cursor; a statement whose rows were not all read is stopped. Closing it
        again does nothing."""
        self._close_result()
        self._closed = True

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _set_result(self, result: Result) -> None:
        self._result = result
        # Tools read the description before the rows, so column names that come after the rows are
        # needed now.
        unnamed = list(result.columns) == unnamed_columns(len(result.columns))
        self._rows = iter(result.rows() if unnamed else result)

    def _close_result(self) -> None:
        """Close the current result."""
        if self._result is not None:
            with _translate_errors():
                self._result.close()
        self._result, self.rowcount = None, -1

    def _require_open(self) -> None:
        self.connection.require_open()
        if self._closed:
            raise InterfaceError("This cursor is closed.")

    def _require_rows(self) -> None:
        self._require_open()
        if self._result is None or not self._result.columns:
            raise ProgrammingError("There are no rows: no statement that returns any was run.")


def _describe(column: ResultColumn) -> tuple[Any, ...]:
    kind, nullable = parse_column_type(column.type)
    precision: int | None = None
    scale: int | None = None
    if kind.name == "Decimal" and len(kind.arguments) == 2:
        precision, scale = (int(argument.name) for argument in kind.arguments)
    elif kind.name == "DateTime64":
        scale = precision_of(kind)
    return (column.name, column.type, None, None, precision, scale, nullable)
