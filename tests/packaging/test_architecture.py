"""The packages of the repository stay apart."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.package

# One forbidden import for each contract, in the order of pyproject.toml.
VIOLATIONS = {
    "generated/bytehouse_raw/__init__.py": "import httpx",
    "overlay/bytehouse/_core/clock.py": "import bytehouse._call",
    "overlay/bytehouse/__init__.py": "import bytehouse_emulator",
    "emulator/bytehouse_emulator/__init__.py": "import bytehouse_raw",
    "emulator/bytehouse_emulator/errors.py": "import bytehouse_emulator.cli",
    "overlay/bytehouse/errors.py": "import httpx",
}
IMPORTED_FROM = ("emulator", "generated", "overlay")


def test_every_import_contract_notices_a_violation(root: Path, tmp_path: Path) -> None:
    """Planting one forbidden import for each contract breaks each contract."""
    for name in IMPORTED_FROM:
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    for name, line in VIOLATIONS.items():
        file = tmp_path / name
        file.write_text(f"{file.read_text()}\n{line}\n")

    paths = os.pathsep.join(str(tmp_path / name) for name in IMPORTED_FROM)
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    settings = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]
    names = [contract["name"] for contract in settings["contracts"]]
    assert len(names) == len(VIOLATIONS)
    assert [name for name in names if f"{name} BROKEN" not in done.stdout] == []
