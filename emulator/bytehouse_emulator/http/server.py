"""Serve an emulator on a socket of the loopback interface until it is stopped."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bytehouse_emulator.emulator import Emulator
from bytehouse_emulator.http.fault_responses import CONNECTION
from bytehouse_emulator.simulation.clock import SECOND, Clock

_SHUTDOWN_TIMEOUT: Final = 5
# In seconds. A client on a busy machine must not find its connection closed as it sends the next
# request, which it may not send again.
_KEEP_ALIVE: Final = 75


def serve(
    emulator: Emulator,
    rest: ASGIApp,
    clickhouse: ASGIApp,
    listeners: list[socket.socket],
    *,
    tls: tuple[Path | None, Path | None],
    show_token: bool,
    stop_with_stdin: bool,
) -> None:
    """Serve the API and the ClickHouse interface until a signal or the end of standard input."""
    host, port = listeners[0].getsockname()[:2]
    scheme = "https" if tls[0] else "http"
    url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    clickhouse_port = listeners[1].getsockname()[1]
    ready = f"bytehouse-emulator listening on {url}"
    ready += f" clickhouse {clickhouse_port}"
    if show_token:
        ready += f" token {emulator.settings.token}"
    app = _Ports(emulator.clock, rest, {clickhouse_port: clickhouse})
    server = _Server(emulator, app, ready, tls)
    if stop_with_stdin:
        threading.Thread(target=_wait_for_stdin, args=(server,), daemon=True).start()
    server.run(sockets=listeners)


class _Ports:
    """The outermost ASGI application: chooses by port, and dates responses by the clock of the
    emulator, with which clients compare the times that the responses show."""

    def __init__(self, clock: Clock, default: ASGIApp, others: Mapping[int, ASGIApp]) -> None:
        self._clock = clock
        self._default = default
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self._clock.nanoseconds() // SECOND, usegmt=True)
                message["headers"] = [*message["headers"], (b"date", date.encode())]
            await send(message)

        scope[CONNECTION] = getattr(getattr(send, "__self__", None), "transport", None)
        app = self._others.get(scope["server"][1], self._default)
        await app(scope, receive, send_dated)


class _Server(uvicorn.Server):
    """A server that prints a line when it is ready, and kills queries when it shuts down."""

    def __init__(
        self, emulator: Emulator, app: ASGIApp, ready: str, tls: tuple[Path | None, Path | None]
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                # By it clients tell that it is the emulator that refuses something.
                server_header=False,
                date_header=False,
                headers=[("Server", "bytehouse-emulator")],
                ssl_certfile=tls[0],
                ssl_keyfile=tls[1],
                timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT,
                timeout_keep_alive=_KEEP_ALIVE,
            )
        )
        self._emulator = emulator
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and print that it is ready."""
        await super().startup(sockets)
        if self.started:
            print(self._ready, flush=True)  # noqa: T201 - what a caller waits for

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Kill the queries before waiting for their callers, and shut down."""
        await asyncio.to_thread(self._emulator.queries.close)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal without raising it again later: the engine is still to be closed."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stop())
        yield

    def stop(self) -> None:
        """Make it shut down."""
        self.should_exit = True


def _wait_for_stdin(server: _Server) -> None:
    """Stop when the parent process has ended: its end of the pipe is closed then."""
    while sys.stdin.buffer.read(4096):
        pass
    server.stop()
