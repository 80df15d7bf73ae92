"""The vendored specification, a web server, and the methods of the client."""

from pathlib import Path

import pytest

from bytehouse_openapi import Document
from codegen.upstream.methods import Method, methods
from tests.openapi.conftest import draft, vendored, web

__all__ = ["draft", "vendored", "web"]


@pytest.fixture(scope="session")
def known_methods(root: Path, vendored: Document) -> dict[str, list[Method]]:
    """The methods of the client by operation."""
    return methods(root / "overlay" / "bytehouse" / "_async", vendored)
