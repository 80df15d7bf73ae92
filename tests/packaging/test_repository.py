"""The files that set up the repository agree with each other and with any machine."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.conftest import Make

pytestmark = pytest.mark.package

OF_ONE_MACHINE = re.compile(
    r"file:/{3}|(?<![\w.~-])/(?:root|home|Users|work|opt)/\w"
    r"|(?:index-ur[l]|find-link[s])[ =]+\w+://(?!\w+\.example/)|pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)"
)


def pins(text: str) -> list[Requirement]:
    """Return the requirements that a pinned file lists."""
    lines = [line.removesuffix("\\") for line in text.splitlines() if line[:1].isalnum()]
    return [Requirement(line) for line in lines]


@pytest.fixture(scope="module")
def pinned(root: Path) -> dict[str, set[str]]:
    """Return the versions that the development environment pins, by distribution."""
    versions: dict[str, set[str]] = {}
    for pin in pins((root / "requirements/dev.txt").read_text()):
        (specifier,) = pin.specifier
        versions.setdefault(canonicalize_name(pin.name), set()).add(specifier.version)
    return versions


def test_the_targets_that_help_lists_exist(make: Make) -> None:
    """`make` alone lists the targets, and make knows how to make each."""
    targets = re.findall(r"^  make (\S+)", make().stdout, re.MULTILINE)
    assert {"setup", "demo", "test", "lint", "generate", "check-generated", "build"} <= set(targets)
    for target in targets:
        done = make("--dry-run", target)
        assert done.returncode == 0, done.stderr


def test_the_targets_that_the_documents_name_exist(committed: dict[str, str]) -> None:
    """Every `make TARGET` in a document, a workflow or the CI script is one of the Makefile."""
    documents = [name for name in committed if name.endswith((".md", ".yml")) or name == ".ci/run"]
    assert ".ci/run" in documents
    targets = set(re.findall(r"^([a-z-]+):", committed["Makefile"], re.MULTILINE))
    for name in documents:
        named = set(re.findall(r"(?:`|run: |exec |^)make ([a-z-]+)", committed[name], re.MULTILINE))
        assert named <= targets, name


def test_no_file_names_a_machine_or_a_registry(committed: dict[str, str]) -> None:
    """A clone works anywhere: no absolute path of a machine, no address of a package index."""
    found = {
        f"{name}: {match.group()}"
        for name, text in committed.items()
        for match in OF_ONE_MACHINE.finditer(text)
    }
    assert found == set()


@pytest.mark.parametrize("name", ["build.txt", "dev.txt"])
def test_every_requirement_is_pinned_and_hashed(root: Path, name: str) -> None:
    """Each entry names one version and at least one hash, and no line is an option to pip."""
    text = (root / "requirements" / name).read_text()
    entries = re.split(r"\n(?=[a-zA-Z0-9-])", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE))
    for entry in entries:
        assert re.match(r"[\w.-]+==[\w.]+ ", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_two_pinned_files_agree(root: Path, pinned: dict[str, set[str]]) -> None:
    """What builds the packages is the version that is installed beside them."""
    for pin in pins((root / "requirements/build.txt").read_text()):
        assert {f"=={version}" for version in pinned[pin.name]} == {str(pin.specifier)}


def test_the_pins_are_what_the_project_asks_for(root: Path, pinned: dict[str, set[str]]) -> None:
    """The pinned versions satisfy pyproject.toml and requirements/*.in."""
    pyproject = tomllib.loads((root / "pyproject.toml").read_text())
    project = pyproject["project"]
    asked = pyproject["build-system"]["requires"] + project["dependencies"]
    asked += [text for extra in project["optional-dependencies"].values() for text in extra]
    for name in ("build.in", "dev.in"):
        lines = (root / "requirements" / name).read_text().splitlines()
        asked += [line.partition("#")[0] for line in lines if line[:1].isalnum()]
    for requirement in map(Requirement, asked):
        if requirement.name != project["name"]:
            versions = pinned[canonicalize_name(requirement.name)]
            assert all(requirement.specifier.contains(version) for version in versions)
    assert pyproject["tool"]["ruff"]["required-version"] == f"=={next(iter(pinned['ruff']))}"
