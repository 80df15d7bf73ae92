"""What a status means: by code, by message, and by what was asked."""

from collections.abc import Callable

import pytest

from bytehouse import (
    APIError,
    AuthenticationError,
    ByteHouse,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QueryFailed,
)
from tests.support.cases import cases
from tests.support.server import Reply, ScriptedServer


def create(bh: ByteHouse) -> object:
    """Create something."""
    return bh.databases.create("d", max_retries=0)


def delete(bh: ByteHouse) -> None:
    """Delete something."""
    bh.databases.delete("d", max_retries=0)


def run(bh: ByteHouse) -> object:
    """Run a statement."""
    return bh.queries.execute("CREATE DATABASE d", max_retries=0)


def account(bh: ByteHouse) -> object:
    """Call an operation that takes no role."""
    return bh.account.status(max_retries=0)


def coded(status: int, code: str, message: str = "no") -> Reply:
    """Return an error with a code."""
    return Reply(status, {"message": message, "error": {"code": code, "message": message}})


def told(status: int, message: str) -> Reply:
    """Return an error with a message alone."""
    return Reply(status, {"message": message})


SISTER = "Failed to create database err = database already exists"


@cases(
    ("call", "reply", "kind"),
    [
        # Of a sister API of the same backend, as documented.
        (create, coded(400, "errbook_Metastore_CreateDatabase_BR", SISTER), Conflict),
        (create, coded(400, "errbook_Database_AlreadyExists"), Conflict),
        (create, coded(422, "errbook_Database_AlreadyExists"), Conflict),
        (create, coded(400, "errbook_Database_Conflict"), Conflict),
        (create, told(400, "The database 'd' exists."), Conflict),
        (create, told(400, "it is in use"), Conflict),
        (delete, told(422, "Illegal state"), Conflict),
        (delete, told(422, "it is starting"), Conflict),
        (create, told(409, "no"), Conflict),
        # Neither of these says so.
        (create, told(400, "no"), InvalidRequest),
        (create, told(400, "The name 'already exists' has spaces."), InvalidRequest),
        (create, coded(400, "errbook_Engine_NotExists"), NotFound),
        (create, coded(422, "errbook_Database_InvalidName"), InvalidRequest),
        (create, told(422, "invalid name"), InvalidRequest),
        (delete, told(400, "database d does not exist"), NotFound),
        (create, told(400, "The column 'c' does not exist."), InvalidRequest),
        # A statement's message tells of the statement's objects; its code of the query.
        (run, told(400, "database d already exists"), InvalidRequest),
        (run, coded(400, "errbook_Query_AlreadyExists"), Conflict),
        (run, Reply(400, "Code: 82. DB::Exception: Database d already exists."), QueryFailed),
        # The key, the role, or untold.
        (create, told(401, "no"), AuthenticationError),
        (create, told(403, "The API key in Authorization is wrong."), AuthenticationError),
        (create, told(403, "invalid token"), AuthenticationError),
        (create, told(403, "The API key k is disabled."), AuthenticationError),
        (create, coded(403, "errbook_Auth_Unauthenticated"), AuthenticationError),
        (run, Reply(403, "Code: 516. DB::Exception: bytehouse: no."), AuthenticationError),
        (create, told(403, "The API key lacks the permission CREATE."), PermissionDenied),
        (create, coded(403, "errbook_Auth_PermissionDenied"), PermissionDenied),
        (run, Reply(403, "Code: 497. DB::Exception: Not enough privileges."), PermissionDenied),
        (create, told(403, "Authentication Failed"), PermissionDenied),
        (create, Reply(403, "<html>Forbidden</html>"), PermissionDenied),
    ],
)
def test_an_error_is_what_the_response_says(
    bh: ByteHouse,
    server: ScriptedServer,
    call: Callable[[ByteHouse], object],
    reply: Reply,
    kind: type[APIError],
) -> None:
    """One status means several things: code and message decide, and what was called."""
    server.script(reply)
    with pytest.raises(kind) as caught:
        call(bh)
    assert type(caught.value) is kind


@cases(
    ("call", "reply", "expected"),
    [
        (create, told(403, "no"), (["api_key", "role=", "does not tell", "doctor"], [])),
        (create, told(403, "Authentication Failed"), (["api_key", "role="], [])),
        (account, told(403, "no"), (["api_key", "takes no role"], ["role="])),
        (create, told(403, "the API key has expired"), (["api_key"], ["role"])),
        (create, told(403, "role Nobody does not exist"), (["role="], ["api_key"])),
        (create, told(422, "no"), (["illegal state"], [])),
        (create, told(400, "no"), ([], ["Hint"])),
    ],
)
def test_a_hint_says_what_is_known(
    bh: ByteHouse,
    server: ScriptedServer,
    call: Callable[[ByteHouse], object],
    reply: Reply,
    expected: tuple[list[str], list[str]],
) -> None:
    """What the response tells is said; what it does not tell is said to be open."""
    server.script(reply)
    with pytest.raises(APIError) as caught:
        call(bh)
    words, absent = expected
    text = str(caught.value)
    assert all(word in text for word in words)
    assert not [word for word in absent if word in text.replace("default role", "")]
