"""A TCP proxy that fails on purpose, between a client and a server that does not."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Literal

__all__ = ["Fault", "FaultProxy", "now_and_then", "proxied"]

Fault = Literal[
    "none",
    "reset at once",
    "reset unsent",
    "reset after",
    "reset inside",
    "cut inside",
    "half-closed",
    "black hole",
    "unsent black hole",
    "trickle",
    "garbage",
    "late",
    "closed, late",
]
Choose = Callable[[bytes], Fault]


def never(_: bytes) -> Fault:
    """Let everything through."""
    return "none"


def now_and_then(share: float, faults: Iterable[Fault], seed: int = 7) -> Choose:
    """Fail a share of the requests, in the same order each time."""
    chance, several = random.Random(seed), list(faults)  # noqa: S311 - nothing secret

    def choose(_: bytes) -> Fault:
        return chance.choice(several) if chance.random() < share else "none"

    return choose


class FaultProxy:
    """Pass requests on and answers back, each with the fault that `choose` names.

    ==================  ==========================================================================
    reset at once       the request is not read
    reset unsent        it is read, and does not reach the server
    reset after         it reaches the server, and its answer is not passed on
    reset inside        the answer breaks off half-way with a reset
    cut inside          the answer breaks off half-way with an orderly end
    half-closed         the proxy says that it will write no more, and goes on reading
    black hole          it reaches the server, and nothing comes back
    unsent black hole   it is read, does not reach the server, and nothing comes back
    trickle             the answer comes one byte a second
    garbage             what comes back is no HTTP, nor TLS
    late                it reaches the server after `delay`, and nothing comes back
    closed, late        the client's connection is closed first, and it still reaches the server
    ==================  ==========================================================================

    Attributes:
        requests: How many requests were read.
        met: How often each fault was met.
        choose: Names the fault of a request, which it is shown.
        delay: Seconds by which a late request is late.
        delivered: Set when a late request has reached the server, and the server has responded.
    """

    def __init__(self, upstream: str, choose: Choose = never) -> None:
        host, _, port = upstream.rpartition("//")[2].partition(":")
        self._upstream = (host, int(port))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._open: list[socket.socket] = []
        self.choose = choose
        self.requests = 0
        self.met: Counter[str] = Counter()
        self.delay = 1.0
        self.delivered = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Address, in place of the server's."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            server = socket.create_connection(self._upstream, 30)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with server, client.makefile("rb") as asked, server.makefile("rb") as told:
                while not self._stopped.is_set() and (request := _message(asked)[0]):
                    with self._lock:
                        self.requests += 1
                        fault = self.choose(request)
                        self.met[fault] += 1
                    if not self._pass(request, fault, client, server, told):
                        return

    def _pass(
        self,
        request: bytes,
        fault: Fault,
        client: socket.socket,
        server: socket.socket,
        told: BinaryIO,
    ) -> bool:
        """Pass one request on; tell whether the connection goes on."""
        if fault == "garbage":
            client.sendall(b"220 mail.example ESMTP\r\n")
        if fault in ("reset unsent", "reset at once"):
            _reset(client)
        if fault in ("reset unsent", "reset at once", "garbage"):
            return False
        if fault == "unsent black hole":
            self._stopped.wait()
            return False
        if fault in ("late", "closed, late"):
            self._deliver_late(request, fault, client, server, told)
            return False
        server.sendall(request)
        answer, whole = _message(told)
        match fault:
            case "none":
                client.sendall(answer)
                return whole
            case "black hole":
                self._stopped.wait()
            case "reset after":
                _reset(client)
            case "trickle":
                self._trickle(client, answer)
            case _:
                client.sendall(answer[: len(answer) // 2])
                self._break_off(client, fault)
        return False

    def _deliver_late(
        self, request: bytes, fault: Fault, client: socket.socket, server: socket.socket,
        told: BinaryIO,
    ) -> None:  # fmt: skip
        if fault == "closed, late":
            client.shutdown(socket.SHUT_RDWR)
        time.sleep(self.delay)
        server.sendall(request)
        _message(told)
        self.delivered.set()

    def _break_off(self, client: socket.socket, fault: Fault) -> None:
        if fault == "reset inside":
            time.sleep(0.01)  # let the first half arrive: a reset overtakes it otherwise
            _reset(client)
        elif fault == "half-closed":
            client.shutdown(socket.SHUT_WR)
            client.settimeout(0.5)
            client.recv(1)

    def _trickle(self, client: socket.socket, answer: bytes) -> None:
        for byte in answer:
            client.sendall(bytes([byte]))
            if self._stopped.wait(1.0):
                return

    def close(self) -> None:
        """Stop, and close every connection."""
        self._stopped.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(upstream: str, choose: Choose = never) -> Iterator[FaultProxy]:
    """Run a proxy for a while."""
    proxy = FaultProxy(upstream, choose)
    try:
        yield proxy
    finally:
        proxy.close()


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _message(stream: BinaryIO) -> tuple[bytes, bool]:
    """Read one request or answer, and tell whether it came whole; nothing if the other side has
    gone."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return head, False
        head += line
    fields = head.lower()
    if b"\r\ntransfer-encoding: chunked" in fields:
        chunks, whole = _chunks(stream)
        return head + chunks, whole
    _, found, rest = fields.partition(b"\r\ncontent-length:")
    length = int(rest.split(b"\r\n", 1)[0]) if found else 0
    body = stream.read(length)
    return head + body, len(body) == length


def _chunks(stream: BinaryIO) -> tuple[bytes, bool]:
    read = b""
    while line := stream.readline():
        size = int(line, 16)
        read += line + stream.read(size + 2)
        if size == 0:
            return read, True
    return read, False
