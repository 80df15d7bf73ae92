"""Send the requests of a synchronous client, over connections that all its threads share."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, cast

import attrs
import httpcore
import httpx

from .._core.config import ATTRIBUTES, Config, Value
from .._core.interrupts import interruption_in
from ..errors import ConfigError
from .decompression import Decompressor
from .http import (
    BODY_ERRORS,
    CONNECTION_ERRORS,
    KEEPALIVE,
    BodyReader,
    httpcore_proxy,
    httpcore_request,
    httpx_errors,
    httpx_request,
    tls_context,
    transport_failure,
)
from .library_internals import use_pool
from .models import Request, Response, TransportFailure
from .pool import Pool, TimeLimitedBackend, io_deadline
from .proxies import find_proxy, needs_brackets
from .slots import Slot, Slots

__all__ = ["HttpTransport", "ResponseStream", "Transport", "fetch"]


class ResponseStream:
    """Read the body of a response piece by piece.

    Args:
        response: The response.
        pieces: Its body, unpacked.
        left: Seconds that reading may take in all: waiting for the service, and what `spend`
            counts.
        slot: Released when the stream is closed.
    """

    _response: httpx.Response | None = None  # until there is something to close

    def __init__(
        self, response: httpx.Response, pieces: Iterator[bytes], left: float, slot: Slot
    ) -> None:
        self._pieces = pieces
        self._left = left
        self._slot = slot
        self._response = response

    def read(self) -> bytes:
        """Return the next piece; empty at the end.

        Raises:
            TransportFailure: The body was truncated, or time ran out.
        """
        began = time.monotonic()
        limit = io_deadline.set(began + self._left)
        try:
            if self._left <= 0:
                raise httpx.ReadTimeout("time ran out")
            piece = next(filter(None, self._pieces), b"")
        except (*CONNECTION_ERRORS, *BODY_ERRORS) as error:
            failure = transport_failure(error)
        else:
            self._left -= time.monotonic() - began
            if not piece:
                self.close()
            return piece
        finally:
            io_deadline.reset(limit)
        self.close()
        raise failure  # not in the handler: the library's frames hold the key

    def spend(self, seconds: float) -> None:
        """Count the time that parsing took."""
        self._left -= seconds

    def close(self) -> None:
        """Close the body, and a connection on which more of it is to come."""
        if self._response is None:
            return
        try:
            self._response.close()
        finally:
            self._slot.release()

    def __del__(self) -> None:
        self.close()  # or its connection would count as busy for ever


def _unpack(pieces: Iterable[bytes], decompressor: Decompressor) -> Iterator[bytes]:
    for piece in pieces:
        yield from decompressor.pieces(piece)
    decompressor.finish()


class Transport(Protocol):
    """A transport of the HTTP library, as a client can use it."""

    def handle_request(self, request: Any) -> Any:
        """Send a request of the HTTP library and return its response."""

    def close(self) -> None:
        """Close all connections."""


class HttpTransport:
    """Send requests over connections that all calls and threads of a client share.

    Raises:
        ConfigError: The certificates or the proxy cannot be used.
    """

    def __init__(self, config: Config, custom: Transport | None = None) -> None:
        http = config._values["http"]
        if http.value == "aiohttp" and http.source == "argument":
            raise ConfigError("aiohttp needs an event loop.", hint="AsyncByteHouse can use it.")
        self._max_body: int = config.max_body
        self._slots = Slots(config.max_connections)
        self._transport = custom or _transport(config)

    def send(self, request: Request) -> Response:
        """Send one request and read its response.

        Raises:
            TransportFailure: No response came.
        """
        outer = sys.exception()
        try:
            return self._send(request)
        except CONNECTION_ERRORS as error:
            ended = interruption_in(error, outer) or transport_failure(error)
        except BaseException as error:  # noqa: BLE001 - it is raised below
            ended = interruption_in(error, outer) or error
        ended.__context__ = ended.__cause__ = None
        # Not in the handler, and without the library's frames: they hold the key, and a connection.
        raise ended.with_traceback(None)

    def _send(self, request: Request) -> Response:
        began = time.monotonic()
        slot = self._slots.take(request.timeout)
        response = None
        try:
            now = time.monotonic()
            left = max(0.001, request.timeout - (now - began))
            limit = io_deadline.set(now + left)
            try:
                response = self._exchange(request, now, left, slot)
            finally:
                io_deadline.reset(limit)
            return response
        finally:
            if response is None or response.stream is None:
                slot.release()

    def _exchange(self, request: Request, began: float, timeout: float, slot: Slot) -> Response:
        response = self._transport.handle_request(httpx_request(request, timeout))
        reader = BodyReader(response, began=began, timeout=timeout, max_body=self._max_body)
        pieces: Iterable[bytes] = (
            response.iter_bytes()
            if reader.decoded
            else cast("httpx.SyncByteStream", response.stream)
        )
        if request.streamed and response.is_success and not reader.refused:
            unpacked = _unpack(pieces, reader.decompressor)
            stream = ResponseStream(response, unpacked, reader.left, slot)
            return reader.response(complete=False, stream=stream)
        try:
            for piece in pieces:
                if not reader.add(piece):
                    break
            reader.finish()
        except httpx.TimeoutException:
            raise
        except BODY_ERRORS:
            return reader.response(complete=False)
        finally:
            response.close()
        return reader.response(complete=True)

    def close(self) -> None:
        """Close all connections, and end the calls that use or wait for one."""
        self._slots.close()
        self._transport.close()


def _transport(config: Config) -> httpx.BaseTransport:
    """Return the transport of httpx with our own pool."""
    proxy = find_proxy(config)
    brackets = needs_brackets(config, proxy)
    tls = tls_context(config.ca_file, config.client_cert, brackets=brackets)
    pool = Pool(
        httpcore.ConnectionPool(
            ssl_context=tls,
            proxy=httpcore_proxy(proxy),
            keepalive_expiry=KEEPALIVE,
            network_backend=TimeLimitedBackend(),
        ),
        brackets=brackets,
    )
    transport = httpx.HTTPTransport(verify=tls)
    return transport if use_pool(transport, pool) else _PoolTransport(pool)


class _PoolTransport(httpx.BaseTransport):
    """Do what `httpx.HTTPTransport` does with a pool, where our pool cannot be set on it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with httpx_errors():
            response = self._pool.handle_request(httpcore_request(request))
        return httpx.Response(
            response.status, headers=response.headers, stream=_PoolStream(response)
        )

    def close(self) -> None:
        self._pool.close()


class _PoolStream(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with httpx_errors():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


def fetch(request: Request, *, max_body: int, config: Config | None = None) -> Response:
    """Send one request outside of a client, to any host, without key and certificate.

    Args:
        request: What to send.
        max_body: Bytes that the response may have.
        config: Source of the authorities to trust and of the proxy, if not the default ones.

    Raises:
        TransportFailure: No response came, or one that is too large.
    """
    settings = {"host": request.url, "max_body": max_body, "max_connections": 1}
    if config is not None:
        settings |= {"ca_file": config.ca_file, "proxy": config.proxy}
    values = {a.name: Value(settings.get(a.name), "fetch") for a in ATTRIBUTES}
    try:
        headers = {"host": httpx.URL(request.url).netloc.decode(), **request.headers}
        transport = HttpTransport(Config(values))
        try:
            response = transport.send(attrs.evolve(request, headers=headers))
        finally:
            transport.close()
    except (httpx.InvalidURL, ValueError) as error:
        raise TransportFailure(str(error), sent=False) from None
    if response.refused:
        raise TransportFailure(response.refused, sent=True)
    return response
