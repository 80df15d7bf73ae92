"""ARCHITECTURE.md is a map that is true."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.package


def test_each_file_that_the_map_names_is_there(root: Path) -> None:
    """A path in the text, or below the folder of its section, leads to a file or folder."""
    text = (root / "ARCHITECTURE.md").read_text("utf-8")
    named = set(re.findall(r"`((?:[\w.]+/)+[\w.]*|[\w]+\.(?:py|yaml|toml))`", text))
    bases = (".", "overlay/bytehouse", "generated", "emulator/bytehouse_emulator")
    missing = {name for name in named if not any((root / base / name).exists() for base in bases)}
    assert len(named) > 60
    assert missing == set()


def test_each_package_is_on_the_map(root: Path) -> None:
    """No package of the client or the emulator is left out."""
    text = (root / "ARCHITECTURE.md").read_text("utf-8")
    packages = [
        *(root / "overlay/bytehouse").glob("*/__init__.py"),
        *(root / "emulator/bytehouse_emulator").glob("*/__init__.py"),
    ]
    assert [p.parent.name for p in packages if f"`{p.parent.name}/`" not in text] == []
