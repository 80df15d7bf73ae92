"""What docs/emulator.md says can be done can be done."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from tests.emulator.api import Api


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    """Return the text of the page."""
    return (root / "docs/emulator.md").read_text("utf-8")


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    """Run an emulator that checks its own answers against the specification."""
    with running_emulator(validate_answers=True) as running:
        yield running


@pytest.fixture
def api(emulator: RunningEmulator) -> Iterator[Api]:
    """Return a caller."""
    api = Api(emulator.url, emulator.token)
    with api.client:
        yield api


def test_every_lever_is_on_the_page_and_no_other(root: Path, page: str) -> None:
    """The table of levers has each of them, by method and path."""
    source = (root / "emulator/bytehouse_emulator/control/api.py").read_text("utf-8")
    made = set(re.findall(r'\("([A-Z]+)", f"\{LEVERS\}([^"]*)"\)', source)) | {("GET", "health")}
    made = {(method, path.replace("{{name}}", "NAME")) for method, path in made}
    told: set[tuple[str, str]] = set()
    for cell in re.findall(r"^\| (`[A-Z]+ ?[^|]*) \|", page, re.MULTILINE):
        spans = [span.partition(" ") for span in re.findall("`([^`]+)`", cell)]
        # "`GET`, `PUT result-shape`": one path for both.
        last = spans[-1][2]
        told |= {(method, (path or last).partition("?")[0]) for method, _, path in spans}
    assert told == made


def test_the_seed_of_the_page_is_a_seed(emulator: RunningEmulator, api: Api, page: str) -> None:
    """Copied from the page, it makes what it says."""
    [seed] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    made = emulator.seed(seed)
    assert made["users"] == {"1336688750": "analyst:key"}
    assert api.rows("SELECT day FROM sales.latest") == [["2026-11-02"]]


def test_the_commands_of_the_page_work(api: Api, page: str) -> None:
    """Each call of a lever that is shown is taken."""
    commands = [line for line in page.splitlines() if re.match(r"emulator [A-Z]+ ", line)]
    assert len(commands) >= 6
    for command in commands:
        _, method, path, *rest = shlex.split(command)
        body = rest[1] if rest and rest[0] == "-d" else "{}" if rest else None
        api.ok(f"{method} /_emulator/{path}", content=body)
    api.ok("DELETE /_emulator/faults")


def test_every_setting_of_the_plugin_is_on_the_page(root: Path, page: str) -> None:
    """The names in the plugin's source and those on the page are the same."""
    source = (root / "emulator/bytehouse_emulator/pytest_plugin.py").read_text("utf-8")
    settings = re.findall(r'addini\("(\w+)"', source)
    for name in settings + re.findall(r"^def (bytehouse_\w+)", source, re.MULTILINE):
        assert f"| `{name}` |" in page
