"""Generation: complete, repeatable, and refused rather than wrong."""

import copy
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bytehouse_raw.operations import OPERATIONS
from codegen import formatting, generate, raw, spec, trees
from codegen.errors import GenerationError
from tests.support.cases import cases
from tests.support.operations import DOCUMENTED
from tests.support.wire import route

REPOSITORY = generate.REPOSITORY
OPENAPI = REPOSITORY / "openapi.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Copy what generation reads and writes."""
    for name in ("openapi.yaml", "codegen/corrections.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    for name in (generate.RAW, generate.ASYNC, generate.SYNC, generate.REFERENCE):
        if (REPOSITORY / name).exists():
            shutil.copytree(REPOSITORY / name, tmp_path / name)
    return tmp_path


@pytest.fixture(scope="module")
def document() -> spec.Document:
    """The specification, not to be changed."""
    return spec.load(OPENAPI)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the raw client that is committed, which `make check-generated` compares with a new one:
    generating it takes five seconds."""

    def copied(_: Path, __: Path, package: Path) -> None:
        shutil.copytree(REPOSITORY / generate.RAW, package)

    monkeypatch.setattr(raw, "generate", copied)


def overlay(**action: object) -> spec.Document:
    """Return an Overlay document of one action."""
    info = {"title": "Corrections", "version": "1"}
    return {"overlay": "1.0.0", "info": info, "actions": [action]}


@pytest.mark.usefixtures("quick")
def test_a_planted_byte_fails_the_check_which_changes_nothing(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check names the file and shows the line, and leaves all as it was."""
    planted = repository / generate.RAW / "plan.py"
    planted.write_text(planted.read_text() + "#\n")
    before = trees.files(repository)

    assert generate.main(["--check", "--repository", str(repository)]) == 1

    told = capsys.readouterr().out
    assert "bytehouse_raw/plan.py: differs" in told
    assert "    -#" in told
    assert trees.files(repository) == before


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_generation_repairs_what_was_edited_and_leaves_nothing_else(repository: Path) -> None:
    """A file too many goes, a file missing comes, and no temporary file stays."""
    package = repository / generate.RAW
    before, beside = trees.files(package), sorted(repository.iterdir())
    (package / "operations.py").unlink()
    (package / "client.py").write_text("")

    assert generate.main(["--repository", str(repository)]) == 0

    assert trees.files(package) == before
    assert sorted(repository.iterdir()) == beside


def test_missing_and_left_over_files_are_differences(tmp_path: Path) -> None:
    """A tree with one file too few and one too many differs in both."""
    for name in ("old/gone.py", "new/added.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("")
    assert list(trees.differences(tmp_path / "old", tmp_path / "new")) == [
        "old/added.py: missing",
        "old/gone.py: no longer generated",
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_an_operation_without_a_method_is_warned_of(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page of operations names a method for each; where there is none, generation warns."""
    page = (repository / generate.REFERENCE / "operations.md").read_text()
    assert all(f"`{o.method} {o.path}`" in page for o in OPERATIONS.values())
    (repository / generate.ASYNC / "resources" / "dictionaries.py").unlink()

    assert generate.main(["--repository", str(repository)]) == 0

    told = capsys.readouterr().err
    assert "warning: delete_dictionary: no method sends it: write one into overlay/" in told
    assert (
        "bh.send(delete_dictionary"
        in (repository / generate.REFERENCE / "operations.md").read_text()
    )


def test_a_failed_generation_changes_nothing(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A specification that cannot be generated in full leaves the last good files."""
    document = (repository / "openapi.yaml").read_text()
    (repository / "openapi.yaml").write_text(document.replace("x-retry: never", "x-retry: maybe"))
    before = trees.files(repository)

    assert generate.main(["--repository", str(repository)]) == 1

    assert "maybe" in capsys.readouterr().err
    assert trees.files(repository) == before


def test_every_operation_is_known_in_the_order_of_the_specification(
    document: spec.Document,
) -> None:
    """OPERATIONS has each operation of openapi.yaml once, with its method and path."""
    paths = document["paths"]
    expected = [
        (operation["operationId"], method.upper(), path)
        for path, item in paths.items()
        for method, operation in item.items()
        if method in spec.METHODS
    ]
    assert [(o.id, o.method, o.path) for o in OPERATIONS.values()] == expected
    assert set(OPERATIONS) >= set(DOCUMENTED)


def test_a_correction_that_matches_nothing_is_named(document: spec.Document) -> None:
    """An action whose target is gone fails the generation instead of being passed over."""
    corrections = overlay(target="$.paths['/v9/nothing']", description="Why.", remove=True)
    with pytest.raises(GenerationError, match=r"Correction 1 .*/v9/nothing.* matches nothing"):
        spec.correct(document, corrections)


def test_a_correction_without_a_reason_is_named(document: spec.Document) -> None:
    """An action has to say why it is there."""
    corrections = overlay(target="$.info", update={"title": "Other"})
    with pytest.raises(GenerationError, match=r"Correction 1 \(\$\.info\) has no description"):
        spec.correct(document, corrections)


def test_a_correction_changes_a_copy(document: spec.Document) -> None:
    """What an action does shows in the result, and the document read stays as it is."""
    corrections = overlay(target="$.info", description="Why.", update={"title": "Other"})
    assert spec.correct(document, corrections)["info"]["title"] == "Other"
    assert document["info"]["title"] != "Other"


def test_a_changed_upstream_template_is_named(tmp_path: Path) -> None:
    """A template is not used over an original that it was not made for."""
    manifest = tmp_path / "originals.toml"
    text = (raw.TEMPLATES / manifest.name).read_text()
    _, _, after = text.partition('["model.py.jinja"]')
    digest = after.split('"')[1]
    manifest.write_text(text.replace(digest, "0" * 64))
    with pytest.raises(GenerationError, match=r"^model\.py\.jinja: .* has changed"):
        raw.guard_templates(manifest)


def test_an_unlisted_template_is_named(tmp_path: Path) -> None:
    """A template that the generator has too cannot go without its original's digest."""
    manifest = tmp_path / "originals.toml"
    manifest.write_text("")
    with pytest.raises(GenerationError, match=r"^api_init\.py\.jinja: originals\.toml must list"):
        raw.guard_templates(manifest)


def test_what_the_generator_leaves_out_fails_the_generation(
    tmp_path: Path, document: spec.Document
) -> None:
    """A warning of the generator, which drops what it cannot read, is an error here."""
    document = copy.deepcopy(document)
    method, path = route("list_databases")
    document["paths"][path][method.lower()]["parameters"] *= 2
    with pytest.raises(GenerationError, match="duplicates"):
        raw._project(document, spec.operations(document), tmp_path / "out")


@cases(
    ("change", "message"),
    [
        (
            lambda node: node.update(operationId="list-databases"),
            "GET /v1/databases needs an operationId",
        ),
        (lambda node: node.pop("tags"), "list_databases needs tags"),
        (lambda node: node.pop("summary"), "list_databases needs summary"),
        (lambda node: node.pop("responses"), "list_databases needs responses"),
        (lambda node: node.pop("x-retry"), "list_databases has x-retry: None; it must be one of"),
        (
            lambda node: node["parameters"].append({"$ref": "#/components/parameters/Gone"}),
            "#/components/parameters/Gone is referred to, and is not there",
        ),
        (
            lambda node: node["responses"].update({"200": {"description": ""}}),
            "list_databases: give it one response of success",
        ),
    ],
)
def test_what_an_operation_lacks_is_named(
    change: Callable[[dict[str, Any]], object], message: str, document: spec.Document
) -> None:
    """What a person forgot in openapi.yaml is told with the operation."""
    document = copy.deepcopy(document)
    method, path = route("list_databases")
    change(document["paths"][path][method.lower()])
    with pytest.raises(GenerationError, match=re.escape(message)):
        raw.check(document)


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    """What is no YAML is told with its place."""
    (tmp_path / "openapi.yaml").write_text("paths: [\na: b")
    with pytest.raises(GenerationError, match=r"openapi.yaml is not valid YAML: .*"):
        spec.load(tmp_path / "openapi.yaml")


def test_missing_formatter_fails_the_generation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unformatted files are never taken for generated ones."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(GenerationError, match="ruff is missing"):
        formatting.tidy(tmp_path)


@pytest.mark.parametrize(
    "text",
    ['Ends with a quote: "', "Ends with a backslash: \\", 'Has """ in it.', "tab\\x and {brace}"],
)
def test_any_description_makes_a_docstring(text: str) -> None:
    """A description cannot end its docstring early, and reads there as it was written."""
    assert eval(raw.docstring(text)).strip() == text
