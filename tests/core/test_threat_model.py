"""The threat model says what is shown by which test."""

import re
from pathlib import Path

from tests.support.guards import GUARDS


def test_every_test_that_the_threat_model_names_exists(root: Path) -> None:
    """No line of it rests on a test that is not there, and each line rests on one."""
    tests = "".join(path.read_text() for path in (root / "tests").rglob("*.py"))
    lines = [line for line in (root / "SECURITY.md").read_text().splitlines() if line[:1] == "|"]
    for line in lines[2:]:
        named = re.findall(r"`((?:test|observe)_\w+)`", line)
        assert named, line
        for name in named:
            assert f"def {name}(" in tests, name


def test_every_guard_that_can_be_taken_out_is_there(root: Path) -> None:
    """`make guards` takes each out in turn; its code and its tests have not moved away."""
    for guard in GUARDS:
        assert guard.code in (root / "overlay/bytehouse" / guard.file).read_text(), guard
        assert (root / "tests" / guard.tests).exists(), guard
