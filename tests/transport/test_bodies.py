"""What is wrong with a body is told, and touches no other call."""

import gzip
import time
import tracemalloc
import zlib
from functools import cache

import pytest

from bytehouse import APIError, ByteHouse, ResponseDecodeError
from tests.support.cases import cases
from tests.support.flavours import MakeClient, every_transport
from tests.support.server import Reply, ScriptedServer, data, well_formed
from tests.support.wire import keyed_bytes

__all__ = ["every_transport"]

WELL = data({"name": "d"})
JSON = keyed_bytes(b'{"data": {"name": "d"}}')


@cases(
    "reply",
    [
        Reply(body="<html>", headers={"Content-Type": "application/json"}),
        Reply(body='{"data": {"name": "d"}}'.encode("utf-16")),
        Reply(body=b'{"data": "\xff"}'),
        Reply(body={"data": {"name": "d"}}, headers={"Content-Encoding": "br"}),
        Reply(body=zlib.compress(b"{}"), headers={"Content-Encoding": "gzip"}),
        Reply(body=gzip.compress(b"{}", mtime=0)[:-4], headers={"Content-Encoding": "gzip"}),
        Reply(body=gzip.compress(b'{"data": ', mtime=0), headers={"Content-Encoding": "gzip"}),
        Reply(body={"data": {}}, cut=1),
        Reply(body={"data": {}}, cut=1, chunked=True),
        Reply(body={"data": {}}, headers={"Content-Length": "99"}, then="close"),
        Reply(body=b"[" * 200_000),
    ],
)
def test_a_body_that_cannot_be_read_is_reported_and_the_next_call_is_right(
    bh: ByteHouse, server: ScriptedServer, reply: Reply
) -> None:
    """A wrong type or encoding and a body cut short or off give an error; nothing of it is left."""
    server.script(reply)
    try:
        assert bh.databases.get("d", max_retries=0).name in ("d", None)
    except ResponseDecodeError as error:
        assert error.hint  # noqa: PT017 - what is only labelled wrongly may be read all the same
    server.script(WELL)
    assert bh.databases.get("d").name == "d"


@cases("kind", ["text/html", "", "application/xml; charset=utf-16"])
def test_a_wrong_content_type_alone_is_no_error(
    bh: ByteHouse, server: ScriptedServer, kind: str
) -> None:
    """What is JSON is read as JSON."""
    server.script(Reply(body=b'{"data": {"name": "d"}}', headers={"Content-Type": kind}))
    assert bh.databases.get("d").name == "d"


def test_what_follows_a_response_is_not_taken_for_the_next(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """An answer that is longer than it says, with a second answer in it, does not reach the call
    that comes after."""
    further = well_formed(b'{"data": {"name": "evil"}}')
    first = well_formed(b'{"data": {"name": "d"}}')
    server.script(Reply(raw=first + further), WELL)
    assert bh.databases.get("first").name == "d"
    time.sleep(0.05)
    assert bh.databases.get("second").name == "d"


def bomb(window: int) -> bytes:
    """Return 300 MB of spaces, compressed: a flushed piece can be repeated."""
    packer = zlib.compressobj(1, zlib.DEFLATED, window)
    piece = b" " * (1 << 20)
    first = packer.compress(b"[" + piece) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + 300 * (packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH))


@cases(("encoding", "window"), [("gzip", 31), ("deflate", 15)])
def test_a_decompression_bomb_is_not_unpacked(
    make: MakeClient, server: ScriptedServer, encoding: str, window: int
) -> None:
    """A body that is small on the wire and huge unpacked is refused after `max_body`, asked for
    once, and memory stays bounded."""
    server.script(Reply(body=bomb(window), headers={"Content-Encoding": encoding}))
    bh = make(server.url, max_body=1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(ResponseDecodeError, match="max_body"):
            bh.databases.get("d")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert len(server.seen) == 1


@cache
def packed_thrice() -> bytes:
    """Return 30 MB of spaces in a few hundred bytes."""
    return gzip.compress(gzip.compress(gzip.compress(b" " * 30_000_000, 1)))


@cases("encoding", ["gzip, gzip, gzip", "br", "zstd", "gzip,br", "compress", "gzip, gzip"])
def test_an_encoding_that_was_not_asked_for_is_refused_before_anything_is_unpacked(
    make: MakeClient, server: ScriptedServer, encoding: str
) -> None:
    """A few bytes that unpack to many megabytes, and what no request accepts, are reported by their
    encoding, of an object and of a result alike, and nothing is sent again."""
    server.script(Reply(body=packed_thrice(), headers={"Content-Encoding": encoding}))
    bh = make(server.url, max_body=1_000_000)
    for call in (lambda: bh.databases.get("d"), lambda: bh.query("SELECT 1")):
        server.seen.clear()
        tracemalloc.start()
        try:
            with pytest.raises(ResponseDecodeError, match=f"encoded as '{encoding}'"):
                call()
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()
        assert len(server.seen) == 1


@cases(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(JSON)),
        ("x-gzip", gzip.compress(JSON[:9]) + gzip.compress(JSON[9:])),
        ("GZIP", gzip.compress(JSON) + b"padding"),
        ("identity, gzip", gzip.compress(JSON)),
        ("deflate", zlib.compress(JSON)),
        ("deflate", zlib.compress(JSON)[2:-4]),
        ("identity", JSON),
        ("", JSON),
    ],
)
def test_what_was_asked_for_is_unpacked(
    bh: ByteHouse, server: ScriptedServer, encoding: str, body: bytes
) -> None:
    """Every spelling of gzip and deflate is read, however it is cut."""
    for pace in (0.0, 0.0001):
        server.script(Reply(body=body, headers={"Content-Encoding": encoding}, pace=pace))
        assert bh.databases.get("d").name == "d"


def test_an_error_with_a_huge_body_is_still_that_error(
    make: MakeClient, server: ScriptedServer
) -> None:
    """The status of a refusal counts, however long the rest is."""
    server.script(Reply(404, "x" * 100_000))
    with pytest.raises(APIError) as caught:
        make(server.url, max_body=1000).databases.get("d")
    assert caught.value.status == 404
