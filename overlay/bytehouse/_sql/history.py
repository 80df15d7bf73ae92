"""Write the statements that read the engine's query log.

Its name and columns are those of the open-source engine; that the service has the same, and which
roles may read it, is inferred. The vendor documents its types of entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from .._core.options import parse_tags
from .._core.times import Duration, to_timedelta
from .._core.validation import require_id, require_name
from ..errors import InvalidArgument
from .literals import literal

__all__ = ["history_statement", "profile_statement"]

_COLUMNS = (
    "query_id, type, query_start_time, query_duration_ms, user, query, read_rows, read_bytes,"
    " written_rows, written_bytes, result_rows, memory_usage, exception_code, exception,"
    " log_comment"
)
_ENDED = "type != 'QueryStart'"


def history_statement(
    since: datetime | Duration | None,
    failed: bool | None,
    tags: Mapping[str, str] | None,
    limit: int,
) -> str:
    """Return the statement that reads the queries that have ended, the latest first.

    Raises:
        InvalidArgument: `since` is neither a time nor a duration, or the tags are not strings.
    """
    conditions = [_ENDED]
    if isinstance(since, timedelta | str):
        seconds = int(to_timedelta(since, "since").total_seconds())
        conditions.append(f"query_start_time >= now() - {seconds}")
    elif since is not None and not isinstance(since, datetime):
        raise InvalidArgument(f"since must be a datetime or a duration, not {since!r}.")
    elif since is not None:
        conditions.append(f"query_start_time >= {literal(since)}")
    if failed is not None:
        conditions.append("type != 'QueryFinish'" if failed else "type = 'QueryFinish'")
    for name, value in parse_tags(tags or {}).items():
        tag = f"JSONExtractString(log_comment, {literal(name)})"
        conditions.append(f"{tag} = {literal(value)}")
    return (  # every value is a literal
        f"SELECT {_COLUMNS} FROM system.query_log WHERE {' AND '.join(conditions)}"  # noqa: S608
        f" ORDER BY query_start_time_microseconds DESC LIMIT {require_id(limit, 'limit')}"
    )


def profile_statement(query_id: str) -> str:
    """Return the statement that reads all that is logged of a query that has ended.

    Raises:
        InvalidArgument: The id is empty, or not a string.
    """
    require_name(query_id, "query_id")
    return (
        f"SELECT * FROM system.query_log WHERE query_id = {literal(query_id)} AND {_ENDED}"  # noqa: S608
        " ORDER BY query_start_time_microseconds DESC LIMIT 1"
    )
