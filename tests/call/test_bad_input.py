"""What a person gets wrong, or meets: one clear error of the right class, and never the key."""

import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import attrs
import pytest

import bytehouse
from bytehouse import ByteHouse, ByteHouseError
from tests.support.cases import cases
from tests.support.flavours import KEY, MakeClient, every_transport
from tests.support.server import CLOSED, RESET, SILENT, Reply, ScriptedServer, data

__all__ = ["every_transport"]

FINE = data({"name": "d", "uuid": "u"})


@attrs.frozen
class Case:
    """One thing that goes wrong.

    Attributes:
        call: What is called.
        error: Class of the error.
        words: What its text says.
        reply: What the server answers, if it is asked.
        settings: Settings of the client.
        attempts: How many requests the server sees at most.
    """

    call: Callable[[ByteHouse], object]
    error: str
    words: tuple[str, ...]
    reply: Reply = FINE
    settings: dict[str, Any] = attrs.field(factory=dict)
    attempts: int = 0


def get(bh: ByteHouse) -> object:
    """Ask for a database."""
    return bh.databases.get("d")


def create(bh: ByteHouse) -> object:
    """Create a database."""
    return bh.databases.create("d")


def execute(bh: ByteHouse) -> object:
    """Run a statement."""
    return bh.queries.execute("SELECT 1")


HTML = "<html><body><h1>Welcome to the portal</h1></body></html>"
ECHO = f"you sent Authorization: Bearer {KEY}"
CUT = Reply(body={"data": {"name": "d", "uuid": "u" * 400}}, cut=200)
# Below the ports that programs are given: nobody takes it between collection and the test.
DEAD = "http://127.0.0.1:1"

