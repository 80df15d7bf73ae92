"""Fixtures for tests that need a ByteHouse.

The engine stays out of pytest's process: the emulator runs in one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .testing import RunningEmulator, running_emulator


@pytest.fixture(scope="session")
def bytehouse_emulator() -> Iterator[RunningEmulator]:
    """Start an emulator for the whole session; use its `reset` where a test needs it empty."""
    with running_emulator(validate_answers=True) as emulator:
        yield emulator
