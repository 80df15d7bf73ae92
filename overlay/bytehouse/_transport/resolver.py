"""Look up the addresses of a host, where neither a call nor the end of a program waits for it.

The resolver of the system takes no time limit, and cannot be interrupted. So it runs in a daemon
thread, one for each host, and who waits for it waits as long as it has time.
"""

from __future__ import annotations

import os
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from queue import Empty, SimpleQueue

import httpcore

__all__ = ["HostUnknown", "ResolverTimeout", "addresses", "async_addresses"]

# Of the HTTP library, because most lookups are a part of what it does.
HostUnknown = httpcore.ConnectError
ResolverTimeout = httpcore.ConnectTimeout


class _Lookup:
    """Look up a host once, for all who wait for it meanwhile."""

    # Each change is one operation of the interpreter: an interrupt would leave a lock locked.

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._addresses: list[str] = []
        self._error = ""
        self._done = False
        self._listeners: deque[Callable[[], object]] = deque()

    def listen(self, listener: Callable[[], object]) -> None:
        """Call a function when the lookup has ended."""
        self._listeners.append(listener)
        if self._done:
            self._notify()

    def run(self) -> None:
        """Look it up; called in a thread of its own."""
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            self._addresses = list(dict.fromkeys(_literal(entry[4]) for entry in found))
        except (OSError, UnicodeError) as error:
            self._error = str(error)
        finally:
            self._done = True
            _running.pop((os.getpid(), self._host, self._port), None)
            self._notify()

    def result(self) -> list[str]:
        """Return the addresses.

        Raises:
            HostUnknown: The host is not known.
        """
        if self._error:
            raise HostUnknown(self._error)
        return self._addresses

    def _notify(self) -> None:
        with suppress(IndexError):
            while True:
                self._listeners.popleft()()


# By process: the threads of a parent do not run in its fork.
_running: dict[tuple[int, str, int], _Lookup] = {}


def _lookup(host: str, port: int) -> _Lookup:
    key = (os.getpid(), host, port)
    lookup = _running.get(key)
    if lookup is None:
        lookup = _running[key] = _Lookup(host, port)
        threading.Thread(target=lookup.run, name="bytehouse-resolver", daemon=True).start()
    return lookup


def addresses(host: str, port: int, timeout: float) -> list[str]:
    """Return the IP addresses of a host, in the order to try them.

    Args:
        host: Name of the host, or an IP address.
        port: Port that is to be connected to.
        timeout: Seconds to wait for the resolver.

    Raises:
        HostUnknown: The host is not known.
        ResolverTimeout: The resolver has not responded in time.
    """
    if _is_address(host):
        return [host]
    lookup = _lookup(host, port)
    done: SimpleQueue[None] = SimpleQueue()
    lookup.listen(lambda: done.put(None))
    try:
        done.get(timeout=timeout)
    except Empty:
        raise ResolverTimeout("the address of the host was not found in time") from None
    return lookup.result()


async def async_addresses(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host, as `addresses` does, without a time limit of its own."""
    if _is_address(host):
        return [host]
    lookup = _lookup(host, port)
    import asyncio  # a synchronous client goes without it

    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def finish() -> None:
        if not done.done():
            done.set_result(None)

    def listener() -> None:
        with suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(finish)

    lookup.listen(listener)
    await done
    return lookup.result()


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _literal(address: tuple[str | int, ...] | tuple[int, bytes]) -> str:
    """Return an address of `getaddrinfo` as a string, with its zone if it has one."""
    zone = address[3] if len(address) > 3 else 0
    return f"{address[0]!s}%{zone}" if zone else str(address[0])
