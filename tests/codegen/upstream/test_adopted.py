"""A repository that has adopted altogether other routes is whole: its tests pass as before."""

from pathlib import Path
from typing import Final

import pytest

from tests.codegen.upstream.adopted import Copy

TELLING: Final = """
    tests/emulator/handlers/test_databases.py
    tests/client/test_queries.py tests/api/test_routing.py
    tests/client/resources/test_access_requests.py tests/client/resources/test_loading_requests.py
    tests/spec/test_openapi.py tests/codegen/upstream/test_recorded_traffic.py
    tests/docs/test_docstrings.py
""".split()
"""What looks at routes from each side; `make test-adopted` runs everything."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_other_routes_leave_nothing_behind(tmp_path: Path) -> None:
    """Adopted by the command, with the tests it runs; generated afresh and adopted again without
    any change."""
    copy = Copy(tmp_path)
    done = copy.adopt("--tests", *TELLING)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    # That reads are POST now is for a person to look at; nothing else is.
    told = [line for line in done.stdout.splitlines() if line.startswith("To decide")]
    assert all(line.startswith("To decide: safety, ") for line in told), told
    after = (copy.root / "openapi.yaml").read_text("utf-8")
    assert "  /v1/" not in after
    fresh = copy.run("-m", "codegen.generate", "--check")
    assert fresh.returncode == 0, fresh.stdout + fresh.stderr
    again = copy.adopt()
    assert (again.returncode, again.stdout) == (0, "There is nothing to take over.\n")
    assert (copy.root / "openapi.yaml").read_text("utf-8") == after


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("upstream", ["envelope", "paging"])
def test_what_was_adopted_is_no_contradiction_of_the_docs(tmp_path: Path, upstream: str) -> None:
    """The facts of the public page hold beside a tenant's own, which are marked as documented."""
    done = Copy(tmp_path, upstream).adopt("--tests", "tests/spec")
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
