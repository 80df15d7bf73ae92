"""What docs/emulator.md documents works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import bytehouse_emulator
from bytehouse_emulator import RunningEmulator, pytest_plugin
from tests.emulator.api import Api

pytestmark = pytest.mark.usefixtures("fresh")


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    """Return the text of the page."""
    return (root / "docs/emulator.md").read_text("utf-8")


def test_every_control_endpoint_is_on_the_page_and_no_other(page: str) -> None:
    """The table of the control API has each of them, by method and path."""
    # Importing them would start the engine in this process.
    source = Path(bytehouse_emulator.__file__).with_name("control") / "api.py"
    found = re.findall(r'@_endpoint\("([A-Z]+)", "(.*)"\)', source.read_text("utf-8"))
    endpoints = {(method, path.replace("{name}", "NAME")) for method, path in found}
    documented: set[tuple[str, str]] = set()
    for cell in re.findall(r"^\| (`[A-Z]+ ?[^|]*) \|", page, re.MULTILINE):
        spans = [span.partition(" ") for span in re.findall("`([^`]+)`", cell)]
        # "`GET`, `PUT result-shape`": one path for both.
        last = spans[-1][2]
        documented |= {(method, (path or last).partition("?")[0]) for method, _, path in spans}
    assert documented == endpoints


def test_the_seed_on_the_page_works(emulator: RunningEmulator, api: Api, page: str) -> None:
    """Copied from the page, it creates the objects."""
    [seed] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    # The emulator of these tests has a role of that name.
    made = emulator.seed(seed.replace("Analyst", "Reader"))
    assert made["users"] == {"1336688750": "analyst:key"}
    assert api.rows("SELECT day FROM sales.latest") == [["2026-11-02"]]


def test_the_commands_of_the_page_work(api: Api, page: str) -> None:
    """Each call of the control API that is shown succeeds."""
    commands = [line for line in page.splitlines() if re.match(r"emulator [A-Z]+ ", line)]
    assert len(commands) >= 6
    for command in commands:
        _, method, path, *rest = shlex.split(command)
        body = rest[1] if rest and rest[0] == "-d" else "{}" if rest else None
        api.ok(f"{method} /_emulator/{path}", content=body)
    api.ok("DELETE /_emulator/faults")


def test_every_setting_of_the_plugin_is_on_the_page(page: str) -> None:
    """The names in the plugin's source and those on the page are the same."""
    source = Path(pytest_plugin.__file__).read_text("utf-8")
    settings = re.findall(r'addini\("(\w+)"', source)
    for name in settings + re.findall(r"^def (bytehouse_\w+)", source, re.MULTILINE):
        assert f"| `{name}` |" in page
