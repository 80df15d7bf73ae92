"""Whatever an upstream does, what can be taken over is, and the rest is left and told."""

import copy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bytehouse_openapi import Document, Upstream, operations, read
from bytehouse_openapi.document import drop_unresolved
from codegen import raw
from codegen.upstream.adoptable import Skipped
from codegen.upstream.compare import differences
from codegen.upstream.drift import Sides, sides
from codegen.upstream.methods import models
from codegen.upstream.search import AdoptionSearch, skipped_lines
from tests.codegen.upstream.awkward import ADOPTED, AWKWARD, Awkward
from tests.codegen.upstream.changes import field

pytestmark = pytest.mark.timeout(400)
TOGETHER = [awkward for awkward in AWKWARD if not awkward.alone]
USE = """
import importlib, pkgutil
import bytehouse, bytehouse_raw
from bytehouse_raw.operations import OPERATIONS
from tests.openapi.specs import sample

for package in (bytehouse, bytehouse_raw):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
from bytehouse_raw.models import Connection, CreatedApiKey, CreateConnectionRequest

plans = [sample(operation) for operation in OPERATIONS.values()]
hush = "TOP" + "SECRET"
data = {"secret_access_key": hush, "sk": hush, "other": hush, "more": {"kind": hush, "x": hush}}
shown = [
    Connection.from_dict({"data": data}),
    CreateConnectionRequest.from_dict({"data": data}),
    CreatedApiKey.from_dict({"apiKey": hush}),
]
# What a secret object holds is hidden too, when it has a class of its own.
shown.append(getattr(shown[0].data, "more", None))
print(len(plans), bytehouse_raw.__file__, shown)
"""
"""Imports all of the client and of the raw client, plans a call of every operation, and shows what
holds secrets."""


class Done(NamedTuple):
    """An adoption."""

    after: Document
    lines: list[str]
    skipped: list[Skipped]
    both: Sides
    """The upstream, beside what was made of ours."""
    text: str


def adopt(root: Path, directory: Path, vendored: Document, *chosen: Awkward) -> Done:
    """Adopt upstreams together, as far as they can be."""
    draft: dict[str, Any] = dict(copy.deepcopy(vendored))
    for awkward in chosen:
        awkward.make(draft)
    unresolved = drop_unresolved(draft)
    upstream = Upstream(draft, "upstream.json", "", "3.1.0", unresolved)
    text = (root / "openapi.yaml").read_text("utf-8")
    merged = AdoptionSearch(text, vendored, upstream, models(root / "overlay")).merged()
    file = directory / "openapi.yaml"
    file.write_text(merged.text, "utf-8")
    after = read(str(file)).document
    lines = skipped_lines(merged, sides(vendored, upstream), upstream)
    return Done(after, lines, merged.adoptable.skipped, sides(after, upstream), merged.text)


def generated(directory: Path) -> Path:
    """Generate the raw client of what was adopted."""
    corrections = directory / "corrections.yaml"
    corrections.write_text("overlay: 1.0.0\ninfo: {title: none, version: 1.0.0}\nactions: []\n")
    package = directory / raw.PACKAGE
    raw.generate(directory / "openapi.yaml", corrections, package)
    return package


