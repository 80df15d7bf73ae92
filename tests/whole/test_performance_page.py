"""What docs/performance.md says of the code is so; its figures are those of a machine and a day."""

import ast
import json
import re
from pathlib import Path

import pytest

from bench.profile import PARTS
from bench.run import GROUPS, READING
from bytehouse._config import ATTRIBUTES
from bytehouse._http import KEEPALIVE
from bytehouse._waiting import Waiting

NAME = re.compile(r"_?[A-Za-z]\w*(\.\w+)?")
# What is neither ours nor followed by more: libraries, commands and their arguments.
OTHERS = {"asyncio.gather", "httpx", "json.loads", "orjson", "pd.read_json", "socket"}


@pytest.fixture
def page(root: Path) -> str:
    """Return the text of the page."""
    return (root / "docs/performance.md").read_text("utf-8")


@pytest.fixture(scope="module")
def defined(root: Path) -> set[str]:
    """Return every name that our code defines: classes, functions, arguments, modules."""
    names = set()
    for room in ("bench", "overlay/bytehouse"):
        for path in (root / room).rglob("*.py"):
            names |= {path.stem, path.name, f"{path.parent.name}.{path.stem}"}
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    names.add(node.name)
                elif isinstance(node, ast.arg):
                    names.add(node.arg)
    return names


def test_every_name_on_the_page_is_one_of_the_code(page: str, defined: set[str]) -> None:
    """What was renamed or taken out is not spoken of any more."""
    prose = re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)
    spoken = {name for name in re.findall(r"`([^`\n]+)`", prose) if NAME.fullmatch(name)}
    ours = {name for name in spoken - OTHERS if not name.startswith("httpx.")}
    ours -= {"ThreadPoolExecutor", "Client"}
    unknown = {name for name in ours if name not in defined and name.split(".")[-1] not in defined}
    assert {"Pool", "Credential", "concealed", "databases.get", "_network.py"} <= ours
    assert not unknown


def test_the_parts_of_a_call_are_those_of_the_tool(page: str) -> None:
    """The table on the page is one that the tool prints."""
    table = page.split("| part |")[1].split("| all |", maxsplit=1)[0]
    rows = re.findall(r"^\| (\w+) \| (.+?) \| \d+ \| \d+% \|$", table, re.MULTILINE)
    assert dict(rows) == PARTS


def test_the_groups_of_figures_are_those_of_the_tool(page: str, root: Path) -> None:
    """What a group is held to is said of one that has been measured."""
    measured = json.loads((root / "bench/results/latest.json").read_text("utf-8"))["figures"]
    table = page.split("| group | what it is held to |")[1]
    titles = re.findall(r"^\| ([^|-][^|]+?) \|", table, re.MULTILINE)
    assert len(titles) == 12
    assert set(titles) <= measured.keys()
    assert measured.keys() >= GROUPS.keys() | READING.keys()


def test_the_numbers_that_are_settings_are_those_of_the_code(page: str) -> None:
    """A default that is changed is changed on the page."""
    (most,) = (a.default for a in ATTRIBUTES if a.name == "max_connections")
    assert f"`max_connections` requests ({most})" in page
    assert f"kept for {KEEPALIVE:g} seconds of rest" in page
    assert Waiting._longest_pause < KEEPALIVE
