"""ARCHITECTURE.md is a map of what is there."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.package

NAMED = re.compile(r"`((?!/)[\w./-]+(?:\.(?:py|yaml|toml|md|jinja|in|txt)|/))`")


def test_every_file_it_names_exists(root: Path, committed: dict[str, str]) -> None:
    """Whether by its whole path or by the end of it, as in a table of one package."""
    named = NAMED.findall((root / "ARCHITECTURE.md").read_text("utf-8"))
    assert len(named) > 20
    paths = {f"/{name}" for name in committed}
    paths |= {f"/{folder}/" for name in committed for folder in map(str, Path(name).parents)}
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in paths)] == []


def test_each_package_is_on_the_map(root: Path) -> None:
    """No package of the client or the emulator is left out."""
    text = (root / "ARCHITECTURE.md").read_text("utf-8")
    packages = [
        *(root / "overlay/bytehouse").glob("*/__init__.py"),
        *(root / "emulator/bytehouse_emulator").glob("*/__init__.py"),
    ]
    assert [p.parent.name for p in packages if f"`{p.parent.name}/`" not in text] == []
