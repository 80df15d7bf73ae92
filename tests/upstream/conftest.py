"""The vendored specification, and a place to serve others from."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bytehouse._openapi import Document, read
from codegen.upstream.methods import Method, methods
from tests.upstream.server import Site, site


@pytest.fixture(scope="session")
def vendored(root: Path) -> Document:
    """The vendored specification, not to be changed."""
    return read(str(root / "openapi.yaml")).document


@pytest.fixture
def draft(vendored: Document) -> dict[str, Any]:
    """A copy of the vendored specification, to be changed."""
    return dict(copy.deepcopy(vendored))


@pytest.fixture(scope="session")
def known_methods(root: Path) -> dict[str, list[Method]]:
    """The methods of the client by operation."""
    return methods(root / "overlay" / "bytehouse" / "_async")


@pytest.fixture
def web() -> Iterator[Site]:
    """A web server."""
    with site() as found:
        yield found
