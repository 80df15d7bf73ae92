"""The threat model says what is shown by which test."""

import re
from pathlib import Path


def test_every_test_that_the_threat_model_names_exists(root: Path) -> None:
    """No line of it rests on a test that is not there, and each line rests on one."""
    tests = "".join(path.read_text() for path in (root / "tests").rglob("*.py"))
    lines = [line for line in (root / "SECURITY.md").read_text().splitlines() if line[:1] == "|"]
    for line in lines[2:]:
        named = re.findall(r"`((?:test|observe)_\w+)`", line)
        assert named, line
        for name in named:
            assert f"def {name}(" in tests, name
