"""`bytehouse api`: every operation, its options made from what the client knows about it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import pytest

from bytehouse_cli._commands import api
from bytehouse_cli._operation_options import OperationOptions
from bytehouse_raw.operations import DATA_KEY, OPERATIONS, ROLE_HEADER, Operation
from tests.cli.conftest import Bytehouse
from tests.support.cases import cases
from tests.support.server import Reply, ScriptedServer, Seen, data

WORDS = {"text": "x1", "integer": "7", "boolean": "true", "float": "1.5", "json": '{"k": [1]}'}
PAGE = [("offset", "0"), ("limit", "100")]
WIRE = {"text": "x1", "integer": 7, "boolean": True, "float": 1.5, "json": {"k": [1]}}


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> None:
    """Let the server be the service."""
    monkeypatch.setenv("BYTEHOUSE_HOST", server.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", "key-of-test")
    server.script(Reply(body={}))


def options_of(operation: Operation) -> list[click.Option]:
    """Return the options of an operation's fields."""
    return [
        o
        for o in OperationOptions(operation).options
        if isinstance(o, click.Option) and o.name != "body"
    ]


@cases("operation", OPERATIONS.values())
def test_every_operation_can_be_called_with_all_that_it_takes(
    bytehouse: Bytehouse, server: ScriptedServer, operation: Operation
) -> None:
    """No option stands for two things, and each value arrives where the API wants it."""
    options = options_of(operation)
    command = api.command.get_command(click.Context(api.command), operation.id)
    assert command is not None
    assert set(Counter(name for o in command.params for name in o.opts).values()) == {1}

    arguments = [part for o in options for part in (o.opts[0], WORDS[o.type.name])]
    done = bytehouse("api", operation.id, *arguments, "--role", "Analyst")
    assert done.code == 0, done.err
    (seen,) = server.seen
    assert seen.method == operation.method
    path, _, query = seen.target.partition("?")
    assert path.count("/x1") + path.count("/7") >= operation.path.count("{")
    takes_role = ROLE_HEADER in operation.headers
    assert seen.header(ROLE_HEADER) == ("Analyst" if takes_role else None)
    for name in set(operation.headers) - {ROLE_HEADER}:
        assert seen.header(name) in ("x1", "7")
    body = seen.json if seen.body else {}
    fields = {o.name: o for o in options if o.name}
    model = OperationOptions(operation)._body
    wanted: dict[str, Any] = {}
    for wire, attribute in (model._fields if model else {}).items():
        value = WIRE[fields[attribute].type.name]
        wanted[wire] = [value] if fields[attribute].multiple else value
    assert body == wanted
    given = operation.path.count("{") + len(query.split("&") if query else []) + len(wanted)
    assert given + len(set(operation.headers) - {ROLE_HEADER}) == len(options)


@cases("operation", OPERATIONS.values())
def test_a_dry_run_shows_what_would_be_sent(
    bytehouse: Bytehouse,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    operation: Operation,
) -> None:
    """Method, address, headers and body are those of the real call; nothing is sent, and no key is
    needed."""
    arguments = [part for o in options_of(operation) for part in (o.opts[0], WORDS[o.type.name])]
    assert bytehouse("api", operation.id, *arguments).code == 0
    (seen,) = server.seen
    with monkeypatch.context() as without_key:
        without_key.delenv("BYTEHOUSE_API_KEY")
        done = bytehouse("api", operation.id, *arguments, "--dry-run", "--format", "json")
    assert len(server.seen) == 1
    shown = json.loads(done.out)
    assert f"{shown['method']} {shown['url']}" == f"{seen.method} {server.url}{seen.target}"
    hidden = {"authorization": "Bearer ***", "x-bytehouse-token": "***"}
    for name, value in shown["headers"].items():
        assert value == hidden.get(name.lower(), seen.header(name))
    if operation.id not in ("create_connection", "update_connection"):
        assert shown["body"] == (seen.json if seen.body else None)


def test_secrets_of_a_body_are_sent_and_not_shown(
    bytehouse: Bytehouse, server: ScriptedServer
) -> None:
    """The data of a connection may hold credentials under any key; no error repeats them."""
    arguments = ["api", "create_connection", "--name", "n", "--type", "S3"]
    arguments += ["--data", '{"secretKey": "hush-hush", "more": [{"k": "hush-hush"}]}']
    for more in (["--dry-run"], ["--dry-run", "--format", "json"]):
        done = bytehouse(*arguments, *more)
        assert "hush" not in done.out + done.err
        assert '"***"' in done.out
    server.script(Reply(400, {"message": "what is hush-hush?"}))
    done = bytehouse(*arguments)
    assert server.seen[0].json["data"]["secretKey"] == "hush-hush"
    assert "hush" not in done.out + done.err


