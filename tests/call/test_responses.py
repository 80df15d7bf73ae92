"""What an answer amounts to: a result, or one error of the right class."""

import copy
import math
import pickle
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

import pytest

import bytehouse
from bytehouse import (
    APIError,
    AuthenticationError,
    ByteHouse,
    ByteHouseError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QueryFailed,
    RateLimited,
    ResponseDecodeError,
    ServerError,
)
from bytehouse_raw.operations import OPERATIONS
from bytehouse_raw.plan import Plan
from tests.support.cases import cases
from tests.support.flavours import MakeClient, every_transport
from tests.support.server import Reply, ScriptedServer, data
from tests.support.wire import request_line

__all__ = ["every_transport"]

ENGINE = "Code: 60. DB::Exception: Table d.t does not exist. (UNKNOWN_TABLE)"
LOGIN = "<html><head><title>Sign in</title></head><body>Please <b>sign in</b></body></html>"


def read(bh: ByteHouse) -> object:
    """Make a call that only reads."""
    return bh.databases.get("d", max_retries=0)


def write(bh: ByteHouse) -> object:
    """Make a call that changes something."""
    return bh.databases.create("d", max_retries=0)


@cases(
    ("status", "kind"),
    [
        (301, APIError),
        (304, APIError),
        (400, InvalidRequest),
        (401, AuthenticationError),
        (403, PermissionDenied),
        (404, NotFound),
        (405, InvalidRequest),
        (409, Conflict),
        (429, RateLimited),
        (499, InvalidRequest),
        (500, ServerError),
        (502, ServerError),
        (520, ServerError),
        (599, ServerError),
        (999, ServerError),
    ],
)
@cases("body", [b"", {"message": "no"}, LOGIN, b"{", b"\xff\xfe", [1]])
def test_each_status_has_its_class(
    bh: ByteHouse, server: ScriptedServer, status: int, kind: type[APIError], body: Any
) -> None:
    """The class follows from the status, whatever the body is."""
    server.script(Reply(status, body))
    # After a 502 the outcome of a write is unknown: tests/recovery.
    for call in (read, write) if status != 502 else (read,):
        with pytest.raises(kind) as caught:
            call(bh)
        assert type(caught.value) is kind
        assert caught.value.status == status
        assert f"HTTP {status}" in str(caught.value)


@cases(
    ("body", "code", "message"),
    [
        ({"message": "a", "error": {"code": "E_1", "message": "b"}}, "E_1", "b"),
        ({"message": "a", "error": {}}, "", "a"),
        ({"message": "a"}, "", "a"),
        ({"code": "errbook_DB_Invalid", "message": "a"}, "errbook_DB_Invalid", "a"),
        ({"code": 1207, "message": "a"}, "1207", "a"),
        ({"error": "b"}, "", "b"),
        ({"error": {"code": None, "message": None}, "message": None}, "", "HTTP 400"),
        ({"error": {"code": {"deep": 1}, "message": ["x"]}}, "", "HTTP 400"),
        ({}, "", "HTTP 400"),
        (b'{"code": ' + b"3" * 5000 + b"}", "", "HTTP 400"),
        ({"code": "E" * 5000}, "EEEE", "HTTP 400"),
        ({"message": "long " * 5000}, "", "long long"),
    ],
)
def test_what_the_service_says_is_in_the_error(
    bh: ByteHouse, server: ScriptedServer, body: Any, code: str, message: str
) -> None:
    """Code and message are found in every known form of an error, and the text stays short."""
    server.script(Reply(400, body))
    with pytest.raises(InvalidRequest) as caught:
        read(bh)
    assert caught.value.code.startswith(code)
    assert bool(caught.value.code) == bool(code)
    assert message in caught.value.message
    assert len(str(caught.value)) < 2000


@cases(
    "error",
    [None, {}, [], "", False, {"code": 0}, {"code": "0", "message": ""}, {"code": 200},
     {"code": "OK", "message": "Success"}, {"message": "success"}, {"code": None, "details": [1]}],
)  # fmt: skip
def test_an_error_object_that_says_nothing_is_no_failure(
    bh: ByteHouse, server: ScriptedServer, error: Any
) -> None:
    """The service sends one beside its "Success": its mere presence counts for nothing."""
    server.script(Reply(body={"message": "Success", "error": error, "data": {"name": "d"}}))
    assert bh.databases.get("d").name == "d"


