"""Compression at the ClickHouse interface: content encodings, and ClickHouse's own blocks."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zlib
from collections.abc import Callable, Iterator

import httpx
import lz4.frame
import pyarrow as pa
import pytest

from bytehouse_emulator import RunningEmulator
from bytehouse_emulator.clickhouse.compression import decode_blocks, encode_block
from tests.support.cases import cases

# What the engine (chDB 26.9) wrote into the files of columns: forty numbers of UInt32, and 780 x.
PLAIN = b"".join(number.to_bytes(4, "little") for number in range(40))
RECORDED = {
    "none": "d7f69ab2ab7ae611ef08afaa82666be402a9000000a0000000" + PLAIN.hex(),
    "lz4": "b22a4fc85180f529d23643124e16937882ab000000a0000000f091" + PLAIN.hex(),
    "lz4, short": "6a40e15aa6b1035eb0b524c115c18c9882160000000c0300001f780100fffff5507878787878",
    "zstd": "2c2d8d3299ea2dc5ce163b8f90c8e3039051000000a000000028b52ffd20a0fd010002ca0e0b1058"
    "be19fca0cbe7114a016f9cf1c5154f1cf1c30d2f9cf0c1050f1cf0efdebb73dfae3d3bf6ebd6ab53"
    "9f2e3d3af4e7ce9b335fae3c39f2e30300",
}
METHODS = {"none": 0x02, "lz4": 0x82, "zstd": 0x90}
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "xz": lzma.compress,
    "lz4": lz4.frame.compress,
    "zstd": lambda data: bytes(pa.Codec("zstd").compress(data, asbytes=True)),
    "br": lambda data: bytes(pa.Codec("brotli").compress(data, asbytes=True)),
    "bz2": bz2.compress,
}


@pytest.fixture(scope="module")
def http(reset_emulator: RunningEmulator) -> Iterator[httpx.Client]:
    """Return an HTTP client of the interface, logged in."""
    url = f"http://127.0.0.1:{reset_emulator.clickhouse_port}"
    with httpx.Client(base_url=url, auth=("bytehouse", reset_emulator.token)) as client:
        assert client.post("/", content="CREATE DATABASE d").status_code == 200
        yield client


def send(client: httpx.Client, sql: str, body: bytes, **options: str) -> httpx.Response:
    """Insert a body into a new table, or run a statement."""
    table = "CREATE OR REPLACE TABLE d.z (a UInt32) ENGINE = CnchMergeTree ORDER BY a"
    assert client.post("/", content=table).status_code == 200
    headers = {"Content-Encoding": options.pop("encoding")} if "encoding" in options else {}
    return client.post("/", params={"query": sql, **options}, content=body, headers=headers)


@cases("recorded", RECORDED)
def test_blocks_that_the_engine_wrote_are_read(recorded: str) -> None:
    """Checksum, sizes and data of every method."""
    data = PLAIN if recorded != "lz4, short" else b"x" * 780
    block = bytes.fromhex(RECORDED[recorded])
    assert decode_blocks(block) == data
    assert decode_blocks(block * 3) == data * 3


@cases("method", METHODS)
def test_blocks_are_as_the_engine_writes_them(method: str) -> None:
    """Byte by byte, but for ZSTD, which each version of the library writes in its own way."""
    block = encode_block(PLAIN, METHODS[method])
    assert decode_blocks(block) == PLAIN
    assert method == "zstd" or block.hex() == RECORDED[method]


def test_blocks_are_inserted(http: httpx.Client) -> None:
    """All of them, and none if one is damaged."""
    blocks = [encode_block(b"%d\n" % number, METHODS["lz4"]) for number in range(100)]
    insert = "INSERT INTO d.z FORMAT TSV"
    assert send(http, insert, b"".join(blocks), decompress="1").status_code == 200
    assert http.get("/", params={"query": "SELECT count(), sum(a) FROM d.z"}).text == "100\t4950\n"
    damaged = bytearray(blocks[50])
    damaged[3] ^= 1
    for bad, code in [
        ([*blocks[:50], bytes(damaged)], "40"),
        ([*blocks[:50], blocks[50][:-1]], "33"),
        ([*blocks[:50], blocks[50][:20]], "33"),
        ([b"these rows are no compressed block\n"], "98"),
    ]:
        response = send(http, insert, b"".join(bad), decompress="1")
        assert response.headers["X-ClickHouse-Exception-Code"] == code
        assert http.get("/", params={"query": "SELECT count() FROM d.z"}).text == "0\n"
    unchecked = "http_native_compression_disable_checksumming_on_decompress"
    response = send(http, insert, bytes(damaged), decompress="1", **{unchecked: "1"})
    assert response.status_code == 200


@cases("wait", "01")
def test_a_result_comes_in_blocks_on_request(http: httpx.Client, wait: str) -> None:
    """Streamed or whole, inside of a content encoding too; an error stays a text."""
    sql = "SELECT number FROM numbers(300000)"
    options = {"query": sql, "compress": "1", "wait_end_of_query": wait}
    response = http.get("/", params=options)
    assert "Content-Encoding" not in response.headers
    plain = decode_blocks(response.content)
    assert plain.splitlines()[-1] == b"299999"
    assert plain.count(b"\n") == 300000
    both = http.get("/", params={**options, "enable_http_compression": "1"})
    assert both.headers["Content-Encoding"] == "gzip"
    assert decode_blocks(both.content) == plain
    assert http.get("/", params={**options, "query": "SELECT 1 WHERE 0"}).content == b""
    assert b"UNKNOWN_TABLE" in http.get("/", params={**options, "query": "SELECT * FROM n"}).content


@cases("encoding", COMPRESS)
def test_a_compressed_body_is_inserted(http: httpx.Client, encoding: str) -> None:
    """All of its rows, also those after the end of a first frame, and none if it ends half-way."""
    rows = [b"%d\n" % number for number in range(100)]
    frames = [b"".join(rows)] if encoding in {"br", "deflate"} else rows
    body = b"".join(COMPRESS[encoding](frame) for frame in frames)
    insert = "INSERT INTO d.z FORMAT TSV"
    response = send(http, insert, body, encoding=encoding)
    assert json.loads(response.headers["X-ClickHouse-Summary"])["written_rows"] == "100"
    assert http.get("/", params={"query": "SELECT count(), sum(a) FROM d.z"}).text == "100\t4950\n"
    assert send(http, insert, body[:-5], encoding=encoding).status_code == 500
    assert http.get("/", params={"query": "SELECT count() FROM d.z"}).text == "0\n"


def test_an_unknown_encoding_is_not_modelled(http: httpx.Client) -> None:
    """It is said which ones are."""
    response = send(http, "INSERT INTO d.z FORMAT TSV", b"1\n", encoding="snappy")
    assert response.status_code == 501
    assert "gzip" in response.text


@cases("wait", "01")
@cases(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("deflate, gzip;q=1.0", "gzip"),
        ("deflate", "deflate"),
        ("zstd, xz", "xz"),
        ("zstd", "zstd"),
        ("lz4", "lz4"),
        ("identity", ""),
    ],
)
def test_a_response_is_compressed_on_request(
    http: httpx.Client, accepted: str, encoding: str, wait: str
) -> None:
    """Streamed or whole, by the first encoding of the service's order that is accepted."""
    decompress: dict[str, Callable[[bytes], bytes]] = {
        "": bytes,
        "br": lambda data: pa.input_stream(pa.py_buffer(data), compression="brotli").read(),
        "gzip": gzip.decompress,
        "deflate": zlib.decompress,
        "xz": lzma.decompress,
        "zstd": lambda data: pa.input_stream(pa.py_buffer(data), compression="zstd").read(),
        "lz4": lz4.frame.decompress,
    }
    parameters = {"query": "SELECT number FROM numbers(100000)", "wait_end_of_query": wait}
    headers = {"Accept-Encoding": accepted}
    for asked in ("1", "0"):
        options = {**parameters, "enable_http_compression": asked}
        with http.stream("GET", "/", params=options, headers=headers) as response:
            body = b"".join(response.iter_raw())
        sent = encoding if asked == "1" else ""
        assert response.headers.get("Content-Encoding", "") == sent
        assert decompress[sent](body).splitlines()[-1] == b"99999"
