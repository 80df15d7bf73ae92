"""Compare and replace directories of generated files."""

import difflib
import shutil
from collections.abc import Iterator
from pathlib import Path

SHOWN = 3
"""Maximum number of differing lines to report of a file."""


def files(directory: Path) -> dict[str, str]:
    """Return the content of every file under a directory by its path, without Python's caches."""
    return {
        path.relative_to(directory).as_posix(): path.read_text("utf-8")
        for path in sorted(directory.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def differences(committed: Path, fresh: Path) -> Iterator[str]:
    """Yield a description of each file that differs from a fresh generation."""
    old, new = files(committed), files(fresh)
    for name in sorted(old.keys() | new.keys()):
        path = f"{committed.name}/{name}"
        if name not in new:
            yield f"{path}: no longer generated"
        elif name not in old:
            yield f"{path}: missing"
        elif old[name] != new[name]:
            yield "\n".join([f"{path}: differs", *_first_lines(old[name], new[name])])


def _first_lines(old: str, new: str) -> list[str]:
    changed = [
        f"    {line}"
        for line in difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
        if not line.startswith(("---", "+++"))
    ]
    return changed[: 1 + 2 * SHOWN]


def replace(target: Path, fresh: Path) -> None:
    """Replace a directory by a fresh one on the same file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    old = fresh.with_name(f"{fresh.name}.old")
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