def use(root: Path, directory: Path, code: str) -> str:
    """Run code with the client of this repository and the raw client that was generated."""
    places = [str(place) for place in (directory, root / "overlay", root)]
    program = f"import sys; sys.path[:0] = {places!r}\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=directory
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def together(root: Path, vendored: Document, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """All that can be in one upstream, adopted together."""
    return adopt(root, tmp_path_factory.mktemp("together"), vendored, *TOGETHER)


def unexplained(done: Done) -> Iterator[str]:
    """Yield what differs still although no line tells why."""
    for name, theirs in done.both.theirs.items():
        places = [one.where for one in done.skipped if one.operation == name]
        for one in differences(name, done.both.ours[name], theirs):
            if not any(one.where[: len(place)] == place for place in places):
                yield f"{name}: {one}"


def test_the_table_has_forty_upstreams() -> None:
    """It is as long as it was meant to be, and names each once."""
    assert len(AWKWARD) >= 40
    assert len({awkward.name for awkward in AWKWARD}) == len(AWKWARD)


@pytest.mark.parametrize("awkward", TOGETHER, ids=lambda awkward: awkward.name)
def test_each_part_is_taken_over_or_told(awkward: Awkward, together: Done) -> None:
    """What is not taken over is told with its operation, its place and the reason."""
    lines = [line for line in together.lines if awkward.done in line]
    if awkward.done == ADOPTED:
        assert lines == []
    else:
        assert any(awkward.operation in line and line.startswith("#/") for line in lines), (
            together.lines
        )


def test_nothing_else_is_left(together: Done) -> None:
    """What no line tells of is as the upstream has it."""
    assert list(unexplained(together)) == []
    expected = [awkward.done for awkward in TOGETHER if awkward.done != ADOPTED]
    assert [line for line in together.lines if not any(one in line for one in expected)] == []


def test_a_route_that_is_left_is_not_called_documented(vendored: Document, together: Done) -> None:
    """Where the upstream has another route than we send, its evidence stays what it was."""
    left = {one.operation for one in together.skipped if one.where == ("route",)}
    assert left
    before, after = ({o.id: o for o in operations(d)} for d in (vendored, together.after))
    for name in left:
        assert after[name].node["x-evidence"] == before[name].node["x-evidence"]


def test_all_together_can_be_imported_and_planned(
    root: Path, vendored: Document, tmp_path: Path, together: Done
) -> None:
    """The client imports with the raw client that is generated, and every operation is planned."""
    (tmp_path / "openapi.yaml").write_text(together.text, "utf-8")
    generated(tmp_path)
    told = use(root, tmp_path, USE)
    assert told.startswith(f"{len(operations(vendored))} {tmp_path}")
    assert "TOPSECRET" not in told


@pytest.mark.exhaustive
@pytest.mark.parametrize("awkward", TOGETHER, ids=lambda awkward: awkward.name)
def test_each_alone_is_taken_over_or_told(
    awkward: Awkward, root: Path, vendored: Document, tmp_path: Path
) -> None:
    """None needs another to be adopted."""
    done = adopt(root, tmp_path, vendored, awkward)
    check_told(awkward, done)


@pytest.mark.slow
def test_what_the_generator_refuses_for_no_foreseen_reason_is_left_alone(
    root: Path, vendored: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The part is found by trying, told with the reason, and everything else is taken over."""
    check = raw.check

    def refuse(document: dict[str, Any]) -> None:
        if "poison" in str(document):
            raise KeyError("no room for it")
        check(document)

    monkeypatch.setattr(raw, "check", refuse)
    bad = Awkward("bad", field("get_table", {"type": "string"}, key="poison"))
    good = Awkward("good", field("get_database", {"type": "string"}, key="cure"))
    done = adopt(root, tmp_path, vendored, bad, good)
    [line] = done.lines
    assert line.startswith("#/paths/")
    assert "get_table" in line
    assert "no room for it" in line
    assert "cure" in done.text
    assert "poison" not in done.text


def check_told(awkward: Awkward, done: Done) -> None:
    """Check that one upstream is taken over, or that what is left of it is told."""
    assert list(unexplained(done)) == []
    if awkward.done == ADOPTED:
        assert done.lines == []
    else:
        assert any(awkward.done in line for line in done.lines)


ALONE = [(awkward,) for awkward in AWKWARD if awkward.alone] + [tuple(TOGETHER)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "chosen", ALONE, ids=lambda chosen: " and ".join(a.name for a in chosen[:2])
)
def test_what_is_adopted_works(
    chosen: tuple[Awkward, ...], root: Path, vendored: Document, tmp_path: Path
) -> None:
    """The result is imported and type-checked, all of it is planned, and no secret is shown."""
    done = adopt(root, tmp_path, vendored, *chosen)
    if len(chosen) == 1:
        check_told(chosen[0], done)
    package = generated(tmp_path)
    told = use(root, tmp_path, USE)
    assert told.startswith(f"{len(operations(vendored))} {tmp_path}")
    assert "TOPSECRET" not in told
    settings = ["--config-file", str(root / "pyproject.toml")]
    command = [sys.executable, "-m", "mypy", *settings, str(package)]
    cache = ["--cache-dir", str(root / ".mypy_cache" / "adopted")]
    checked = subprocess.run(
        [*command, *cache], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert checked.returncode == 0, checked.stdout