CASES = {
    # what was passed
    "empty database name": Case(
        lambda bh: bh.databases.get(""), "InvalidArgument", ("get_database", "db_name is empty")
    ),
    "database name ..": Case(
        lambda bh: bh.databases.delete(".."), "InvalidArgument", ("db_name is '..'", "another path")
    ),
    "create without a name": Case(
        lambda bh: bh.databases.create(""), "InvalidArgument", ("name must be a name",)
    ),
    "create database ..": Case(
        lambda bh: bh.databases.create(".."), "InvalidArgument", ("name must be a name, not '..'",)
    ),
    "table without columns": Case(
        lambda bh: bh.tables.create("d", "t", [], order_by="a"),
        "InvalidArgument",
        ("columns is empty", "at least one column"),
    ),
    "table without sort key": Case(
        lambda bh: bh.tables.create("d", "t", {"a": "Int8"}, order_by=[]),
        "InvalidArgument",
        ("order_by", "one name or several"),
    ),
    "empty statement": Case(
        lambda bh: bh.queries.execute("  "), "InvalidArgument", ("statement is empty",)
    ),
    # how the client was set up
    "host that is no URL": Case(
        get, "ConfigError", ("host 'not a host'", "not a valid"), settings={"host": "not a host"}
    ),
    "http host elsewhere": Case(
        get, "ConfigError", ("must be https",), settings={"host": "http://tenant.example"}
    ),
    "no host": Case(get, "ConfigError", ("No host", "BYTEHOUSE_HOST"), settings={"host": None}),
    "a host with a password": Case(
        get, "ConfigError", ("must not contain a user or password",), settings={"host": "https://u:p@h"}
    ),
    "no such profile": Case(
        get, "ConfigError", ("There is no profile wrok",), settings={"profile": "wrok"}
    ),
    "bad certificates": Case(
        get,
        "ConfigError",
        ("certificates", "cannot be used"),
        settings={"host": "tenant.example", "ca_file": __file__},
    ),
    # who is not there
    "dead host": Case(
        get, "TransportError", ("no connection", "Check that", DEAD), settings={"host": DEAD}
    ),
    "dead host, write": Case(
        create, "TransportError", ("no connection", "5 attempts"), settings={"host": DEAD}
    ),
    "unknown host": Case(
        get, "TransportError", ("no connection",), settings={"host": "no-such-host.invalid"}
    ),
    "no TLS there": Case(get, "TransportError", ("no connection",), settings={"host": "tls"}),
    "a proxy that refuses": Case(
        get,
        "TransportError",
        ("no connection",),
        Reply(407, then="close"),
        settings={"host": "tenant.example", "proxy": "http://user:hush-hush@proxy"},
    ),
    # what the service says
    "unknown role": Case(
        lambda bh: bh.databases.get("d", role="Nobody"),
        "PermissionDenied",
        ("role Nobody does not exist", "HTTP 403", "pass role="),
        Reply(403, {"message": "role Nobody does not exist"}),
        attempts=1,
    ),
    "wrong key": Case(
        get,
        "AuthenticationError",
        ("invalid token", "HTTP 401", "Check api_key"),
        Reply(401, {"message": "invalid token"}),
        attempts=1,
    ),
    "failed statement": Case(
        execute,
        "QueryFailed",
        ("code 60", "does not exist"),
        Reply(404, "Code: 60. DB::Exception: Table t does not exist"),
        attempts=1,
    ),
    "error inside a success": Case(
        get,
        "APIError",
        ("E_1", "went wrong", "HTTP 200"),
        Reply(body={"message": "Success", "error": {"code": "E_1", "message": "went wrong"}}),
        attempts=1,
    ),
    # what is not the service
    "HTML page": Case(
        get, "ResponseDecodeError", ("not JSON", "Welcome", "host"), Reply(body=HTML), attempts=1
    ),
    "HTML error page": Case(
        get, "ServerError", ("HTTP 502", "Welcome", "a gateway"), Reply(502, HTML), attempts=5
    ),
    "520": Case(get, "ServerError", ("HTTP 520",), Reply(520, b"error code: 520"), attempts=1),
    "redirect": Case(
        get,
        "APIError",
        ("redirects to", "no other host"),
        Reply(302, headers={"Location": "https://evil.example/"}),
        attempts=1,
    ),
    # what breaks
    "body cut off half-way": Case(
        get, "ResponseDecodeError", ("truncated", "HTTP 200", "5 attempts"), CUT, attempts=5
    ),
    "body cut off half-way, write": Case(
        create, "ResponseDecodeError", ("truncated", "returned a success"), CUT, attempts=6
    ),
    "hangs up": Case(get, "TransportError", ("no response",), CLOSED, attempts=5),
    "hangs up, write": Case(
        create, "OutcomeUnknown", ("took effect is not known", "Check whether"), CLOSED, attempts=6
    ),
    "reset": Case(get, "TransportError", ("no response",), RESET, attempts=5),
    "reset, statement": Case(
        execute, "OutcomeUnknown", ("took effect is not known", "query "), RESET, attempts=21
    ),
    "never answers": Case(
        get, "TimedOut", ("within 0.2 s",), SILENT, settings={"deadline": 0.2}, attempts=1
    ),
    "never answers, write": Case(
        create,
        "OutcomeUnknown",
        ("no response came",),
        SILENT,
        settings={"timeout": 0.2, "max_retries": 0},
        attempts=2,
    ),
    "too slow": Case(
        get,
        "TimedOut",
        ("within 0.2 s",),
        Reply(body={"data": {}}, pace=0.01),
        settings={"deadline": 0.2},
        attempts=1,
    ),
    "no HTTP": Case(
        get,
        "TransportError",
        ("no response",),
        Reply(raw=b"SSH-2.0-x\r\n", then="close"),
        attempts=5,
    ),
    # what repeats the key
    "an error that repeats the key": Case(
        get, "InvalidRequest", ("you sent",), Reply(400, ECHO, {"X-Echo": ECHO}), attempts=1
    ),
    "an error in JSON that repeats the key": Case(
        get, "InvalidRequest", ("you sent",), Reply(400, {"message": ECHO}), attempts=1
    ),
    "a long error that repeats the key": Case(
        get, "InvalidRequest", ("HTTP 400",), Reply(400, "x" * 490 + KEY + "x" * 500), attempts=1
    ),
    "a page that repeats the key": Case(
        get, "ResponseDecodeError", ("you sent",), Reply(body=ECHO), attempts=1
    ),
    "a redirect that repeats the key": Case(
        get,
        "APIError",
        ("redirects",),
        Reply(302, headers={"Location": f"https://evil.example/?token={KEY}"}),
        attempts=1,
    ),
}  # fmt: skip


def run(case: Case, make: MakeClient, server: ScriptedServer) -> None:
    """Make the client of a case and call what it calls."""
    server.script(case.reply)
    settings: dict[str, Any] = {"host": server.url, **case.settings}
    if settings["host"] == "tls":
        settings["host"] = f"localhost:{server.port}"
    if "proxy" in settings:
        settings["proxy"] = settings["proxy"].replace("@proxy", f"@127.0.0.1:{server.port}")
    case.call(make(settings.pop("host"), **settings))


