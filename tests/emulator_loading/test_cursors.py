"""Long lists are walked by cursor."""

from __future__ import annotations

from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

from tests.emulator_loading.loader import Loader

# The example in the documentation.
_DOCUMENTED = "eyJ2YWx1ZSI6bnVsbCwic29ydF92YWx1ZSI6bnVsbH0="


def _walk(api: Loader, limit: int, operation: str, **path: object) -> list[list[str]]:
    pages: list[list[str]] = []
    parameters: dict[str, int | str] = {"limit": limit}
    while True:
        page = api.ok(operation, params=parameters, **path)
        pages.append([entry["id"] for entry in page["data"]])
        if not (cursor := page["meta"].get("cursor", "")):
            return pages
        parameters["cursor"] = cursor


def test_a_walk_finds_330_executions_once_each(api: Loader) -> None:
    """A hundred at a time, whatever limit above that is asked for, the newest first."""
    api.emulator.reset()
    api.ok("create_database", {"name": api.database})
    api.table("id Int32")
    jobs = [api.local("missing.csv") for _ in range(6)]

    def run(job: int) -> list[str]:
        return [api.run(job)["id"] for _ in range(55)]

    with ThreadPoolExecutor(len(jobs)) as pool:
        ids = list(pool.map(run, jobs))
    pages = _walk(api, 120, "list_executions")
    assert [len(page) for page in pages] == [100, 100, 100, 30]
    assert sorted(chain(*pages)) == sorted(chain(*ids))
    of_one = _walk(api, 10, "list_import_job_executions", id=jobs[0])
    assert [*chain(*of_one)] == ids[0][::-1]
    assert [entry["id"] for entry in api.ok("list_executions")["data"]] == pages[0][:10]


def test_the_documented_cursor_begins_a_walk(api: Loader) -> None:
    """The docs' example, null and null, stands for the first page; ours are written alike."""
    for _ in range(3):
        api.connection("S3", {})
    first = api.ok("list_connections", params={"limit": 2})
    same = api.ok("list_connections", params={"limit": 2, "cursor": _DOCUMENTED})
    assert same["data"] == first["data"]
    assert b64decode(first["meta"]["cursor"]).startswith(b'{"value":"')


@pytest.mark.parametrize("cursor", ["7", "bm90IGpzb24=", "e30=", "\u00e9"])
def test_a_cursor_that_was_made_up_is_refused(api: Loader, cursor: str) -> None:
    """It gives an error, not the first page again."""
    parameters = {"cursor": cursor}
    assert api.fails("list_connections", params=parameters) == (400, "Parameter_Invalid")


def test_a_walk_goes_on_after_its_last_entry_was_deleted(api: Loader) -> None:
    """Nothing is skipped or shown twice when entries go in between."""
    numbers = [api.connection("S3", {}) for _ in range(4)]
    page = api.ok("list_connections", params={"limit": 2})
    api.ok("delete_connection", id=numbers[2])
    rest = api.ok("list_connections", params={"limit": 2, "cursor": page["meta"]["cursor"]})
    assert [entry["id"] for entry in rest["data"]] == numbers[1::-1]
