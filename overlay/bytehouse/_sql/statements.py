"""Prepare the submission of statements and read what a response to it says. No I/O."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Self, cast

import attrs

from bytehouse_raw.models import QueryResult, SubmitAsyncQueryRequest, SubmitSyncQueryRequest
from bytehouse_raw.types import Model

from .._core.files import read_text
from .._core.json import first_string
from .._core.options import CallOptions, Options, StatementOptions, call_options
from .._core.secrets import Secret, secrets_in
from .._core.validation import require_count, require_name
from ..errors import InvalidArgument
from .formats import check_result_clauses
from .lexer import only_reads
from .literals import Identifier, literal
from .parameters import bind
from .settings import with_settings

if TYPE_CHECKING:
    from .._core.config import Mode


ID_KEYS = (
    "asyncQueryID",
    "asyncQueryId",
    "async_query_id",
    "queryID",
    "queryId",
    "query_id",
    "id",
)


def new_query_id() -> str:
    """Return an id by which a query can be found if the response to its submission is lost."""
    return str(uuid.uuid4())


def statement_text(sql: str | PathLike[str]) -> str:
    """Return a statement, or several, given as a string or as the path of a file in UTF-8.

    Raises:
        InvalidArgument: It is empty or neither, or the file cannot be read.
    """
    if isinstance(sql, PathLike):
        try:
            sql = read_text(sql)
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidArgument(f"The statements cannot be read: {error}") from None
    if not isinstance(sql, str):
        raise InvalidArgument(f"A statement is a string, or the path of a file; not {sql!r:.100}.")
    if not sql.strip():
        raise InvalidArgument("The statement is empty.")
    return sql


def secret_parameters(params: Mapping[str, object] | None) -> tuple[Secret, ...]:
    """Return the secrets among parameters, and how they are written in a statement."""
    secrets = secrets_in(params)
    return (*secrets, *(Secret(literal(secret)[1:-1]) for secret in secrets))


@attrs.frozen(kw_only=True)
class Submission:
    """One or more statements to submit, and how to run them.

    Attributes:
        uses_database: Whether `USE` stands before the statements; its result is none of theirs.
        options: Options of the call; `timeout` defaults to the deadline.
        secrets: Secret parameters, and how they are written in the statement.
    """

    sql: str | Secret = attrs.field(repr=False)
    mode: Mode
    warehouse: str | None = None
    query_id: str
    uses_database: bool = False
    session_id: str | None = None
    max_rows: int | None = None
    async_after: int | None = None
    deadline: float
    """Seconds that submitting it may take."""
    options: CallOptions
    secrets: tuple[Secret, ...] = attrs.field(default=(), repr=False)

    @classmethod
    def create(
        cls,
        sql: str | PathLike[str],
        defaults: Options,
        options: StatementOptions,
        *,
        params: Mapping[str, object] | None = None,
        session_id: str | None = None,
        max_rows: int | None = None,
        async_after: int | None = None,
    ) -> Self:
        """Bind the parameters, write database, settings and tags into the statements, and fill in
        defaults.

        The API has no field for a database: `USE` before the statements, as in the vendor's own
        example, selects it. A session has a database of its own, unless the options name one.

        Raises:
            InvalidArgument: There is no statement, its parameters or settings do not fit, it asks
                for what its result cannot hold, or an option does not exist.
        """
        merged = defaults.for_statement(options)
        require_count(max_rows, "max_rows")
        require_count(async_after, "async_after")
        for name, given in (("session_id", session_id), ("query_id", options.get("query_id"))):
            if given is not None:
                require_name(given, name)
        secrets = secret_parameters(params)
        bound = bind(statement_text(sql), params)
        bound = with_settings(bound, merged.settings, merged.tags, required="settings" in options)
        check_result_clauses(bound)
        database = options.get("database") if session_id is not None else merged.database
        if database is not None:
            bound = f"USE {Identifier(database)}; {bound}"
        return cls(
            # A statement with secrets is masked, in tracebacks too.
            sql=Secret(bound) if secrets else bound,
            mode=cast("Mode", merged.mode),
            warehouse=merged.warehouse,
            query_id=options.get("query_id") or new_query_id(),
            uses_database=database is not None,
            session_id=session_id,
            max_rows=max_rows,
            async_after=async_after,
            deadline=merged.deadline,
            options={"timeout": merged.deadline, **call_options(options)},
            secrets=secrets,
        )

    @classmethod
    def existing(
        cls, query_id: str, merged: Options, options: CallOptions, max_rows: int | None
    ) -> Self:
        """Represent a query that was submitted elsewhere, whose statement is unknown."""
        return cls(
            sql="",
            mode=cast("Mode", merged.mode),
            query_id=query_id,
            max_rows=max_rows,
            deadline=merged.deadline,
            options={"timeout": merged.deadline, **options},
        )

    @property
    def only_reads(self) -> bool:
        """Whether the statements change nothing that lasts, and at least one returns rows."""
        return Secret(self.sql).check(only_reads)

    def body(self) -> SubmitSyncQueryRequest:
        """Return the body of a call that waits for the results."""
        return SubmitSyncQueryRequest(
            query=cast("str", self.sql),  # if secret, it is plain only on the wire
            mode=self.mode,
            vw_id=self.warehouse,
            query_id=self.query_id,
            max_rows_return=self.max_rows,
            async_mode_switch_after_in_sec=self.async_after,
        )

    def background_body(self) -> SubmitAsyncQueryRequest:
        """Return the body of a call that starts it in the background."""
        return SubmitAsyncQueryRequest(
            query=cast("str", self.sql),
            mode=self.mode,
            vw_id=self.warehouse,
            query_id=self.query_id,
        )


def extract_results(data: object, *, uses_database: bool = False) -> list[QueryResult]:
    """Return the results in the data of a response, unconverted.

    The statement ran, so no layout is an error: a single result may come without a list around it,
    and anything else (null, ``"Success"``) means that there are none.

    Args:
        data: The data.
        uses_database: Whether `USE` stood before the statements; its result is left out.
    """
    if isinstance(data, dict):
        return [QueryResult.from_dict(data)]
    results = data if isinstance(data, list) else []
    if uses_database and len(results) > 1 and not getattr(results[0], "columns", results[0]):
        return results[1:]
    return results


def extract_query_ids(elements: object, submitted: str) -> tuple[str, ...]:
    """Return the query ids in the response to a submission, each once; the submitted one if it has
    none.

    The open-source engine assigns an asynchronous query an id of its own, and the response to
    several statements may have one element for each, so every id counts.
    """
    found: dict[str, None] = {}
    several = elements if isinstance(elements, list) else [elements]
    for element in several:
        fields = element.to_dict() if isinstance(element, Model) else element
        if isinstance(fields, dict) and (value := first_string(fields, ID_KEYS)):
            found[value] = None
    return tuple(found) or (submitted,)
