"""Fixtures of the client's tests, which the folders take into their conftest."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bytehouse import ByteHouse
from bytehouse_emulator.testing import RunningEmulator
from tests.support.flavours import KEY, FakeClock, MakeClient, client_maker
from tests.support.server import ScriptedServer


@pytest.fixture(autouse=True)
def surroundings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them.

    The home is the temporary folder of a test that has one, and one that is not there otherwise.
    """
    for name in list(os.environ):
        if name.startswith("BYTEHOUSE_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    own = "tmp_path" in request.fixturenames
    monkeypatch.setenv("HOME", str(request.getfixturevalue("tmp_path")) if own else "/proc/nowhere")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Run a server that answers as the test says."""
    with ScriptedServer() as running:
        yield running


@pytest.fixture(scope="module")
def emulator(bytehouse_emulator: RunningEmulator) -> RunningEmulator:
    """Return the emulator of the session, empty when the tests of a module begin."""
    bytehouse_emulator.reset()
    return bytehouse_emulator


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that jumps instead of waiting."""
    return FakeClock()


@pytest.fixture(params=["sync", "async"])
def flavour(request: pytest.FixtureRequest) -> str:
    """Name the flavour of the client."""
    return str(request.param)


@pytest.fixture
def make(flavour: str, clock: FakeClock) -> Iterator[MakeClient]:
    """Return what makes clients, of either flavour, with a clock that jumps."""
    made: list[ByteHouse] = []
    with asyncio.Runner() as runner:
        maker = client_maker(flavour, runner)

        def remembering(host: str | None = None, api_key: Any = KEY, **settings: Any) -> ByteHouse:
            made.append(maker(host, api_key, **{"clock": clock, **settings}))
            return made[-1]

        yield remembering
        for client in made:
            client.close()


@pytest.fixture
def interrupt() -> Iterator[Callable[[], None]]:
    """Return what does to this program what Ctrl-C does, from any thread."""
    # An import that is interrupted leaves numpy broken for all that follows.
    import pandas  # noqa: F401, ICN001
    import pyarrow  # noqa: F401, ICN001

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # hypothesis leaves one, and an interrupt that meets it is lost.
    callbacks, gc.callbacks[:] = gc.callbacks[:], []
    yield lambda: os.kill(os.getpid(), signal.SIGINT)
    gc.callbacks[:] = callbacks
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def bh(make: MakeClient, server: ScriptedServer) -> ByteHouse:
    """Return a client of the scripted server."""
    return make(server.url)