@cases("name", CASES)
def test_bad_input_gives_one_clear_error_without_the_key(
    make: MakeClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """The class says what kind of thing went wrong, the words what, nothing is sent in vain, and
    the key is nowhere to be seen."""
    caplog.set_level(logging.DEBUG)
    case = CASES[name]
    with pytest.raises(ByteHouseError) as caught:
        run(case, make, server)
    assert type(caught.value) is getattr(bytehouse, case.error)
    for word in case.words:
        assert word in str(caught.value)
    if "proxy" not in case.settings:
        assert len(server.seen) <= case.attempts
    check_for_secrets(caught.value, caplog)


@pytest.mark.parametrize("source", ["callable", "variable", "profile"])
def test_the_key_is_not_shown_wherever_it_comes_from(
    make: MakeClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture, *, source: str,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    """A key that is read for each request is hidden as well as one that was given."""
    caplog.set_level(logging.DEBUG)
    settings: dict[str, Any] = {"api_key": (lambda: KEY) if source == "callable" else None}
    if source == "variable":
        monkeypatch.setenv("BYTEHOUSE_API_KEY", KEY)
    if source == "profile":
        folder = tmp_path / ".config" / "bytehouse"
        folder.mkdir(parents=True)
        file = folder / "config.toml"
        file.write_text(f'api_key = "{KEY}"\n')
        with pytest.raises(ByteHouseError, match="api_key is in no profile") as outside:
            make(server.url, api_key=None)
        check_for_secrets(outside.value, caplog)
        file.write_text(f'[default]\napi_key = "{KEY}"\n')
    for name in ("no such profile", "wrong key", "hangs up, write", "a page that repeats the key"):
        case = attrs.evolve(CASES[name], settings={**CASES[name].settings, **settings})
        with pytest.raises(ByteHouseError) as caught:
            run(case, make, server)
        check_for_secrets(caught.value, caplog)


def check_for_secrets(error: ByteHouseError, caplog: pytest.LogCaptureFixture) -> None:
    """Fail if a repr, log line, string, pickle or traceback of an error holds the key, be it in a
    local variable of a frame of ours, or in an error that another one hid."""
    shown = {
        "text": f"{error} {error!r} {vars(error)}",
        "traceback": "".join(told(error)),
        # httpcore logs the headers of responses as they come: a service that repeats the key in
        # one is beyond our reach.
        "log": "".join(line for line in caplog.messages if "response_headers.complete" not in line),
        "pickle": repr(pickle.dumps(error)),
    }
    for secret in (KEY, KEY[:12], "hush-hush"):
        leaks = {where: text for where, text in shown.items() if secret in text}
        assert not leaks


def told(error: BaseException) -> Iterator[str]:
    """Yield what a tool that shows everything would show of an error: frames, their local
    variables, and the errors before it, also those that are not meant to be shown."""
    ours = traceback.TracebackException.from_exception(error, capture_locals=False)
    yield from ours.format()
    before: BaseException | None = error
    while before is not None:
        yield f"{before!r} {before} {vars(before)}"
        yield from locals_in(before.__traceback__)
        before = before.__cause__ or before.__context__


def locals_in(trace: TracebackType | None) -> Iterator[str]:
    """Yield the local variables of every frame but those of the tests, which know the key."""
    for frame, _ in traceback.walk_tb(trace):
        if str(Path(__file__).parents[1]) not in frame.f_code.co_filename:
            for name, value in frame.f_locals.items():
                with suppress(Exception):
                    yield f"{frame.f_code.co_qualname} {name}={value!r}\n"


def test_a_client_and_its_parts_do_not_show_the_key(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Client, configuration, options and what they explain show stars."""
    bh = make(server.url, proxy="http://user:hush-hush@proxy:1")
    bh.databases.get("d")
    explained = bh.config.explain()
    for thing in (bh, bh.config, bh._options, explained, bh.with_options(role="r"), bh.databases):
        for text in (repr(thing), str(thing), f"{thing}"):
            assert KEY not in text
            assert "hush-hush" not in text
    assert ("api_key", "***", "argument") in explained


def test_the_search_for_the_key_finds_it() -> None:
    """The looking glass of the test above is no blind one: a key in a local variable is found."""
    code = compile("def f(key):\n    raise ValueError('x')\nf('plain')", "elsewhere.py", "exec")
    with pytest.raises(ValueError, match="x") as caught:
        exec(code, {})  # noqa: S102 - a frame that is not of this folder
    assert "key='plain'" in "".join(told(caught.value))