@cases(
    ("error", "kind", "code"),
    [
        ({"code": "E_1", "message": "no"}, APIError, "E_1"),
        ({"code": 403, "message": "no"}, PermissionDenied, "403"),
        ({"code": "404"}, NotFound, "404"),
        ({"code": 17}, APIError, "17"),
        ({"message": "no"}, APIError, ""),
        ("no", APIError, ""),
        ({"message": ENGINE}, QueryFailed, "60"),
        ({"code": "9" * 5000}, APIError, "9999"),
        ({"code": "٤٠٤"}, NotFound, "٤٠٤"),
    ],
)
def test_an_error_inside_a_success_raises(
    bh: ByteHouse, server: ScriptedServer, error: Any, kind: type[APIError], code: str
) -> None:
    """A failure that comes with status 200 is a failure, and is not asked for twice."""
    server.script(Reply(body={"message": "Success", "error": error, "data": {"name": "d"}}))
    with pytest.raises(kind) as caught:
        bh.databases.get("d")
    assert type(caught.value) is kind
    assert caught.value.code.startswith(code)
    assert caught.value.status == 200
    assert len(server.seen) == 1
    assert len(str(caught.value)) < 2000


@cases("status", [400, 404, 413, 500, 503])
@cases(
    "reply",
    [
        Reply(body=ENGINE),
        Reply(body={"message": ENGINE}),
        Reply(body={"error": {"code": "x", "message": f"failed: {ENGINE}"}}),
        Reply(body="anything", headers={"X-ClickHouse-Exception-Code": "60"}),
        Reply(body={"message": "no such table"}, headers={"X-ClickHouse-Exception-Code": "60"}),
    ],
)
def test_what_the_engine_says_is_a_failed_query(
    bh: ByteHouse, server: ScriptedServer, status: int, reply: Reply
) -> None:
    """The engine's number is the code, in each of the forms that it speaks in."""
    server.script(Reply(status, reply.body, reply.headers))
    with pytest.raises(QueryFailed) as caught:
        bh.queries.execute("SELECT * FROM t")
    assert caught.value.code == "60"
    assert caught.value.status == status
    assert "tables.list(...)" in caught.value.hint
    assert len(server.seen) == 1


@cases(("body", "shown"), [(LOGIN, "Sign in"), ("", "without a body"), (ENGINE, "Table d.t")])
def test_a_gateway_s_page_is_summarized(
    bh: ByteHouse, server: ScriptedServer, body: str, shown: str
) -> None:
    """Of a page only its words are shown, and where it came from is hinted at."""
    server.script(Reply(502, body))
    with pytest.raises(APIError) as caught:
        read(bh)
    assert shown in str(caught.value)
    assert "<" not in str(caught.value)


@cases("body", [LOGIN, "OK", "\x1f\x8b", '"text"', "17", "null", "[]", "[1]"])
def test_a_success_that_is_no_object_cannot_be_decoded(
    bh: ByteHouse, server: ScriptedServer, body: str
) -> None:
    """A page, a text or a list with status 200 comes from something that is not this API."""
    server.script(Reply(body=body))
    for call in (read, write):
        with pytest.raises(ResponseDecodeError) as caught:
            call(bh)
        assert caught.value.status == 200
        assert caught.value.hint
        assert body != LOGIN or "host" in caught.value.hint


@cases(
    "reply",
    [
        Reply(body={"data": {"name": "d", "uuid": "u" * 500}}, cut=200),
        Reply(body={"data": {"name": "d", "uuid": "u" * 500}}, cut=200, chunked=True),
        Reply(body={"data": {"name": "d"}}, cut=3, chunked=True),
        Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
        Reply(body=b"no deflate", headers={"Content-Encoding": "deflate"}),
        Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", then="close"),
    ],
)
def test_a_truncated_body_is_requested_again_by_a_read_alone(
    make: MakeClient, server: ScriptedServer, reply: Reply
) -> None:
    """A read tries again; a write was answered with success, so a look gives what it made."""
    bh = make(server.url)
    server.script(reply, data({"name": "d"}))
    assert bh.databases.get("d").name == "d"
    assert len(server.seen) == 2
    server.script(reply)
    with pytest.raises(ResponseDecodeError) as caught:
        bh.databases.get("d", max_retries=2)
    assert caught.value.attempts == len(server.seen) == 3
    server.script(reply, data({"uuid": "u"}))
    assert bh.databases.create("d").uuid == "u"
    assert server.lines == [
        request_line("create_database"),
        request_line("get_database", db_name="d"),
    ]


