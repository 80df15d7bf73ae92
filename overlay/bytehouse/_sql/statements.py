"""Prepare the submission of statements and read what a response to it says. No I/O."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

import attrs

from bytehouse_raw.models import QueryResult, SubmitAsyncQueryRequest, SubmitSyncQueryRequest
from bytehouse_raw.types import Model

from .._core.json import first_string
from .._core.options import CallOptions, Options
from .._core.secrets import Secret, secrets_in
from ..errors import InvalidArgument
from .formats import check_result_clauses
from .literals import literal
from .parameters import bind

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


def check_statement(sql: str) -> str:
    """Return a statement.

    Raises:
        InvalidArgument: It is not a string, or empty.
    """
    if not isinstance(sql, str) or not sql.strip():
        raise InvalidArgument("The statement is empty.")
    return sql


@attrs.frozen(kw_only=True)
class Submission:
    """One or more statements to submit, and how to run them.

    Attributes:
        options: Options of the call; `timeout` defaults to the deadline.
        secrets: Secret parameters, and how they are written in the statement.
    """

    sql: str | Secret = attrs.field(repr=False)
    mode: Mode
    warehouse: str | None = None
    query_id: str
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
        sql: str,
        merged: Options,
        options: CallOptions,
        *,
        params: Mapping[str, object] | None = None,
        mode: Mode | None = None,
        warehouse: str | None = None,
        query_id: str | None = None,
        session_id: str | None = None,
        max_rows: int | None = None,
        async_after: int | None = None,
    ) -> Self:
        """Bind the parameters and fill in defaults.

        Raises:
            InvalidArgument: There is no statement, its parameters do not fit, or it asks for what
                its result cannot hold.
        """
        secrets = secrets_in(params)
        bound = bind(check_statement(sql), params)
        check_result_clauses(bound)
        return cls(
            # A statement with secrets is masked, in tracebacks too.
            sql=Secret(bound) if secrets else bound,
            mode=mode or cast("Mode", merged.mode),
            warehouse=warehouse or merged.warehouse,
            query_id=query_id or new_query_id(),
            session_id=session_id,
            max_rows=max_rows,
            async_after=async_after,
            deadline=merged.deadline,
            options={"timeout": merged.deadline, **options},
            secrets=(*secrets, *(Secret(literal(secret)[1:-1]) for secret in secrets)),
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


def extract_results(data: object) -> list[QueryResult]:
    """Return the results in the data of a response, unconverted.

    The statement ran, so no layout is an error: a single result may come without a list around it,
    and anything else (null, ``"Success"``) means that there are none.
    """
    if isinstance(data, dict):
        return [QueryResult.from_dict(data)]
    return data if isinstance(data, list) else []


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
