"""One emulator for all these tests, as new for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from tests.emulator.api import Api

Caller = Callable[..., Api]


@pytest.fixture(scope="session")
def shared_emulator() -> Iterator[RunningEmulator]:
    """Run an emulator that checks its own answers against the specification."""
    with running_emulator(validate_answers=True, roles=["Analyst"]) as running:
        yield running


@pytest.fixture
def emulator(shared_emulator: RunningEmulator) -> RunningEmulator:
    """Return an emulator in which nothing has happened."""
    shared_emulator.reset()
    return shared_emulator


@pytest.fixture
def caller(emulator: RunningEmulator) -> Iterator[Caller]:
    """Return what makes callers with a key and a role of their own."""
    made: list[Api] = []

    def make(key: str = "", role: str = "") -> Api:
        api = Api(emulator.url, key or emulator.token)
        if role:
            api.client.headers["X-User-ActiveRole"] = role
        made.append(api)
        return api

    yield make
    for api in made:
        api.client.close()


@pytest.fixture
def api(caller: Caller) -> Api:
    """Return a caller with the token and the role that an emulator starts with."""
    return caller()
