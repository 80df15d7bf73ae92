"""Settings and fixtures for every test."""

import gc
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.budget import SECONDS, Budget

# Properties are checked with the same examples in every run; a machine under load is no failure.
settings.register_profile(
    "repository",
    derandomize=True,
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow],
)
# `make fuzz`: other examples in each run, and many more where a test does not say how many.
settings.register_profile("fuzz", deadline=None, max_examples=3_000, print_blob=True)
settings.load_profile("repository")


def pytest_configure(config: pytest.Config) -> None:
    """Watch the processor time of the tests: with a limit, unless they are slow by nature or their
    coverage is measured. Let Ctrl-C reach the programs that tests start, also where the run itself
    is in the background.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    unlimited = config.getoption("-m") == "slow" or config.getoption("cov_source", None)
    config.pluginmanager.register(Budget(0 if unlimited else SECONDS), "budget")
    gc.disable()  # collection makes many objects and no garbage


def pytest_collection_finish() -> None:
    """Collect garbage from here on, without looking at what collection has made."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the directory of the checkout."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run the asynchronous tests on asyncio."""
    return "asyncio"
