"""What the type checkers of users see of the installed package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.package

Check = Callable[[str], set[int]]
LINE: Final = re.compile(r"^\w+\.py:(\d+): error: ", re.MULTILINE)


def environment(bare: Path) -> Path:
    """Return the directory of the environment that the wheel is installed in."""
    return next(parent for parent in bare.parents if (parent / "pyvenv.cfg").is_file())


@pytest.fixture(params=["mypy", "pyright"])
def check(request: pytest.FixtureRequest, bare: Path, root: Path, tmp_path: Path) -> Check:
    """Return what checks a file as a user would, outside of this repository."""
    python = environment(bare) / ("Scripts" if os.name == "nt" else "bin") / "python"
    tool = [sys.executable, "-m", request.param]

    def mypy(name: str) -> set[int]:
        command = [*tool, "--strict", "--python-executable", str(python), name]
        return {int(number) for number in LINE.findall(run(command).stdout)}

    def pyright(name: str) -> set[int]:
        done = run([*tool, "--outputjson", "--pythonpath", str(python), name])
        found = json.loads(done.stdout)["generalDiagnostics"]
        return {one["range"]["start"]["line"] + 1 for one in found if one["severity"] == "error"}

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        shutil.copy(root / "tests" / "typing" / command[-1], tmp_path)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return done

    return mypy if request.param == "mypy" else pyright


@pytest.mark.parametrize(
    ("line", "shown", "hidden"),
    [
        (
            "bh.",
            {"databases", "roles", "query", "insert", "config"},
            {"options", "clock", "stream"},
        ),
        ("bh.databases.", {"list", "create", "get", "ensure"}, {"func", "lock", "clock"}),
    ],
    ids=["client", "resource"],
)
def test_an_editor_completes_resources_and_verbs(
    line: str, shown: set[str], hidden: set[str]
) -> None:
    """What it offers of a client is public, and of a resource nothing but its methods."""
    jedi = pytest.importorskip("jedi", reason="jedi is not among the tools of the lowest versions")
    script = jedi.Script(f"import bytehouse\nbh = bytehouse.ByteHouse()\n{line}")
    found = {each.name: each.type for each in script.complete(3, len(line))}
    public = {name: kind for name, kind in found.items() if not name.startswith("_")}
    assert shown <= set(public)
    assert not hidden & set(public)
    if line != "bh.":
        assert set(public.values()) == {"function"}


def test_every_type_is_the_promised_one(check: Check) -> None:
    """Results, pagers, handles, plans and errors have the types that are asserted."""
    assert check("consumer.py") == set()


def test_every_mistake_is_reported(check: Check, root: Path) -> None:
    """A mistyped option, a wrong word or a forgotten `await` is found where it stands."""
    lines = (root / "tests" / "typing" / "mistakes.py").read_text("utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
    assert len(wrong) > 15
    assert check("mistakes.py") == wrong
