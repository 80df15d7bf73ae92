"""What is built from this checkout, made once for the tests that look inside."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


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


def closure(requirements: list[Requirement]) -> Iterator[Distribution]:
    """Yield the installed distributions that the requirements need, directly or not, once each."""
    seen: set[str] = set()
    while requirements:
        requirement = requirements.pop()
        name = canonicalize_name(requirement.name)
        if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        found = distribution(name)
        requirements += [Requirement(text) for text in found.requires or ()]
        yield found


@pytest.fixture(scope="session")
def bare(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel without extras: beside it is only what its metadata asks for.

    Returns the directory of the packages; that of the environment is above it.
    """
    home = tmp_path_factory.mktemp("bare")
    venv.create(home)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(home)}))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(site), str(built.wheel)], check=True)
    (metadata,) = site.glob("bytehouse_sdk-*.dist-info")
    needed = [Requirement(text) for text in Distribution.at(metadata).requires or ()]
    for found in closure(needed):
        for top in {file.parts[0] for file in found.files or () if file.parts[0] != ".."}:
            (site / top).symlink_to(str(found.locate_file(top)))
    return site


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
