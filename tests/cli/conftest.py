"""The fixtures of the client's tests, and what runs the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from bytehouse_cli._main import run
from tests.support.fixtures import server, surroundings

__all__ = ["Bytehouse", "Done", "server", "surroundings"]


@attrs.frozen
class Done:
    """Hold how a command ended."""

    code: int
    out: str
    err: str


Bytehouse = Callable[..., Done]


@pytest.fixture
def bytehouse(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Bytehouse:
    """Return what runs the command in this process, whose home is the temporary folder."""
    del tmp_path

    def running(*arguments: str) -> Done:
        capsys.readouterr()
        code = run(arguments)
        return Done(code, *capsys.readouterr())

    return running
