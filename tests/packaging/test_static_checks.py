"""The repository passes its own static checks."""

import pytest

from tests.packaging.conftest import Make


@pytest.mark.timeout(280)
@pytest.mark.parametrize("verb", ["lint-style", "lint-types", "lint-imports", "lint-openapi"])
def test_the_static_check_passes(verb: str, make: Make) -> None:
    """Each part of `make lint` that needs Python only finds nothing to complain about."""
    done = make(verb)
    assert done.returncode == 0, done.stdout + done.stderr
