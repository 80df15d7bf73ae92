"""The rooms of the repository stay apart, and small enough to read."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

# One forbidden import for each contract, in the order of pyproject.toml.
VIOLATIONS = {
    "generated/bytehouse_raw/__init__.py": "import httpx",
    "overlay/bytehouse/__init__.py": "import bytehouse_emulator",
    "emulator/bytehouse_emulator/__init__.py": "import bytehouse_raw",
    "emulator/bytehouse_emulator/errors.py": "import bytehouse_emulator.cli",
    "overlay/bytehouse/_errors.py": "import httpx",
}
WRITTEN_BY_HAND = ("codegen", "emulator", "examples", "overlay", "requirements", "tests")
IMPORTED_FROM = ("emulator", "generated", "overlay")
LONGEST_FILE = 600
LONGEST_FUNCTION = 50


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


def sources(root: Path) -> Iterator[Path]:
    """Yield every Python file that people wrote."""
    for directory in WRITTEN_BY_HAND:
        for path in (root / directory).rglob("*.py"):
            if "node_modules" not in path.parts:
                yield path


def test_no_file_is_too_long_to_read(root: Path) -> None:
    """A file has at most 600 lines."""
    lengths = {path: len(path.read_text().splitlines()) for path in sources(root)}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_too_long_to_read(root: Path) -> None:
    """A function has at most 50 lines, its docstring left out."""
    too_long = {}
    for path in sources(root):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                documented = ast.get_docstring(node) is not None
                first = node.body[0].end_lineno if documented else node.lineno - 1
                length = (node.end_lineno or 0) - (first or 0)
                if length > LONGEST_FUNCTION:
                    too_long[f"{path}:{node.name}"] = length
    assert too_long == {}
