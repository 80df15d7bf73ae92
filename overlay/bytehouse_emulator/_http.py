"""Serve an emulator on a socket of the loopback interface until told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from ._app import build_app
from ._emulator import Emulator, Settings

_PATIENCE: Final = 5


def serve(settings: Settings, host: str, port: int, *, show_token: bool, with_stdin: bool) -> bool:
    """Serve until SIGINT, SIGTERM or the end of standard input; tell whether all ended cleanly."""
    listener = _listen(host, port)
    emulator = Emulator(settings)
    place, number = listener.getsockname()[:2]
    url = f"http://[{place}]:{number}" if ":" in place else f"http://{place}:{number}"
    ready = f"bytehouse-emulator listening on {url}"
    server = _Server(emulator, f"{ready} token {settings.token}" if show_token else ready)
    if with_stdin:
        threading.Thread(target=_watch_stdin, args=(server,), daemon=True).start()
    server.run(sockets=[listener])
    return emulator.close()


class _Server(uvicorn.Server):
    """A server that says when it is ready, and ends queries before it waits for their callers."""

    def __init__(self, emulator: Emulator, ready: str) -> None:
        super().__init__(
            uvicorn.Config(
                build_app(emulator),
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=_PATIENCE,
            )
        )
        self._emulator = emulator
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            print(self._ready, flush=True)  # noqa: T201 - what a caller waits for

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the queries, and stop."""
        await asyncio.to_thread(self._emulator.queries.close)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal, without raising it again afterwards: the engine is yet to be closed."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stop())
        yield

    def stop(self) -> None:
        """Stop soon."""
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sends small answers at once only where it is.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _watch_stdin(server: _Server) -> None:
    """Stop when whoever started this is gone: its end of the pipe is closed then."""
    while sys.stdin.buffer.read(4096):
        pass
    server.stop()
