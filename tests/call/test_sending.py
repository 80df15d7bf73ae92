"""What goes over the wire: the key, the role, headers, paths and bodies."""

import copy
import pickle
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bytehouse import (
    ByteHouse,
    ByteHouseError,
    ConfigError,
    Conflict,
    InvalidArgument,
    NotFound,
)
from bytehouse._core.secrets import Secret
from bytehouse_raw.api.iam import get_account_status
from bytehouse_raw.operations import OPERATIONS, ROLE_HEADER
from bytehouse_raw.plan import Plan
from tests.support.cases import cases
from tests.support.flavours import KEY, MakeClient, every_transport
from tests.support.server import Reply, ScriptedServer, data
from tests.support.wire import request_line, route

__all__ = ["every_transport"]


def test_the_key_is_a_bearer_token_of_every_request(bh: ByteHouse, server: ScriptedServer) -> None:
    """Each request carries the key once, and the host it is for."""
    bh.databases.get("a")
    bh.databases.create("b")
    for seen in server.seen:
        assert seen.header("Authorization") == f"Bearer {KEY}"
        assert seen.header("Host") == f"127.0.0.1:{server.port}"


def test_a_key_is_read_anew_for_each_request(
    make: MakeClient, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A callable, a variable and a file may give another key at any time: it is picked up."""
    keys = iter(["one", " two\n"])
    place = tmp_path / "key"
    clients = [make(server.url, lambda: next(keys))]
    clients.append(make(server.url, "env:ROTATING"))
    clients.append(make(server.url, f"file:{place}"))
    for key in ("one", "two"):
        monkeypatch.setenv("ROTATING", key)
        place.write_text(f"{key}\n")
        for bh in clients:
            bh.databases.get("d")
            assert server.seen[-1].header("Authorization") == f"Bearer {key}"


def test_a_repeated_request_reads_the_key_anew(make: MakeClient, server: ScriptedServer) -> None:
    """A key that was rotated between two attempts is right in the second."""
    keys = iter(["old", "new"])
    server.script(Reply(503), data({"name": "d"}))
    make(server.url, lambda: next(keys)).databases.get("d")
    assert [seen.header("Authorization") for seen in server.seen] == ["Bearer old", "Bearer new"]


@cases(
    "key", ["", "  ", "se cret", "se\ncret", "se\rcret", "se\0cret", "schlüssel", "se\u2028cret"]
)
def test_a_key_that_no_header_can_carry_is_refused_before_anything_is_sent(
    make: MakeClient, server: ScriptedServer, key: str
) -> None:
    """A line break or a placeholder in the key is told without showing it."""
    for source in (lambda: key, key):
        with pytest.raises(ConfigError) as caught:
            make(server.url, source).databases.get("d")
        assert not key.strip() or key not in str(caught.value)
    assert server.seen == []


@cases(
    ("reference", "words"),
    [
        ("env:NOT_SET", "NOT_SET.*not set"),
        ("file:/nowhere/key", "/nowhere/key.*FileNotFoundError"),
        ("file:/", "cannot be read"),
        ("file:~no-such-user/key", "cannot be read"),
        ("file:" + "x" * 5000, "cannot be read"),
        ("keyring:service/user", "keyring"),
    ],
)
def test_a_reference_to_no_key_is_reported(
    make: MakeClient, server: ScriptedServer, reference: str, words: str
) -> None:
    """The error of a call says where the key was looked for."""
    with pytest.raises(ConfigError, match=words):
        make(server.url, reference).databases.get("d")
    assert server.seen == []


def test_a_callable_that_returns_no_string_is_reported(
    make: MakeClient, server: ScriptedServer
) -> None:
    """The type is named, the value is not."""
    with pytest.raises(ConfigError, match="returned bytes"):
        make(server.url, lambda: b"secret").databases.get("d")


def test_a_key_that_holds_a_colon_is_taken_as_it_is(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Only the known schemes are references."""
    make(server.url, "environment:NAME").databases.get("d")
    assert server.seen[0].header("Authorization") == "Bearer environment:NAME"


def test_the_role_of_a_call_goes_before_that_of_its_client(
    make: MakeClient, server: ScriptedServer
) -> None:
    """The default holds until a call says otherwise, and None says: none."""
    bh = make(server.url, role="Default")
    view = bh.with_options(role="View")
    for client, options in (
        (bh, {}),
        (bh, {"role": "Call"}),
        (bh, {"role": None}),
        (view, {}),
        (view, {"role": "Call"}),
        (view.with_options(role=None), {}),
        (bh, {}),
    ):
        client.databases.get("d", **options)
    assert [seen.header(ROLE_HEADER) for seen in server.seen] == [
        "Default", "Call", None, "View", "Call", None, "Default",
    ]  # fmt: skip


@cases("operation", OPERATIONS.values())
def test_the_role_goes_only_where_it_is_taken(server: ScriptedServer, operation: Any) -> None:
    """Exactly the operations that take the role header get it, whatever the client's default."""
    names = operation.path.split("{")[1:]
    path = {name.split("}")[0]: "x" for name in names}
    plan: Plan[object] = Plan(operation, dict, path, {}, {}, None)
    with ByteHouse(server.url, KEY, role="Admin") as bh:
        bh.send(plan)
    assert server.seen[0].header(ROLE_HEADER) == (
        "Admin" if ROLE_HEADER in operation.headers else None
    )
    assert server.seen[0].method == operation.method


def test_an_error_names_the_role_that_was_sent(make: MakeClient, server: ScriptedServer) -> None:
    """A refusal names the role it met; an operation that takes none names none."""
    server.script(Reply(404, {"message": "no"}))
    bh = make(server.url, role="Admin")
    with pytest.raises(NotFound, match="role Admin"):
        bh.databases.get("d")
    with pytest.raises(NotFound, match="default role"):
        bh.databases.get("d", role=None)
    with pytest.raises(NotFound) as caught:
        bh.send(get_account_status.plan())
    assert "role" not in str(caught.value)
    assert caught.value.role is None


@cases(
    "name",
    ["Authorization", "HOST", "content-length", "Content-Type", "Transfer-Encoding", "Connection",
     ROLE_HEADER, ROLE_HEADER.lower()],
)  # fmt: skip
def test_the_client_s_own_headers_cannot_be_set(
    bh: ByteHouse, server: ScriptedServer, name: str
) -> None:
    """What would break a request, or go round its role, is refused."""
    with pytest.raises(InvalidArgument, match=name):
        bh.databases.get("d", headers={name: "x"})
    assert server.seen == []


@cases(
    "headers",
    [
        {"X-A": "b\r\nX-Evil: 1"},
        {"X-A": "ü"},
        {"X-A": " b "},
        {"X-A\r\nX-Evil": "1"},
        {"X A": "1"},
        {"": "1"},
        {"X-A": 1},
        {1: "a"},
        None,
        "X-A: 1",
    ],
)
def test_an_invalid_header_is_refused(bh: ByteHouse, server: ScriptedServer, headers: Any) -> None:
    """No header can smuggle another one in or break the request."""
    with pytest.raises(InvalidArgument, match="header"):
        bh.databases.get("d", headers=headers)
    assert server.seen == []


def test_headers_of_a_call_go_before_those_of_its_view_and_come_once(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """Names of headers know no case: a further one replaces, it is not sent twice."""
    view = bh.with_options(headers={"X-Trace": "view", "X-View": "1", "accept": "text/csv"})
    view.databases.get("d", headers={"x-trace": "call", "User-agent": "mine"})
    (seen,) = server.seen
    assert seen.header("X-Trace") == "call"
    assert seen.header("X-View") == "1"
    assert seen.header("Accept") == "text/csv"
    assert seen.header("User-Agent") == "mine"


@cases("session", ["a\r\nX-Evil: 1", "ü", " a"])
def test_a_session_id_that_no_header_can_carry_is_refused(
    bh: ByteHouse, server: ScriptedServer, session: str
) -> None:
    """A session id travels in a header, and is held to what a header can carry."""
    with pytest.raises(InvalidArgument, match="X-QuerySession-ID"):
        bh.queries.execute("SELECT 1", session_id=session)
    assert server.seen == []


@cases(
    ("options", "words"),
    [
        ({"roles": "x"}, "no option 'roles'"),
        ({"role": ""}, "role"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": None}, "timeout"),
        ({"deadline": "soon"}, "deadline"),
        ({"max_retries": -1}, "max_retries"),
    ],
)
def test_a_bad_option_is_refused_before_anything_is_sent(
    bh: ByteHouse, server: ScriptedServer, options: dict[str, Any], words: str
) -> None:
    """A wrong name or value of an option is an error of the call that has it."""
    with pytest.raises(InvalidArgument, match=words):
        bh.databases.get("d", **options)
    with pytest.raises(InvalidArgument, match=words):
        bh.with_options(**options)
    assert server.seen == []


@cases(
    "name",
    ["a/b", "a?b", "a#b", "a%b", "a%2Fb", "a b", "数据", "a\nb", "a+b&c=d", "...", ";", "\0"],
)
def test_a_name_in_a_path_arrives_as_it_is(
    bh: ByteHouse, server: ScriptedServer, name: str
) -> None:
    """Whatever a name holds, the path has as many parts as the route, and the part is the name."""
    bh.tables.get(name, "t")
    template = OPERATIONS["get_table"].path.split("/")
    parts = dict(zip(template, server.seen[0].target.split("/"), strict=True))
    assert unquote(parts.pop("{db_name}")) == name
    assert parts.pop("{table_name}") == "t"
    assert all(part == known for known, part in parts.items())


@cases("name", ["", ".", "..", None, "\ud800"])
def test_a_name_that_would_address_something_else_is_refused(
    bh: ByteHouse, server: ScriptedServer, name: Any
) -> None:
    """An empty name or a dot would reach the collection or its parent: nothing is sent."""
    for call in (bh.databases.get, bh.databases.delete, bh.databases.mysql_sync_status):
        with pytest.raises(InvalidArgument, match=r"db_name|name must be") as caught:
            call(name)
        assert caught.value.operation or caught.value.message.startswith("Databases.")
        assert caught.value.attempts == 0
    with pytest.raises(InvalidArgument, match=r"table_name|name must be"):
        bh.tables.delete("d", name)
    assert server.seen == []


def test_a_path_of_no_end_is_refused(bh: ByteHouse, server: ScriptedServer) -> None:
    """An address longer than anything takes is told before it is sent."""
    with pytest.raises(InvalidArgument, match="longer"):
        bh.databases.get("x" * 100_000)
    with pytest.raises(InvalidArgument, match="longer"):
        bh.databases.list(filter="x" * 100_000).all()
    assert server.seen == []


def test_a_filter_arrives_as_it_is(bh: ByteHouse, server: ScriptedServer) -> None:
    """What a query parameter holds is quoted."""
    server.script(data([]))
    bh.databases.list(filter="a&limit=1#ü ").first()
    assert "filter=a%26limit%3D1%23%C3%BC+&limit=1" in server.seen[0].target


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=8))
def test_any_name_is_sent_or_refused(server: ScriptedServer, name: str) -> None:
    """No text as a name does anything but arrive or raise InvalidArgument."""
    with ByteHouse(server.url, KEY) as bh:
        server.script(data({"uuid": "u"}))
        try:
            bh.databases.create(name, description=name)
            bh.tables.get("d", name)
        except InvalidArgument:
            return
    assert server.seen[0].json == {"name": name, "description": name}
    assert server.seen[1].path["table_name"] == name


def test_a_body_is_sent_as_json_with_nothing_that_was_not_said(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """An argument that was left out is not in the body, neither as null nor as a default."""
    bh.databases.create("sales")
    (seen,) = server.seen
    assert seen.json == {"name": "sales"}
    assert seen.header("Content-Type") == "application/json"
    assert seen.header("Content-Length") == str(len(seen.body))
    bh.databases.get("sales")
    assert server.seen[1].header("Content-Type") is None


def test_a_body_that_is_no_json_is_refused(bh: ByteHouse, server: ScriptedServer) -> None:
    """What JSON cannot write raises before anything is sent."""
    columns: Any = [{"name": "a", "type": "Int8", "additional_properties": {"odd": object()}}]
    with pytest.raises(InvalidArgument, match="JSON"):
        bh.tables.create("d", "t", columns, order_by="a")
    assert server.seen == []


def test_redirects_are_not_followed_and_the_key_goes_to_no_other_host(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A redirect is an error that names the place; the place sees nothing."""
    with ScriptedServer() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            server.script(Reply(status, headers={"Location": f"{elsewhere.url}/login"}))
            with pytest.raises(ByteHouseError, match=rf"redirects to '{elsewhere.url}") as caught:
                bh.databases.get("d")
            assert "no other host" in caught.value.hint
            assert len(server.seen) == 1
        assert elsewhere.connections == 0


def test_cookies_of_a_response_are_not_sent_back(bh: ByteHouse, server: ScriptedServer) -> None:
    """A client keeps nothing from one call to the next but its connections."""
    server.script(Reply(body={"data": {"name": "d"}}, headers={"Set-Cookie": "a=b"}))
    bh.databases.get("d")
    bh.databases.get("d")
    assert server.seen[1].header("Cookie") is None


def test_a_connection_that_the_server_closed_is_not_used_again(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A create after an idle time is not lost on a connection that has ended meanwhile."""
    server.script(Reply(body={"data": {"uuid": "u"}}, then="close"))
    for _ in range(3):
        bh.databases.create("d")
        time.sleep(0.05)  # for the end of the connection to arrive
    assert len(server.seen) == 3
    assert server.connections == 3


def test_neither_a_client_nor_a_secret_can_be_pickled_or_copied_into_one(bh: ByteHouse) -> None:
    """What holds the key does not leave the process."""
    for thing in (bh, Secret("x"), {"key": Secret("x")}):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(thing)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.copy(bh)
    assert copy.deepcopy([Secret("x")])[0] == "x"


def test_a_secret_shows_itself_nowhere() -> None:
    """Whatever prints a secret prints stars."""
    secret = Secret("hush")
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>9}", "%s" % secret]  # noqa: UP031
    shown += [str([secret]), ascii(secret), "{}".format(secret), f"{secret:>20}"]  # noqa: UP032
    assert not [text for text in shown if "hush" in text]
    assert secret == "hush"
    assert secret.reveal() == "hush"


def test_an_error_names_the_call(bh: ByteHouse, server: ScriptedServer) -> None:
    """Operation, method, path, status and attempts are in the error and its text."""
    server.script(Reply(409, {"message": "it is there"}, {"X-Request-Id": "r-1"}))
    with pytest.raises(Conflict) as caught:
        bh.databases.create("d")
    error = caught.value
    assert (error.operation, error.method, error.path) == (
        "create_database",
        *route("create_database"),
    )
    assert (error.status, error.request_id, error.attempts) == (409, "r-1", 1)
    assert str(error) == (
        f"create_database: it is there [HTTP 409, {request_line('create_database')}, default role, "
        "request r-1] Hint: Pass if_not_exists=True to leave it as it is; `ensure` compares it too."
    )
