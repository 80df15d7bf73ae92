"""What a user gets from an index is complete, minimal and importable."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.conftest import Built
from tests.support.server import Reply, ScriptedServer

PACKAGES = {
    "bytehouse": "overlay",
    "bytehouse_cli": "overlay",
    "bytehouse_emulator": "emulator",
    "bytehouse_openapi": "overlay",
    "bytehouse_raw": "generated",
}
# What the engine and the emulator's server bring in; a client that only calls has none of it.
TRANSPORT_OF_AN_EXTRA = "bytehouse._transport.aiohttp"
EMULATOR_ONLY = {
    "chdb",
    "jsonschema_rs",
    "numpy",
    "pandas",
    "pyarrow",
    "starlette",
    "uvicorn",
    "yaml",
}


def contents(wheel: Path) -> dict[str, bytes]:
    """Return every file of a wheel by its name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_the_packages_and_nothing_else(built: Built, root: Path) -> None:
    """The wheel's files are exactly those of the packages, the specification and metadata."""
    expected = {
        str(path.relative_to(root / parent))
        for package, parent in PACKAGES.items()
        for path in (root / parent / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    } | {"bytehouse_emulator/spec/openapi.yaml"}
    files = contents(built.wheel)
    packaged = {name for name in files if ".dist-info/" not in name}
    assert packaged == expected
    assert {f"{package}/py.typed" for package in PACKAGES} <= packaged
    assert files["bytehouse_emulator/spec/openapi.yaml"] == (root / "openapi.yaml").read_bytes()


def test_the_wheel_carries_its_licence_and_readme(built: Built, root: Path) -> None:
    """The licence text and the README travel with the package, with links that lead somewhere."""
    files = contents(built.wheel)
    (licence,) = (name for name in files if name.endswith("/licenses/LICENSE"))
    (metadata,) = (name for name in files if name.endswith("/METADATA"))
    assert files[licence] == (root / "LICENSE").read_bytes()
    page = files[metadata].decode().partition("\n\n")[2]
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert len(links) > 10
    assert all(link.startswith("https://") for link in links)
    target = re.compile(r"\]\([^)]+\)")
    assert target.sub("", page) == target.sub("", (root / "README.md").read_text())


def test_a_wheel_built_from_the_sdist_is_the_same(built: Built) -> None:
    """The sdist lacks nothing that the wheel is built from."""
    assert contents(built.wheel_from_sdist) == contents(built.wheel)


def run_bare(site: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that sees the standard library and the bare installation only."""
    command = [sys.executable, "-I", "-S", "-W", "error", "-c"]
    start = f"import sys; sys.path.insert(0, {str(site)!r})\n"
    return subprocess.run([*command, start + program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", ["bytehouse", "bytehouse_raw"])
def test_the_client_imports_without_extras(bare: Path, package: str) -> None:
    """After a plain `pip install bytehouse-sdk` every module of the client imports, but for the
    one that is there for an extra."""
    done = run_bare(
        bare,
        f"import {package} as package; from importlib import import_module; from pkgutil import *; "
        "names = [m.name for m in walk_packages(package.__path__, package.__name__ + '.')]; "
        f"[import_module(name) for name in names if name != {TRANSPORT_OF_AN_EXTRA!r}]; "
        "print(len(names))",
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


def test_the_client_works_without_extras(bare: Path) -> None:
    """After a plain installation both flavours make calls and walk lists."""
    sales = {"name": "sales"}
    with ScriptedServer() as server:
        server.script(Reply(body={"data": [sales], "meta": {"offset": 0, "total": 1}}))
        done = run_bare(
            bare,
            f"""
import asyncio
from bytehouse import AsyncByteHouse, ByteHouse
with ByteHouse({server.url!r}, "k") as bh:
    print([found.name for found in bh.databases.list()])
async def main():
    async with AsyncByteHouse({server.url!r}, "k") as bh:
        print([found.name async for found in bh.databases.list()])
asyncio.run(main())
""",
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["['sales']", "['sales']"]


def loaded_by(imports: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter loads for some imports."""
    program = f"import sys; {imports}; print(*{{name.split('.')[0] for name in sys.modules}})"
    command = [sys.executable, "-c", program]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_the_client_loads_nothing_of_the_emulator() -> None:
    """With every extra installed, importing the client still loads none of their packages."""
    assert not (EMULATOR_ONLY | {"bytehouse_emulator"}) & loaded_by(
        "from bytehouse import AsyncByteHouse, ByteHouse"
    )


def test_the_pytest_plugin_costs_nothing_until_it_is_used() -> None:
    """The plugin, which pytest loads in every run of a user, starts no engine and no server."""
    assert not EMULATOR_ONLY & loaded_by("import bytehouse_emulator.pytest_plugin")


def test_the_emulator_without_its_extra_says_what_to_install(bare: Path) -> None:
    """Starting the emulator without the extra names the extra instead of a missing module."""
    done = run_bare(bare, "from bytehouse_emulator.cli import main; main()")
    assert done.returncode != 0
    assert "bytehouse-sdk[emulator]" in done.stderr
    assert "Traceback" not in done.stderr
