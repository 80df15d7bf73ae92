"""Settings and fixtures for every test."""

from pathlib import Path

import pytest
from hypothesis import settings

# Properties are checked with the same examples in every run; a machine under load is no failure.
settings.register_profile("repository", derandomize=True, deadline=None)
settings.load_profile("repository")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the directory of the checkout."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run the asynchronous tests on asyncio."""
    return "asyncio"
