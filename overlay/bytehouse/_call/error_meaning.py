"""Decide which error a status, a code and a message stand for, and what there is to do about it.

The vendor documents 400 (bad request), 403 (authentication failed), 404 (not found), 422 (illegal
state) and 500, and no others. So a 403 may mean the key as well as the role, something that exists
already may be a 400, and a state that does not allow an operation a 422. 401, 409 and 429 are
understood as everywhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from bytehouse_raw.operations import ROLE_HEADER

from .._api.engine_errors import ROLE_HINT
from ..errors import (
    APIError,
    AuthenticationError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bytehouse_raw.operations import Operation

__all__ = [
    "KNOWN_STATUSES",
    "Meaning",
    "exists_hint",
    "meaning_of",
    "missing_hint",
]

_KEY = "Check api_key: it may be wrong, disabled or expired (keys need renewing within 90 days)."
_KEY_OR_ROLE = (
    "The service documents 403 for a key that it does not accept, and no other status for a role "
    "that may not do this; the response does not tell which. Check api_key (wrong, disabled or "
    "expired?) and the role (pass role=..., or ask for the permission). `bytehouse doctor` tries "
    "other operations."
)
_KEY_OR_GRANT = (
    "The service documents 403 for a key that it does not accept, and no other status for what the "
    "user may not do; the response does not tell which. Check api_key (wrong, disabled or "
    "expired?) and the user's permissions; this operation takes no role."
)
_LISTS = {  # by a parameter of the path, or by a word in the id of an operation
    "api_key_id": "api_keys.list()",
    "mv_name": "views.materialized({db_name!r})",
    "table_name": "tables.list({db_name!r})",
    "db_name": "databases.list()",
    "name": "warehouses.list()",
    "connection": "connections.list()",
    "import_job": "import_jobs.list()",
    "execution": "executions.list()",
    "kafka": "executions.list()",
    "query": "history()",
    "storage_usage": "databases.list()",
    "warehouse_usage": "warehouses.list()",
    "role": "roles.list()",
    "permission": "roles.list()",
}
_DELETIONS = ("delete_database", "delete_table", "delete_dictionary", "delete_warehouse")
_CREATIONS = ("create_database", "create_table", "create_warehouse")
_STATE = (
    "The service documents 422 as an illegal state: see whether the object exists already, or is "
    "in a state that does not allow this."
)


@attrs.frozen
class Meaning:
    """Hold what an error response stands for: the class of its error, and what to do next."""

    error: type[APIError]
    hint: str = ""


@attrs.frozen
class _Rule:
    """Give a meaning to a status where the code, or else the message, matches."""

    statuses: frozenset[int]
    code: re.Pattern[str]
    message: re.Pattern[str]
    meaning: Meaning


def _rule(statuses: set[int], code: str, message: str, meaning: Meaning) -> _Rule:
    return _Rule(
        frozenset(statuses),
        re.compile(code, re.IGNORECASE),
        re.compile(message, re.IGNORECASE),
        meaning,
    )


_NOT_VALID = (
    r"(invalid|unknown|wrong|missing|malformed|disabled|expired|revoked|ended|deleted|not valid"
    r"|not accepted|not found|incorrect|required|does not exist)"
)
_CREDENTIAL = r"\b(api[ _-]?keys?|(bearer |access )?token|credentials?|password|signature)\b"
_NO_OBJECT = (
    r"\b(database|table|view|dictionary|job|connection|execution|warehouse|vw|query|api[ _]?key)\b"
    r".{0,80}\b(does(n't| not) exist|(was |is )?not found)|\bno such "
    r"(database|table|view|dictionary|job|connection|execution|warehouse|vw|query|api[ _]?key)\b"
)

# The first that matches counts.
_RULES = (
    _rule(
        {403},
        r"unauthenticated|api_?key|token|credential|password|^(516|19[234])$",
        rf"{_CREDENTIAL}.*\b{_NOT_VALID}\b|\b{_NOT_VALID}\b.{{0,20}}{_CREDENTIAL}",
        Meaning(AuthenticationError, _KEY),
    ),
    _rule(
        {403},
        r"permission|privilege|role|grant|access_?denied|^497$",
        r"\b(permissions?|privileges?|roles?|grant(s|ed)?)\b",
        Meaning(PermissionDenied, ROLE_HINT),
    ),
    _rule(
        {422},
        r"invalid(?!_?state)|validation",
        r"\binvalid\b(?! state)|\bvalidation\b",
        Meaning(InvalidRequest),
    ),
    _rule(
        {400, 422},
        r"(?<!not)(?<!not_)exists?(?![a-z])|conflict|(illegal|invalid)_?state|in_?use",
        r"\balready\b|(?<!not )\bexists\b|\bin use\b|\b(illegal|invalid) state\b",
        Meaning(Conflict),
    ),
    _rule({400}, r"not_?(found|exists?)(?![a-z])", _NO_OBJECT, Meaning(NotFound)),
)
_BY_STATUS = {
    401: Meaning(AuthenticationError, _KEY),
    403: Meaning(PermissionDenied, _KEY_OR_ROLE),
    404: Meaning(NotFound),
    409: Meaning(Conflict),
    422: Meaning(Conflict, _STATE),
    429: Meaning(RateLimited),
}
KNOWN_STATUSES = frozenset(_BY_STATUS)
"""Statuses whose meaning does not depend on a code or message."""

_QUOTED = re.compile(r"(?<!\w)(['\"`]).*?\1(?!\w)")
_STATEMENTS = ("submit_sync_query", "submit_async_query")


def meaning_of(status: int, code: str, message: str, operation: Operation | None) -> Meaning:
    """Return what an error stands for.

    Args:
        status: HTTP status, or the number in a success that stands for one.
        code: Name or number of the error; empty if there is none.
        message: What went wrong; empty if there is none.
        operation: What was called; None if that is not known.
    """
    if code or message:
        is_statement = operation is not None and operation.id in _STATEMENTS
        # What is quoted are names of objects. The message about a statement tells of the
        # statement's own objects, and not of the query.
        text = "" if is_statement and status != 403 else _QUOTED.sub(" ", message)
        for rule in _RULES:
            if status in rule.statuses and (rule.code.search(code) or rule.message.search(text)):
                return rule.meaning
    elif status == 422:
        return Meaning(InvalidRequest)  # not in the service's form, so perhaps a gateway's
    found = _BY_STATUS.get(status)
    if found is None:
        kind = APIError if status < 400 else InvalidRequest if status < 500 else ServerError
        return Meaning(kind)
    if status == 403 and operation is not None and ROLE_HEADER not in operation.headers:
        return attrs.evolve(found, hint=_KEY_OR_GRANT)
    return found


def missing_hint(operation: Operation, names: Mapping[str, str]) -> str:
    """Return where to look for an object that is missing.

    Args:
        operation: What was called.
        names: Values of the parameters of its path.
    """
    keys = [key for key in _LISTS if key in names]
    keys = keys or [key for key in _LISTS if key in operation.id][:1]
    if not keys:
        return "The call names no object: its path may be wrong. `bytehouse doctor` tries others."
    lists = " and ".join(f"`{_LISTS[key].format_map(names)}`" for key in keys)
    hint = f"What the role may see: {lists}. Another role may see more (role=...)."
    deletes = operation.id in _DELETIONS
    return hint + " To delete what may be missing, pass if_exists=True." * deletes


def exists_hint(operation: Operation) -> str:
    """Return what to do about an object that exists already, where it was to be created."""
    if operation.id not in _CREATIONS:
        return ""
    return "Pass if_not_exists=True to leave it as it is; `ensure` compares it too."
