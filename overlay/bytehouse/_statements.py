"""What submitting statements needs beside sending them. No input or output here."""

from __future__ import annotations

import uuid

from bytehouse_raw.models import QueryResult
from bytehouse_raw.types import Model

from ._errors import InvalidArgument

__all__ = ["ID_KEYS", "ids_of", "new_query_id", "results_of", "statement"]

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
    """Return an id by which a query can be found again if its answer is lost."""
    return str(uuid.uuid4())


def statement(sql: str) -> str:
    """Return the text of a query.

    Raises:
        InvalidArgument: It is no text, or empty.
    """
    if not isinstance(sql, str) or not sql.strip():
        raise InvalidArgument("The statement is empty.")
    return sql


def results_of(data: object) -> list[QueryResult]:
    """Return the results that an answer holds, as it holds them.

    The statement ran, so no shape is an error: a single result may come without a list around it,
    and what is no result (null, ``"Success"``) is none.
    """
    if isinstance(data, dict):
        return [QueryResult.from_dict(data)]
    return data if isinstance(data, list) else []


def ids_of(elements: object, submitted: str) -> tuple[str, ...]:
    """Return the ids that an answer to a submission names, each once; the submitted one if it names
    none.

    The open-source engine gives an asynchronous query an id of its own, and a text of several
    statements may be answered with one element each, so every id counts.
    """
    found: dict[str, None] = {}
    several = [elements] if isinstance(elements, Model | dict) else elements
    for element in several if isinstance(several, list) else []:
        fields = (
            element.to_dict()
            if isinstance(element, Model)
            else element
            if isinstance(element, dict)
            else {}
        )
        value = next(
            (fields[key] for key in ID_KEYS if isinstance(fields.get(key), str) and fields[key]),
            None,
        )
        if value is not None:
            found[value] = None
    return tuple(found) or (submitted,)
