"""A web server on this machine that serves what a test puts on it, and remembers who asked how."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Served:
    """One response: a body in pieces, so that it may be large without being held."""

    pieces: list[bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def text(content: str, kind: str = "text/html") -> Served:
    """Serve a text."""
    return Served([content.encode()], headers={"content-type": f"{kind}; charset=utf-8"})


@dataclass
class Site:
    """What is served, by path, and what was asked for."""

    address: str
    served: dict[str, Served] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return self.address + path


@contextmanager
def site() -> Iterator[Site]:
    """Run a server as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    found = Site(f"http://127.0.0.1:{server.server_address[1]}")
    server.site = found  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found: Site = self.server.site  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        found.asked.append((path, {k.lower(): v for k, v in self.headers.items()}))
        served = found.served.get(path, Served([b"nothing here"], 404))
        self.send_response(served.status)
        for name, value in served.headers.items():
            self.send_header(name, value)
        self.send_header("connection", "close")
        self.end_headers()
        try:
            for piece in served.pieces:
                self.wfile.write(piece)
        except OSError:
            pass  # the client has read enough

    def log_message(self, format: str, *arguments: Any) -> None:
        """Print nothing."""
