"""A resolver that does not respond holds neither a call nor the end of a program."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bytehouse import ByteHouseError, TimedOut, TransportError
from tests.support.flavours import MakeClient, every_transport
from tests.support.server import ScriptedServer, data

__all__ = ["every_transport"]

PROGRAM = """
import asyncio, socket, sys, time
from contextlib import suppress
from bytehouse import AsyncByteHouse, ByteHouse, ByteHouseError

system = socket.getaddrinfo

def resolve(host, *args, **options):
    if host == "127.0.0.1":
        return system(host, *args, **options)
    time.sleep(80)
    raise OSError("too late")

socket.getaddrinfo = resolve
flavour = sys.argv[1]

def call(host):
    if flavour == "sync":
        with ByteHouse(host, "k", timeout=1, max_retries=0) as bh:
            return bh.databases.get("d")
    async def run():
        async with AsyncByteHouse(host, "k", http=flavour, timeout=1, max_retries=0) as bh:
            await bh.databases.get("d")
    asyncio.run(run())

with suppress(ByteHouseError):
    call("http://127.0.0.1:1")  # a first call imports what calls need
began = time.monotonic()
try:
    call("https://x.example")
except ByteHouseError as error:
    print(type(error).__name__, time.monotonic() - began, time.time())
"""


@pytest.mark.parametrize("flavour", ["sync", "httpx", "aiohttp"])
def test_a_resolver_that_does_not_respond_holds_neither_a_call_nor_a_program(
    tmp_path: Path, flavour: str
) -> None:
    """The call ends with its `timeout` of a second, and the program does not wait for the rest."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    run = subprocess.run(
        [sys.executable, str(program), flavour],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    now = time.time()
    assert run.returncode == 0, run.stderr
    name, seconds, ended = run.stdout.split()
    assert name == "TimedOut"
    assert 0.9 < float(seconds) < 2.5
    assert now - float(ended) < 10


def test_calls_that_wait_for_one_host_share_its_lookup(
    make: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many calls are given up, one thread waits for the resolver."""
    release = threading.Event()

    def resolve(*_: object, **__: object) -> list[object]:
        release.wait(30)
        return []

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    bh = make("https://slow.example", timeout=0.1, max_retries=0)
    for _ in range(5):
        with pytest.raises(TimedOut):
            bh.databases.get("d")
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("bytehouse-resolver") == 1
    release.set()


def test_every_address_of_a_host_is_tried(
    make: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first may not be reachable; a host without addresses is an error that says so."""
    with ScriptedServer() as server:
        server.script(data({"name": "d"}))
        port = int(server.url.rpartition(":")[2])
        found = [(2, 1, 6, "", ("127.0.0.9", port)), (2, 1, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
        assert make(f"http://localhost:{port}", max_retries=0).databases.get("d").name == "d"
        found.clear()
        with pytest.raises(TransportError, match="address"):
            make(f"http://localhost:{port}", max_retries=0).databases.get("d")


def test_a_host_that_does_not_exist_was_never_sent_anything(make: MakeClient) -> None:
    """Its error is that of a connection that was not made."""
    with pytest.raises(ByteHouseError, match="no connection"):
        make("https://no-such-host.invalid", max_retries=0).databases.create("d")