def test_a_body_can_be_given_whole_and_changed(
    bytehouse: Bytehouse, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As text, file or standard input; single fields go before it, unknown ones are sent too."""
    text = '{"name": "a", "description": "d", "new": 1}'
    file = tmp_path / "body.json"
    file.write_text(text)
    piped = tmp_path / "piped.json"
    piped.write_text(text)
    for body in (text, f"@{file}", "@-"):
        with piped.open() as stream:
            monkeypatch.setattr("sys.stdin", stream)
            done = bytehouse("api", "create_database", "--body", body, "--name", "b")
        assert done.code == 0, done.err
        assert server.seen[-1].json == {"name": "b", "description": "d", "new": 1}


def test_null_can_be_said_where_it_means_something(
    bytehouse: Bytehouse, server: ScriptedServer
) -> None:
    """What is not given is not sent, and null in the body is."""
    bytehouse("api", "update_warehouse", "--name", "w", "--body", '{"description": null}')
    assert server.seen[0].json == {"description": None}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create_table", "--db-name", "d", "--name", "t"], "--columns, --order-by,"),
        (["create_database", "--body", "{"], "not JSON"),
        (["create_database", "--body", "[]"], "must be a JSON object"),
        (["create_database", "--body", '{"name": NaN}'], "NaN is not JSON"),
        (["create_database", "--body", "[" * 100_000], "not JSON"),
        (["create_database", "--body", "@/nowhere.json"], "cannot be read"),
        (["create_table", "--db-name", "d", "--columns", "id"], "not JSON"),
        (["grant_permission", "--grant-option", "maybe"], "not a valid boolean"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_before_it_is_sent(
    bytehouse: Bytehouse, server: ScriptedServer, arguments: list[str], words: str
) -> None:
    """It is told which option is wrong, with the code for a wrong command line."""
    done = bytehouse("api", *arguments)
    assert done.code == 2
    assert words in done.err
    assert server.seen == []


def test_a_response_is_printed_as_it_was_received_if_asked(
    bytehouse: Bytehouse, server: ScriptedServer
) -> None:
    """`--raw` keeps numbers to the last digit, and only sets them out on lines."""
    server.script(Reply(body='{"data":[{"n":12345678901234567890.10,"t":"ü"}]}'))
    done = bytehouse("api", "list_databases", "--raw")
    assert '"n": 12345678901234567890.10' in done.out
    assert json.loads(done.out)[DATA_KEY][0]["t"] == "ü"


def test_a_list_is_complete_unless_a_page_is_asked_for(
    bytehouse: Bytehouse, server: ScriptedServer
) -> None:
    """All pages are read, and their entries printed, one on a line."""

    def page(seen: Seen) -> Reply:
        query = parse_qs(urlsplit(seen.target).query)
        first, most = (int(query.get(name, [default])[0]) for name, default in PAGE)
        return data([{"name": f"d{n}"} for n in range(first, min(first + most, 250))])

    server.handler = page
    done = bytehouse("api", "list_databases")
    assert [json.loads(line)["name"] for line in done.out.splitlines()] == [
        f"d{n}" for n in range(250)
    ]
    assert len(bytehouse("api", "list_databases", "--limit", "7").out.splitlines()) == 7


def test_a_statement_takes_what_is_configured(
    bytehouse: Bytehouse, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dialect and warehouse need not be given twice; what is given counts."""
    monkeypatch.setenv("BYTEHOUSE_WAREHOUSE", "w1")
    monkeypatch.setenv("BYTEHOUSE_MODE", "clickhouse_sql")
    assert bytehouse("api", "submit_sync_query", "--query", "SELECT 1").code == 0
    assert server.seen[0].json.pop("queryID")
    assert server.seen[0].json | {"queryID": ""} == {
        "query": "SELECT 1",
        "mode": "clickhouse_sql",
        "vwID": "w1",
        "queryID": "",
    }
    assert bytehouse("api", "submit_sync_query", "--query", "SELECT 1", "--vw-id", "w2").code == 0
    assert server.seen[1].json["vwID"] == "w2"
