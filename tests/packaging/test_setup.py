"""The environment is made once, and again only when it must be."""

import os
import runpy
import shutil
import sys
from pathlib import Path

import pytest

from requirements import install


class Checkout:
    """A copy of the files that decide what is installed, with the installing itself noted down."""

    def __init__(self, root: Path, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shutil.copytree(root / "requirements", directory / "requirements")
        shutil.copy(root / "pyproject.toml", directory)
        version = Path("overlay/bytehouse/_version.py")
        (directory / version).parent.mkdir(parents=True)
        shutil.copy(root / version, directory / version)
        self.pins = directory / "requirements" / "dev.txt"
        self.project = directory / "pyproject.toml"
        self.done: list[str] = []
        self.fails = False
        monkeypatch.setattr(install, "ROOT", directory)
        monkeypatch.setattr(install, "REQUIREMENTS", directory / "requirements")
        monkeypatch.setattr(install, "create", self.create)
        monkeypatch.setattr(install, "uv", self.uv)

    def create(self, environment: Path, *_files: Path) -> None:
        """Note that the environment is made afresh."""
        self.done.append("create")
        if self.fails:
            sys.exit("uv failed")
        environment.mkdir(exist_ok=True)

    def uv(self, environment: Path, *arguments: str) -> None:
        """Note that the project itself is installed."""
        assert environment.is_dir()
        assert "--editable" in arguments
        self.done.append("project")

    def setup(self) -> list[str]:
        """Set up, and return what that did."""
        self.done = []
        install.main(".venv")
        return self.done


@pytest.fixture
def checkout(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Return a checkout in which nothing is set up."""
    return Checkout(root, tmp_path, monkeypatch)


def test_a_second_set_up_does_nothing(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once the environment is there, setting up does nothing and says nothing."""
    assert checkout.setup() == ["create", "project"]
    assert "is ready" in capsys.readouterr().out
    assert checkout.setup() == []
    assert capsys.readouterr().out == ""


def test_other_pins_make_the_environment_afresh(checkout: Checkout) -> None:
    """An environment never holds packages of pins that are gone."""
    checkout.setup()
    checkout.pins.write_text(checkout.pins.read_text() + "# another version\n")
    assert checkout.setup() == ["create", "project"]
    assert checkout.setup() == []


def test_other_metadata_installs_the_project_alone(checkout: Checkout) -> None:
    """A change of the project's metadata keeps the packages; a change of a linter does nothing."""
    checkout.setup()
    text = checkout.project.read_text()
    checkout.project.write_text(text.replace("line-length = 100", "line-length = 99"))
    assert checkout.setup() == []
    checkout.project.write_text(
        text.replace("[project.scripts]", "[project.scripts]\nextra = 'a:b'")
    )
    assert checkout.setup() == ["project"]


def test_a_set_up_that_failed_is_done_again(checkout: Checkout) -> None:
    """An environment that is half made is never taken for a whole one."""
    checkout.fails = True
    with pytest.raises(SystemExit, match="uv failed"):
        checkout.setup()
    checkout.fails = False
    assert checkout.setup() == ["create", "project"]


def test_uv_uses_the_indexes_that_pip_is_configured_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pip's files and variables count for uv, a variable before a file."""
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://one.example/simple\n"
        "extra-index-url =\n  https://two.example/simple\n  https://three.example/simple\n"
        "trusted-host = two.example\n[install]\nfind-links = /a /b\n"
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("HOME", str(tmp_path))
    found = install.indexes(sys.executable)
    assert found["UV_DEFAULT_INDEX"] == "https://one.example/simple"
    assert found["UV_INDEX"] == "https://two.example/simple https://three.example/simple"
    assert found["UV_INSECURE_HOST"] == "two.example"
    assert found["UV_FIND_LINKS"] == "/a,/b"
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:word@four.example/simple")
    assert install.indexes(sys.executable)["UV_DEFAULT_INDEX"].endswith("four.example/simple")


def test_an_old_python_is_refused_in_plain_words(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Setting up with a Python that is too old says so, and how to name another."""
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer(.|\n)*PYTHON=python3"):
        runpy.run_path(str(root / "requirements" / "install.py"))
