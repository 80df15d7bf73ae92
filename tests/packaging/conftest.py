"""What is built from this checkout, made once for the tests that look inside."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest


class Built(NamedTuple):
    """The two distributions of this checkout, and a wheel made from the first of them."""

    sdist: Path
    wheel: Path
    wheel_from_sdist: Path


@pytest.fixture(scope="session")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the sdist and the wheel as `make build` does, then a wheel from the unpacked sdist."""
    direct = tmp_path_factory.mktemp("direct")
    hatchling(root, direct)
    (sdist,) = direct.glob("*.tar.gz")
    (wheel,) = direct.glob("*.whl")

    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    indirect = tmp_path_factory.mktemp("indirect")
    hatchling(next(unpacked.iterdir()), indirect, "--target", "wheel")
    return Built(sdist, wheel, next(indirect.glob("*.whl")))


@pytest.fixture(scope="session")
def committed(built: Built) -> dict[str, str]:
    """Return the text of every file of the repository: the sdist takes what Git does not ignore."""
    with tarfile.open(built.sdist) as archive:
        files = [member for member in archive.getmembers() if member.isfile()]
        texts = {
            member.name.split("/", 1)[1]: stream.read().decode(errors="replace")
            for member in files
            if (stream := archive.extractfile(member))
        }
    del texts["PKG-INFO"]  # written by the build
    return texts


def hatchling(source: Path, destination: Path, *arguments: str) -> None:
    """Build the project in `source` without reaching for the network."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(destination)]
    subprocess.run([*command, *arguments], cwd=source, check=True, capture_output=True)


Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def make(root: Path) -> Make:
    """Return a function that runs `make` as a person would, also when `make` runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        # The tests run in an environment that is there already: `setup` has nothing to do.
        command = ["make", "--assume-old=setup", f"VENV={sys.prefix}", *arguments]
        return subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, check=False
        )

    return run
