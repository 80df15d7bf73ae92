"""The scheduled drift check keeps one issue, with no more rights than that takes."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture
def job(root: Path) -> dict[str, Any]:
    """The job of the workflow."""
    workflow = yaml.safe_load((root / ".github/workflows/drift.yml").read_text())
    assert workflow["permissions"] == {}
    found: dict[str, Any] = workflow["jobs"]["drift"]
    return found


def test_it_may_read_the_code_and_write_issues(job: dict[str, Any]) -> None:
    """The token can do nothing else, and is not left in the checkout."""
    assert job["permissions"] == {"contents": "read", "issues": "write"}
    assert job["steps"][0]["with"] == {"persist-credentials": False}


@pytest.mark.parametrize(
    "case",
    [
        ("1", "", "drift", ["list", "label create", "create"]),
        ("2", "7", "drift", ["list", "edit 7"]),
        ("3", "7", "unclear", ["list", "edit 7"]),
        ("0", "7", "none", ["list", "close 7"]),
        ("0", "", "none", ["list"]),
        ("3", "7", "", []),
    ],
)
def test_one_issue_is_opened_updated_or_closed(
    case: tuple[str, str, str, list[str]], job: dict[str, Any], tmp_path: Path
) -> None:
    """A second report goes into the issue that is open; without drift it is closed."""
    status, issue, report, called = case
    (step,) = [step for step in job["steps"] if step.get("name") == "Update the issue"]
    (tmp_path / "report.md").write_text(report)
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text('#!/bin/sh\necho "$*" >>calls\ncase "$2" in list) echo "$ISSUE";; esac\n')
    gh.chmod(0o755)
    environment = {
        "PATH": f"{gh.parent}{os.pathsep}{os.environ['PATH']}",
        "STATUS": status,
        "ISSUE": issue,
    }
    subprocess.run(["bash", "-c", step["run"]], cwd=tmp_path, env=environment, check=True)
    calls = tmp_path / "calls"
    lines = calls.read_text().splitlines() if calls.exists() else []
    assert len(lines) == len(called)
    for line, start in zip(lines, called, strict=True):
        assert line.removeprefix("issue ").startswith(start)
