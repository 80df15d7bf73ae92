"""One emulator for all these tests, and clients of it in both flavours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from vcr import VCR

from bytehouse import ByteHouse
from bytehouse_emulator import RunningEmulator, running_emulator
from tests.support.fixtures import clock, flavour, make, server, surroundings
from tests.support.flavours import MakeClient
from tests.whole.recording import Labelled
from tests.whole.scenarios import FILE, ROWS, SEED

__all__ = ["clock", "flavour", "make", "server", "surroundings"]


@pytest.fixture(scope="session")
def shared_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """Run an emulator that checks its own answers against the specification."""
    import_dir = tmp_path_factory.mktemp("import")
    (import_dir / FILE).write_text(ROWS)
    options = [f"--import-dir={import_dir}"]
    with running_emulator(validate_answers=True, options=options) as running:
        yield running


@pytest.fixture
def emulator(shared_emulator: RunningEmulator) -> RunningEmulator:
    """Return an emulator in which nothing has happened but the seed."""
    shared_emulator.reset()
    shared_emulator.seed(SEED)
    shared_emulator.clear_journal()
    return shared_emulator


@pytest.fixture
def live(make: MakeClient, emulator: RunningEmulator) -> ByteHouse:
    """Return a client of the emulator, with the real clock."""
    return make(**emulator.client_arguments, clock=None)


def pytest_recording_configure(vcr: VCR) -> None:
    """Let every cassette say what it was recorded against."""
    vcr.register_persister(Labelled())
