"""Measure where the time of one call goes, and the memory of a call in flight.

One call is made in steps, each of which does what the one before does and a little more: the bytes
alone, HTTP on top, the library's connection, and so on to the whole call. The steps take turns, so
that noise meets all alike, and what one takes beyond the one before is its own part.

    python -m bench.profile
"""

import asyncio
import gc
import random
import socket
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import h11
import httpcore
import httpx

from bench.cases import KEY, Timed
from bench.run import server
from bytehouse import AsyncByteHouse, ByteHouse
from bytehouse._call.call import Call
from bytehouse._transport.http import httpcore_request, httpx_request
from bytehouse._transport.sync_transport import HttpTransport
from bytehouse_raw.api.databases import get_database
from bytehouse_raw.plan import Plan

_BLOCK = 20
_ROUNDS = 150
_CALLS = 1000

PARTS = {
    "socket": "Bytes sent and received: the kernel",
    "h11": "HTTP written and parsed",
    "httpcore": "One connection of the library",
    "httpx": "The library's transport, over our `Pool`",
    "transport": "`HttpTransport.send`: the request, bounds of time and size",
    "_call": "`Call`: route, key, role, retry decision, envelope, telemetry",
    "resource": "`databases.get`: the plan and the typed model",
}


class Steps:
    """Make the same request in more and more of what a call consists of."""

    def __init__(self, url: str) -> None:
        self._client = ByteHouse(url, api_key=KEY, role="AccountAdmin")
        self._settings = self._client._shared.settings
        self._plan: Plan[Any] = get_database.plan("sales")
        request = self._call().request()
        self._request = request
        self._wire = httpx_request(request, request.timeout)
        self._headers = self._wire.headers.raw
        self._address = httpcore_request(self._wire).url
        self._socket = socket.create_connection((self._wire.url.host, self._wire.url.port))
        self._parser = h11.Connection(h11.CLIENT)
        self._connection = httpcore.HTTPConnection(self._address.origin)
        self._transport = HttpTransport(self._client.config)

    def _call(self) -> Call[Any]:
        return Call(self._settings, self._client._options, self._plan)

    @property
    def all(self) -> dict[str, Timed]:
        """What to time, by the names of the parts."""
        carrier: Any = self._transport._transport
        as_json = self._plan._replace(decode=lambda document: document)
        return {
            "socket": self.socket,
            "h11": self.http,
            "httpcore": self.connection,
            "httpx": lambda: self.read(carrier),
            "transport": self.sent,
            "_call": lambda: self._client.send(as_json),
            "resource": lambda: self._client.databases.get("sales"),
        }

    def socket(self) -> None:
        """Send bytes that were made beforehand, and take what comes."""
        lines = [b"GET %b HTTP/1.1" % self._address.target]
        lines += [b"%b: %b" % pair for pair in self._headers]
        self._socket.settimeout(60)
        self._socket.send(b"\r\n".join([*lines, b"", b""]))
        self._socket.settimeout(60)
        self._socket.recv(65536)

    def http(self) -> None:
        """Do the same with h11, as httpcore does."""
        parser = self._parser
        head = h11.Request(method=b"GET", target=self._address.target, headers=self._headers)
        self._socket.settimeout(60)
        self._socket.send(parser.send(head) or b"")
        parser.send(h11.EndOfMessage())
        while (event := parser.next_event()) is not h11.PAUSED:
            if event is h11.NEED_DATA:
                self._socket.settimeout(60)
                parser.receive_data(self._socket.recv(65536))
            elif isinstance(event, h11.EndOfMessage):
                break
        parser.start_next_cycle()

    def connection(self) -> None:
        """Do the same with a connection of httpcore."""
        answer = self._connection.handle_request(httpcore_request(self._wire))
        b"".join(answer.iter_stream())
        answer.close()

    def read(self, carrier: httpx.BaseTransport) -> None:
        """Do the same with a transport of httpx."""
        answer = carrier.handle_request(self._wire)
        assert isinstance(answer.stream, httpx.SyncByteStream)
        b"".join(answer.stream)
        answer.stream.close()

    def sent(self) -> None:
        """Do the same with our transport."""
        self._transport.send(self._request)


def times(steps: dict[str, Timed]) -> dict[str, float]:
    """Return the seconds of this process that each step takes.

    They are the lower quartile of blocks that take turns: another program adds, and never takes.
    """
    found: dict[str, list[float]] = {name: [] for name in steps}
    order, chance = list(steps), random.Random(0)  # noqa: S311 - it only mixes
    for _ in range(_ROUNDS):
        chance.shuffle(order)  # the order has an influence
        for name in order:
            step = steps[name]
            step()
            began = time.process_time()
            for _ in range(_BLOCK):
                step()
            found[name].append((time.process_time() - began) / _BLOCK)
    return {name: statistics.quantiles(blocks)[0] for name, blocks in found.items()}


def parts(url: str) -> Iterator[str]:
    """Yield a table of what each step adds."""
    raw = httpx.Client(headers={"Authorization": f"Bearer {KEY}"})
    target = f"{url}/v1/databases/sales"
    found = times(Steps(url).all | {"raw": lambda: raw.get(target).json()})
    whole, before = found["resource"], 0.0
    yield "| part | what it does | µs | share |"
    yield "|---|---|---|---|"
    for name, what in PARTS.items():
        took, before = found[name] - before, found[name]
        yield f"| {name} | {what} | {took * 1e6:.0f} | {took / whole:.0%} |"
    yield f"| all | one call | {whole * 1e6:.0f} | 100% |"
    yield ""
    theirs = found["raw"]
    yield f"`httpx.Client.get` and `.json()`: {theirs * 1e6:.0f} µs; ratio {whole / theirs:.2f}"


@contextmanager
def silent() -> Iterator[str]:
    """Take connections and never answer: the kernel does that for a socket that nobody accepts."""
    with socket.create_server(("127.0.0.1", 0), backlog=_CALLS * 2) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def _under_way(call: Callable[[], Any]) -> float:
    """Return the bytes that each of many calls takes that wait for their answers."""
    first = asyncio.ensure_future(call())  # imports and one-time set-up
    await asyncio.sleep(0.3)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tasks = [asyncio.ensure_future(call()) for _ in range(_CALLS)]
    await asyncio.sleep(3)
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert not any(task.done() for task in tasks)
    for task in (first, *tasks):
        task.cancel()
    await asyncio.wait([first, *tasks])
    return taken / _CALLS


def memory(url: str) -> Iterator[str]:
    """Yield a table of what a call under way takes."""

    async def ours(most: int) -> float:
        async with AsyncByteHouse(url, api_key=KEY, max_connections=most) as bh:
            return await _under_way(lambda: bh.databases.get("sales"))

    async def theirs(most: int) -> float:
        limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
        async with httpx.AsyncClient(limits=limits, timeout=60) as client:
            return await _under_way(lambda: client.get(f"{url}/v1/databases/sales"))

    yield f"| {_CALLS} calls under way | connections | AsyncByteHouse | httpx.AsyncClient |"
    yield "|---|---|---|---|"
    for most in (100, _CALLS + 1):
        figures = (asyncio.run(ours(most)), asyncio.run(theirs(most)))
        shown = " | ".join(f"{figure / 1024:.1f} KB each" for figure in figures)
        yield f"| with at most | {most} | {shown} |"


def main() -> None:
    """Print both tables as Markdown."""
    with server() as url:
        for line in parts(url):
            print(line)
    print()
    with silent() as url:
        for line in memory(url):
            print(line)


if __name__ == "__main__":
    main()
