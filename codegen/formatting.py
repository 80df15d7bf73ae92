"""Format generated files, the same way on every machine."""

import subprocess
import sys
from pathlib import Path

from codegen.errors import GenerationError

PINNED = ("--quiet", "--no-cache", "--isolated", "--target-version=py311", "--line-length=100")
FIRST_PARTY = "lint.isort.known-first-party=['bytehouse', 'bytehouse_raw']"


def tidy(directory: Path) -> None:
    """Drop unused imports, sort the others and format every file under a directory."""
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        raise GenerationError(f"{ruff} is missing: run `make setup`")
    check = ("check", "--fix-only", "--select=F401,I", "--config", FIRST_PARTY)
    for command in (check, ("format",)):
        done = subprocess.run(
            [ruff, *command, *PINNED, "."],
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise GenerationError(f"ruff {command[0]} failed:\n{done.stderr or done.stdout}")
