"""What the pages of docs/ show works, and the tables of the guide leave nothing out."""

from __future__ import annotations

import contextlib
import io
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import bytehouse
from bytehouse import ByteHouseError
from bytehouse._core.config import ATTRIBUTES, load
from bytehouse_emulator import RunningEmulator


@pytest.fixture
def page(documents: Path) -> str:
    """Return the text of the guide."""
    return (documents / "guide.md").read_text("utf-8")


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of code of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def cells(page: str, heading: str) -> list[list[str]]:
    """Return the rows of the table that begins with a heading."""
    (table,) = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", page, re.MULTILINE)
    return [[cell.strip() for cell in row.split(" | ")] for row in table.splitlines()]


@pytest.mark.filterwarnings("ignore:pandas only supports")  # it would rather have SQLAlchemy
@pytest.mark.parametrize(
    ("name", "shown"), [("guide.md", ["+ column shop", "orders"]), ("raw.md", ["200", "'sales'"])]
)
def test_every_snippet_runs(
    documents: Path,
    emulator: RunningEmulator,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    shown: list[str],
) -> None:
    """Read from top to bottom, each piece of Python does what it says, on a fresh service."""
    text = (documents / name).read_text("utf-8").replace('"https://" + os', "os")
    monkeypatch.setenv("BYTEHOUSE_HOST", emulator.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", emulator.token)
    names: dict[str, Any] = {}
    clients: list[Any] = []
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for snippet in blocks(text, "python"):
            exec(compile(snippet, name, "exec"), names)  # noqa: S102 - our own page
            if "bh" in names and names["bh"] not in clients:
                clients.append(names["bh"])
    for client in clients:
        client.close()
    lines = printed.getvalue().splitlines()
    assert not [line for line in shown if not any(line in printed for printed in lines)]


def test_the_settings_are_those_of_the_client(page: str) -> None:
    """The table has each setting, its variable, its default and its meaning, in order."""
    rows = cells(page, "setting")
    assert len(rows) == len(ATTRIBUTES)
    for row, attribute in zip(rows, ATTRIBUTES, strict=True):
        default = "none" if attribute.default is None else f"{attribute.default}".removesuffix(".0")
        if attribute.name in ("host", "api_key"):
            default = "must be given"
        assert row[0] == f"| `{attribute.name}`"
        assert row[1:3] == [f"`{attribute.variable}`", default]
        assert row[3] == f"{attribute.doc} |"


def test_the_profiles_are_taken(page: str, tmp_path: Path) -> None:
    """The configuration file of the page can be read as it stands."""
    (example,) = blocks(page, "toml")
    path = tmp_path / "config.toml"
    path.write_text(example)
    for profile in tomllib.loads(example):
        host = load({}, profile=profile, file=path).host
        assert host == "https://tenant-1-cn-beijing-public.bytehouse.volces.com"
    nightly = load({}, profile="nightly", file=path)
    assert (nightly.role, nightly.deadline) == ("Loader", 1800.0)


def test_the_errors_are_those_that_are_raised(page: str) -> None:
    """The table has each error of the package, and no other."""
    public = [getattr(bytehouse, name) for name in dir(bytehouse)]
    raised = {e.__name__ for e in public if isinstance(e, type) and issubclass(e, ByteHouseError)}
    told = [row[0].strip("| `") for row in cells(page, "error")]
    assert sorted(told) == sorted(raised - {"ByteHouseError"})
    assert f"`{ByteHouseError.__name__}`" in page
