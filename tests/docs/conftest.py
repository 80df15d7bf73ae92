"""An emulator for what the pages show, and the directory of what is written for users."""

from pathlib import Path

import pytest

from tests.whole.conftest import emulator, shared_emulator, surroundings

__all__ = ["emulator", "shared_emulator", "surroundings"]


@pytest.fixture(scope="session")
def documents(root: Path) -> Path:
    """Return the directory of what is written for users."""
    return root / "docs"
