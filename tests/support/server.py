"""A server that answers exactly as a test says, over real TCP, and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import attrs

from tests.support.wire import asked, keyed, keyed_bytes

__all__ = [
    "CLOSED",
    "RESET",
    "SILENT",
    "Reply",
    "ScriptedServer",
    "Seen",
    "closed_port",
    "data",
    "well_formed",
]


@attrs.frozen
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    moment: float

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """Return the value of a header that came once; None if it did not come."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def line(self) -> str:
        """Method and target."""
        return f"{self.method} {self.target}"

    @property
    def operation(self) -> str:
        """Id of the operation that was called."""
        return asked(self.method, self.target)[0]

    @property
    def path(self) -> dict[str, str]:
        """Parameters of the path, by their names."""
        return asked(self.method, self.target)[1]


@attrs.frozen
class Reply:
    """One answer, and how it is given.

    Attributes:
        status: HTTP status.
        body: Text, bytes, or anything else as JSON; what it has in `data` is sent under the key
            that openapi.yaml has for it.
        headers: Headers beside the usual ones.
        chunked: Whether the body goes out in chunks of unstated total length.
        raw: Bytes to send instead of a well-formed answer.
        cut: How many bytes to hold back at the end.
        pace: Seconds to wait before each byte.
        then: What to do with the connection afterwards.
    """

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    chunked: bool = False
    raw: bytes | None = None
    cut: int = 0
    pace: float = 0.0
    then: Literal["keep", "close", "reset", "wait"] = "keep"

    def encoded(self) -> bytes:
        """Return what goes over the wire."""
        whole = self._whole() if self.raw is None else self.raw
        return whole[: len(whole) - self.cut]

    def _whole(self) -> bytes:
        body, kind = self.body, "text/html"
        if isinstance(body, str | bytes):
            body = keyed_bytes(body.encode() if isinstance(body, str) else body)
        else:
            body = json.dumps(keyed(body) if isinstance(body, dict) else body).encode()
            kind = "application/json"
        headers = {"Content-Type": kind, **self.headers}
        if self.chunked:
            headers["Transfer-Encoding"] = "chunked"
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        elif self.status in (204, 304):
            body = b""
        else:
            headers.setdefault("Content-Length", str(len(body)))
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


SILENT = Reply(raw=b"", then="wait")
CLOSED = Reply(raw=b"", then="close")
RESET = Reply(raw=b"", then="reset")


def data(value: Any, **more: Any) -> Reply:
    """Return a success that holds a value."""
    return Reply(body={"data": value, **more})


def well_formed(body: bytes) -> bytes:
    """Return a whole response, as `Reply.raw` takes it."""
    body = keyed_bytes(body)
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class ScriptedServer:
    """Answer each request with the next of the scripted replies; the last one is repeated.

    Attributes:
        seen: Every request that arrived.
        handler: Gives the reply to a request; a test may set its own.
        tls: How it speaks TLS, if it does.
    """

    def __init__(
        self, *, certificate: Path | None = None, port: int = 0, reads: bool = True
    ) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self._reads = reads
        self.tls: ssl.SSLContext | None = None
        if certificate is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate)
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._replies: list[Reply] = []
        self._open: list[socket.socket] = []
        self.seen: list[Seen] = []
        self.connections = 0
        self.handler: Callable[[Seen], Reply]
        self.clear()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        """Number of the port."""
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[str]:
        """Method and target of every request."""
        return [seen.line for seen in self.seen]

    @property
    def operations(self) -> list[str]:
        """Id of the operation of every request."""
        return [seen.operation for seen in self.seen]

    def clear(self) -> None:
        """Forget the requests so far, and answer each with the same success."""
        self.script(data({"name": "sales", "uuid": "u-1"}))
        self.handler = self._next

    def script(self, *replies: Reply) -> None:
        """Set the replies to come, and forget the requests so far."""
        self._replies = list(replies)
        self.seen.clear()

    def wait_for(self, operation: str, seconds: float = 3.0) -> Seen:
        """Return the first request for this operation, once it has come."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for seen in list(self.seen):
                if seen.operation == operation:
                    return seen
            time.sleep(0.01)
        raise AssertionError(f"no {operation} came, only {self.lines}")

    def served(self) -> int:
        """Return how many connections are open."""
        return sum(thread.is_alive() for thread in self._threads[1:])

    def say(self, unasked: bytes) -> None:
        """Send bytes on every connection, whether something was asked or not."""
        for connection in self._open:
            with suppress(OSError):
                connection.sendall(unasked)

    def _next(self, seen: Seen) -> Reply:  # noqa: ARG002 - a handler is told what was asked
        with self._lock:
            return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(
                target=self._serve, args=(connection, self.connections), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        if not self._reads:
            return
        with suppress(OSError):
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            self._talk(connection, number)

    def _talk(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as stream:
            while (seen := _read(stream, number)) is not None:
                self.seen.append(seen)
                if not self._give(connection, self.handler(seen)):
                    return

    def _give(self, connection: socket.socket, reply: Reply) -> bool:
        if reply.pace:
            for byte in reply.encoded():
                if self._stopped.wait(reply.pace):
                    return False
                connection.sendall(bytes([byte]))
        else:
            connection.sendall(reply.encoded())
        if reply.then == "wait":
            self._stopped.wait()
        if reply.then == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply.then != "keep" or reply.cut:
            with suppress(OSError):
                if reply.then != "reset":
                    connection.shutdown(socket.SHUT_RDWR)
            return False
        return True

    def close(self) -> None:
        """Stop, and close every connection."""
        self._stopped.set()
        for one in (self._socket, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)
        for connection in self._open:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _read(stream: Any, connection: int) -> Seen | None:
    if stream.peek(1)[:1] == b"\x16":  # who begins to speak TLS is not understood
        return None
    first = stream.readline()
    if not first:
        return None
    method, target, _ = first.decode("latin-1").split(" ", 2)
    headers = []
    while (line := stream.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    length = next((int(v) for k, v in headers if k.lower() == "content-length"), 0)
    return Seen(method, target, headers, stream.read(length), connection, time.monotonic())


def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port