def test_an_error_with_a_truncated_body_keeps_its_status(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """The status of a refusal is known before its body, and counts."""
    server.script(Reply(409, {"message": "it is there, and more about that"}, cut=10))
    with pytest.raises(Conflict):
        write(bh)


@cases(
    "body", [b'{"data": NaN}', b'{"data": {"name": "\xff"}}', b'{"data": 1e999}', b"{" * 10000,
             b'{"data":' + b"[" * 100_000, b'{"data": {}} trailing', b'{"a": "\\ud800"}'],
)  # fmt: skip
def test_broken_json_cannot_be_decoded(bh: ByteHouse, server: ScriptedServer, body: bytes) -> None:
    """What is not quite JSON raises the one error for it, not the parser's own."""
    server.script(Reply(body=body, headers={"Content-Type": "application/json"}))
    for call in (read, write):
        with pytest.raises(ResponseDecodeError):
            call(bh)


def test_large_numbers_stay_whole(bh: ByteHouse, server: ScriptedServer) -> None:
    """Ids beyond 2^53 and beyond 2^64 come as they are."""
    for number in (2**53 + 1, 2**63, 2**64 + 1, -(2**70)):
        server.script(data({"name": "d", "sizeInBytes": number}))
        assert bh.databases.get("d").size_in_bytes == number
    server.script(Reply(body=b'{"data": {"sizeInBytes": 1.5e3}}'))
    assert math.isclose(float(bh.databases.get("d").size_in_bytes or 0), 1500)


@cases("reply", [Reply(204), Reply(body=b""), Reply(body=b" \n"), Reply(body={})])
def test_an_empty_success_suffices_where_nothing_is_returned(
    bh: ByteHouse, server: ScriptedServer, reply: Reply
) -> None:
    """A delete needs no body, nor does a statement that returns nothing; what should give
    something says it did not."""
    server.script(reply)
    assert bh.databases.delete("d") is None  # type: ignore[func-returns-value]
    assert bh.queries.execute("DROP TABLE t") == []
    assert bh.query("DROP TABLE t").rows() == []
    calls: list[Callable[[], object]] = [
        lambda: bh.databases.create("d"),
        lambda: bh.databases.list().all(),
        lambda: bh.roles.list().all(),
        lambda: bh.queries.execute("SELECT 1"),
        lambda: bh.query("SELECT 1"),
    ]
    for call in calls:
        with pytest.raises(ResponseDecodeError, match=r"no (data|list as data|result)") as caught:
            call()
        assert "succe" in caught.value.hint


def test_fields_that_are_not_known_are_kept(bh: ByteHouse, server: ScriptedServer) -> None:
    """A newer service breaks nothing, and what it says more is there."""
    server.script(data({"name": "d", "flavour": "salt", "createdAt": 5}))
    database = bh.databases.get("d")
    assert database["flavour"] == "salt"


NAMED_BUCKET = bytehouse.ImportConfiguration(
    bytehouse.S3Source("s3://bucket/*.csv", format="CSV"), "d.t"
)


@cases(
    "call",
    [
        lambda bh: bh.warehouses.get("w"),
        lambda bh: bh.warehouses.ensure("w", config_id=1, status="up"),
        lambda bh: bh.query("SELECT 1", warehouse="by-name"),
        lambda bh: bh.tables.ensure("d", bytehouse.TableSpec("t", {"a": "Int8"}, order_by="a")),
        lambda bh: bh.tables.plan("d", bytehouse.TableSpec("t", {"a": "Int8"}, order_by="a")),
        lambda bh: bytehouse.TableSpec.from_table(bh.tables.get("d", "t")),
        lambda bh: bh.insert("d.t", [(1,)], columns=["a"]),
        lambda bh: bh.import_jobs.create(
            "j", configuration=NAMED_BUCKET, source_schema=["a"], connection_id=1
        ),
        lambda bh: bh.load("s3://bucket/*.csv", into="d.t", connection=3),
        lambda bh: bh.permissions.grant("Analyst", "SELECT", on="d.t"),
        lambda bh: bh.api_keys.rotate(store=lambda _: None, expires_in="90d"),
        lambda bh: [repr(each) + each._repr_html_() for each in bh.connections.list()],
    ],
)
@cases("answer", [{}, {"columns": [{}]}, [{}], [{"columns": [{}]}]])
def test_an_object_without_the_fields_that_it_always_has_is_no_bug_of_ours(
    bh: ByteHouse, server: ScriptedServer, call: Callable[[ByteHouse], object], answer: Any
) -> None:
    """What the service leaves out is absent, or one of our errors says that it is."""
    server.script(data(answer))
    with suppress(ByteHouseError):
        call(bh.with_options(max_retries=0, deadline=10))
    assert server.seen


@cases(
    ("reply", "words"),
    [
        (Reply(401, {"message": "no"}), "api_key"),
        (Reply(403, {"message": "no"}), "role"),
        (Reply(501, {"error": {"code": "E", "message": "no"}}), "does not offer"),
        (Reply(501, LOGIN), "gateway or proxy"),
        (Reply(502, LOGIN), "gateway or proxy"),
        (Reply(307, headers={"Location": "https://x"}), "Redirects"),
    ],
)
def test_a_hint_says_what_to_do(
    bh: ByteHouse, server: ScriptedServer, reply: Reply, words: str
) -> None:
    """Where a remedy is likely, the error names it."""
    server.script(reply)
    with pytest.raises(APIError, match=f"Hint: .*{words}"):
        read(bh)


def looking(evidence: Literal["documented", "inferred"]) -> Plan[dict[str, Any]]:
    """Plan to look for a database, on a route that is documented or inferred."""
    operation = OPERATIONS["get_database"]._replace(evidence=evidence)
    return Plan(operation, dict, {"db_name": "d"}, {}, {}, None)


@cases("body", ["<h1>404</h1>", {"message": "page not found"}])
def test_a_missing_path_is_blamed_on_an_inferred_route(
    bh: ByteHouse, server: ScriptedServer, body: object
) -> None:
    """A 404 that names no object says that the route is a guess, and what to do about it."""
    server.script(Reply(404, body))
    with pytest.raises(NotFound, match=r"Hint: .*inferred.*routes"):
        bh.send(looking("inferred"))


def test_a_missing_object_is_not_blamed_on_the_route(
    make: MakeClient, server: ScriptedServer
) -> None:
    """The hint about inferred routes is not given where the service named the error, where the
    route is documented, and where the tenant gave it."""
    server.script(Reply(404, {"error": {"code": "errbook_DB_Invalid", "message": "no"}}))
    bh = make(server.url, routes={"get_table": "GET /v2/t/{db_name}/{table_name}"})
    with pytest.raises(NotFound) as caught:
        bh.send(looking("inferred"))
    assert "inferred" not in caught.value.hint
    assert "databases.list()" in caught.value.hint
    server.script(Reply(404, "nothing here"))
    for call in (lambda: bh.send(looking("documented")), lambda: bh.tables.get("d", "t")):
        with pytest.raises(NotFound) as caught:
            call()
        assert "inferred" not in caught.value.hint


def everything_wrong() -> list[ByteHouseError]:
    """Return one error of each class, with all that a call adds."""
    kinds = [getattr(bytehouse, name) for name in dir(bytehouse) if name[0].isupper()]
    errors = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, ByteHouseError)]
    made = []
    for kind in errors:
        error = kind("what", hint="do", operation="op", query_id="q")
        error.method, error.path, error.role, error.attempts = "GET", "/p", "r", 2
        if isinstance(error, APIError):
            error.status, error.code, error.request_id = 418, "E", "r-1"
            error.headers, error.body, error.retry_after = {"a": "b"}, "{}", 1.5
        made.append(error)
    assert len(made) >= 16
    return made


@cases("error", everything_wrong())
def test_every_error_survives_a_trip_to_another_process(error: ByteHouseError) -> None:
    """A pickled or copied error is the same in class, text, arguments and attributes."""
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert vars(twin) == vars(error)
        assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)


def test_an_error_of_a_real_call_can_be_pickled(bh: ByteHouse, server: ScriptedServer) -> None:
    """What a process pool hands back is the error with its answer."""
    server.script(Reply(409, {"message": "it is there"}, {"X-Request-Id": "r-1"}))
    with pytest.raises(Conflict) as caught:
        write(bh)
    twin = pickle.loads(pickle.dumps(caught.value))
    assert str(twin) == str(caught.value)
    assert vars(twin) == vars(caught.value)
