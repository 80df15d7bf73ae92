"""What of ClickHouse's interface the emulator models is documented as it was observed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from bytehouse_emulator import RunningEmulator
from bytehouse_emulator.clickhouse.compression import BodyEncoder, encode_block
from bytehouse_emulator.model.account import ACCOUNT_ID

UPDATE = "BYTEHOUSE_UPDATE_COVERAGE"
OUT_OF_DATE = (
    f"out of date: run this test again with {UPDATE}=1 in the environment, then `make generate`"
)
INSERT = "INSERT INTO c.t FORMAT TSV"
MANY = "SELECT number FROM numbers(1000)"
WAREHOUSE = f"vw-{ACCOUNT_ID}-vw_default"
Group = dict[str, list[str]]


@dataclass(frozen=True)
class Request:
    """One request, and a text that its response must have if it is a success."""

    method: str = "POST"
    path: str = "/"
    body: bytes = b""
    expected: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    login: bool = True
    parameters: dict[str, str] = field(default_factory=dict)


def sql(text: str, expected: str = "", **parameters: str) -> Request:
    """Return a statement in the body."""
    return Request(body=text.encode(), expected=expected, parameters=parameters)


def accepting(encoding: str) -> Request:
    """Return a request whose response may be compressed."""
    return Request(
        body=MANY.encode(),
        expected=encoding,
        headers={"Accept-Encoding": encoding},
        parameters={"enable_http_compression": "1"},
    )


def encoded(encoding: str) -> Request:
    """Return an INSERT whose body is compressed."""
    known = encoding not in {"bz2", "snappy"}
    encoder = BodyEncoder(blocks=False, encoding=encoding if known else "", level=3)
    body = encoder.compress(b"1\n") + encoder.flush()
    return Request(
        body=body,
        headers={"Content-Encoding": encoding},
        parameters={"query": INSERT},
    )


def block(method: int) -> Request:
    """Return an INSERT whose body is a block of ClickHouse."""
    body = encode_block(b"1\n", method if method != 0x91 else 0x02)
    if method == 0x91:
        body = body[:16] + bytes([method]) + body[17:]
    unchecked = "http_native_compression_disable_checksumming_on_decompress"
    return Request(body=body, parameters={"query": INSERT, "decompress": "1", unchecked: "1"})


def requests(key: str) -> dict[str, dict[str, Request]]:
    """Return the requests by group and feature."""
    named = {"X-ClickHouse-User": "bytehouse", "X-ClickHouse-Key": key}
    select = {"query": "SELECT 7"}
    session = {"session_id": "s"}
    return {
        "requests": {
            "GET": Request("GET", expected="7", parameters=select),
            "HEAD": Request("HEAD", parameters=select),
            "POST, statement in the body": sql("SELECT 7", "7"),
            "POST, statement in address and body": sql("+ 4", "7", query="SELECT 3"),
            "POST, data of any bytes behind INSERT": sql("INSERT INTO c.t FORMAT TSV\n1\n"),
            "external data": Request(
                body=b"--x\r\nContent-Disposition: form-data; name=given; filename=g\r\n\r\n7\r\n"
                b"--x--\r\n",
                expected="7",
                headers={"Content-Type": "multipart/form-data; boundary=x"},
                parameters={"query": "SELECT * FROM given", "given_structure": "a UInt8"},
            ),
            "a change by GET": Request("GET", parameters={"query": "DROP TABLE c.t"}),
            "several statements": sql("SELECT 1; SELECT 2"),
            "PUT": Request("PUT", body=b"SELECT 7"),
            "`/ping`": Request("GET", "/ping", expected="Ok.", login=False),
            "`/replicas_status`": Request("GET", "/replicas_status", expected="Ok.", login=False),
            "`/play`, `/dashboard`": Request("GET", "/play"),
            "`/v2/sql/sync`": Request(
                path="/v2/sql/sync",
                body=b'{"mode": "ansi_sql", "query": "SELECT 7"}',
                expected="7",
                headers={"Authorization": f"Bearer {key}"},
                login=False,
            ),
        },
        "credentials": {
            "basic": sql("SELECT 7", "7"),
            "headers": Request(body=b"SELECT 7", expected="7", headers=named, login=False),
            "parameters": Request(
                body=b"SELECT 7",
                expected="7",
                login=False,
                parameters={"user": "bytehouse", "password": key},
            ),
            "bearer token": Request(
                body=b"SELECT 7", headers={"Authorization": f"Bearer {key}"}, login=False
            ),
            "two ways at once": Request(body=b"SELECT 7", headers=named),
            "another user": Request(
                body=b"SELECT 7", login=False, parameters={"user": "admin", "password": key}
            ),
        },
        "parameters": {
            "`database`": sql("SELECT currentDatabase()", "c", database="c"),
            "`X-ClickHouse-Database`": Request(
                body=b"SELECT currentDatabase()",
                expected="c",
                headers={"X-ClickHouse-Database": "c"},
            ),
            "`query_id`": sql("SELECT 7", "7", query_id="q"),
            "settings": sql("SELECT getSetting('max_threads')", "3", max_threads="3"),
            "unknown settings": sql("SELECT 7", no_such="1"),
            "settings beyond the bounds": sql("SELECT 7", max_memory_usage="0"),
            "`param_*`": sql("SELECT {p:String}", "x", param_p="x"),
            "`default_format`": sql("SELECT 7 AS a", '{"a":7}', default_format="JSONEachRow"),
            "`X-ClickHouse-Format`": Request(
                body=b"SELECT 7 AS a",
                expected='{"a":7}',
                headers={"X-ClickHouse-Format": "JSONEachRow"},
            ),
            "`wait_end_of_query`": sql("SELECT 7", "7", wait_end_of_query="1"),
            "`send_progress_in_http_headers`": sql(
                "SELECT 7", "7", send_progress_in_http_headers="1"
            ),
            "`dialect_type` ANSI and CLICKHOUSE": sql(
                "SELECT getSetting('join_use_nulls')", "true", dialect_type="ANSI"
            ),
            "`dialect_type` MYSQL": sql("SELECT 7", dialect_type="MYSQL"),
            "`virtual_warehouse`": sql("SELECT 7", "7", virtual_warehouse=WAREHOUSE),
            "`client_protocol_version`": sql("SELECT 7", "7", client_protocol_version="54460"),
            "`role`": sql("SELECT 7", role="r"),
            "`close_session`": sql("SELECT 7", close_session="1"),
        },
        "sessions": {
            "settings and USE": sql("SET max_threads = 3", **session),
            "temporary tables": sql("CREATE TEMPORARY TABLE x (a UInt8)", **session),
            "`session_timeout`": sql("SELECT 7", "7", session_timeout="9", **session),
            "a longer time than an hour": sql("SELECT 7", session_timeout="3601", **session),
            "`session_check`": sql("SELECT 7", "7", session_check="1", **session),
            "`session_check` of none": sql("SELECT 7", session_check="1", session_id="none"),
        },
        "compressed requests": {
            **{f"`{name}`": encoded(name) for name in ("gzip", "deflate", "br", "xz", "zstd")},
            "`lz4`": encoded("lz4"),
            "`snappy`": encoded("snappy"),
            "blocks without compression": block(0x02),
            "blocks of LZ4": block(0x82),
            "blocks of ZSTD": block(0x90),
            "blocks of other codecs": block(0x91),
        },
        "compressed responses": {
            **{f"`{name}`": accepting(name) for name in ("gzip", "deflate", "br", "xz", "zstd")},
            "`lz4`": accepting("lz4"),
            "blocks (`compress=1`)": sql("SELECT 7", compress="1"),
        },
    }


# What runs, and is another thing than the service's in what a caller may see.
DIFFERENCES = {
    "`send_progress_in_http_headers`": "the headers come together, with the response",
    "`client_protocol_version`": "without effect",
    "`lz4`": "not known to the open-source core",
}


@pytest.fixture(scope="module")
def http(reset_emulator: RunningEmulator) -> Iterator[httpx.Client]:
    """Return an HTTP client of the interface, with a table `c.t`."""
    url = f"http://127.0.0.1:{reset_emulator.clickhouse_port}"
    with httpx.Client(base_url=url, timeout=60) as client:
        login = ("bytehouse", reset_emulator.token)
        for statement in [
            "CREATE DATABASE c",
            "CREATE TABLE c.t (a UInt64) ENGINE = CnchMergeTree ORDER BY a",
        ]:
            assert client.post("/", content=statement, auth=login).status_code == 200
        yield client


def outcome(response: httpx.Response, feature: str, expected: str) -> str:
    """Return what became of a request."""
    if response.status_code == 501 and "X-ClickHouse-Exception-Code" in response.headers:
        return "501"
    if response.status_code != 200:
        return "refused"
    found = response.headers.get("Content-Encoding", "") + response.text
    assert expected in found, (feature, found)
    return "known difference" if feature in DIFFERENCES else "runs"


def send(http: httpx.Client, request: Request, key: str) -> httpx.Response:
    """Send a request."""
    return http.request(
        request.method,
        request.path,
        content=request.body,
        headers={"Accept-Encoding": "identity"} | request.headers,
        params=request.parameters,
        auth=("bytehouse", key) if request.login else None,
    )


def formats(http: httpx.Client, key: str) -> dict[str, Group]:
    """Return what becomes of each format of the engine: a row written, and inserted again."""
    login = ("bytehouse", key)

    def run(statement: str | bytes) -> httpx.Response:
        return http.post("/", content=statement, auth=login)

    names = run("SELECT name, is_input, is_output FROM system.formats ORDER BY name").text
    written: Group = {}
    read: Group = {}
    for line in names.splitlines():
        name, is_input, is_output = line.split("\t")
        if is_output == "0":
            continue
        response = run(f"SELECT toUInt64(7) AS a FORMAT {name}")
        result = outcome(response, name, "")
        written.setdefault(result, []).append(name)
        if is_input == "1" and result == "runs":
            inserted = run(f"INSERT INTO c.t FORMAT {name}\n".encode() + response.content)
            read.setdefault(outcome(inserted, name, ""), []).append(name)
    everything = run("SELECT count(), groupUniqArray(a) FROM c.t WHERE a != 1").text
    assert everything == f"{len(read['runs'])}\t[7]\n"
    return {"formats of results": written, "formats of inserts": read}


def compare(found: dict[str, Group], root: Path) -> None:
    """Compare what was observed with the file, or write it there."""
    path = root / "emulator/bytehouse_emulator/spec/clickhouse_coverage.json"
    documented = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if os.environ.get(UPDATE):
        documented |= found
        lines = ",\n".join(f"  {json.dumps(n)}: {json.dumps(o)}" for n, o in documented.items())
        path.write_text(f"{{\n{lines}\n}}\n", "utf-8")
    assert found == {group: documented.get(group) for group in found}, OUT_OF_DATE


def test_each_feature_is_documented_as_it_was_observed(
    http: httpx.Client, reset_emulator: RunningEmulator, root: Path
) -> None:
    """It runs, is refused, is a 501, or is known to differ."""
    key = reset_emulator.token
    found: dict[str, Group] = {}
    for group, features in requests(key).items():
        for feature, request in features.items():
            result = outcome(send(http, request, key), feature, request.expected)
            known = DIFFERENCES.get(feature)
            name = f"{feature} ({known})" if known else feature
            found.setdefault(group, {}).setdefault(result, []).append(name)
    compare(found, root)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_format_is_documented_as_it_was_observed(
    http: httpx.Client, reset_emulator: RunningEmulator, root: Path
) -> None:
    """Those that the engine writes, and of these those that it reads."""
    compare(formats(http, reset_emulator.token), root)
