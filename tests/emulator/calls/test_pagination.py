"""Long lists are walked by cursor."""

from __future__ import annotations

from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, count

import pytest

from tests.emulator.api import Api

pytestmark = pytest.mark.usefixtures("fresh")

_NUMBERS = count()
# The example in the documentation.
_DOCUMENTED = "eyJ2YWx1ZSI6bnVsbCwic29ydF92YWx1ZSI6bnVsbH0="


def _connection(api: Api) -> int:
    body = {"name": f"c{next(_NUMBERS)}", "type": "S3", "data": {}}
    return int(api.ok("create_connection", body)["data"]["id"])


def _walk(api: Api, limit: int) -> list[list[int]]:
    pages: list[list[int]] = []
    parameters: dict[str, int | str] = {"limit": limit}
    while True:
        page = api.ok("list_connections", params=parameters)
        pages.append([entry["id"] for entry in page["data"]])
        if not (cursor := page["meta"].get("cursor", "")):
            return pages
        parameters["cursor"] = cursor


def test_pages_have_each_entry_once(api: Api) -> None:
    """At most a hundred per page, whatever the limit; ten without one; the newest first."""
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda _: _connection(api), range(120)))
    pages = _walk(api, 110)
    assert [len(page) for page in pages] == [100, 20]
    assert [*chain(*pages)] == sorted(ids, reverse=True)
    assert [entry["id"] for entry in api.ok("list_connections")["data"]] == pages[0][:10]


def test_the_documented_cursor_begins_an_iteration(api: Api) -> None:
    """The docs' example, null and null, gives the first page; the emulator's have the same form."""
    for _ in range(3):
        _connection(api)
    first = api.ok("list_connections", params={"limit": 2})
    same = api.ok("list_connections", params={"limit": 2, "cursor": _DOCUMENTED})
    assert same["data"] == first["data"]
    assert b64decode(first["meta"]["cursor"]).startswith(b'{"value":"')


@pytest.mark.parametrize(
    "cursor",
    ["7", "bm90IGpzb24=", "e30=", "\u00e9", b64encode(b'{"value":"5","sort_value":5}').decode()],
)
def test_a_cursor_that_was_made_up_is_refused(api: Api, cursor: str) -> None:
    """It gives an error, not the first page again or an empty one."""
    parameters = {"cursor": cursor}
    assert api.fails("list_connections", params=parameters) == (400, "Parameter_Invalid")


def test_a_cursor_of_another_list_is_refused(api: Api) -> None:
    """It would skip entries there."""
    for _ in range(2):
        _connection(api)
    cursor = api.ok("list_connections", params={"limit": 1})["meta"]["cursor"]
    api.ok("list_connections", params={"cursor": cursor})
    refused = api.fails("list_import_jobs", params={"cursor": cursor})
    assert refused == (400, "Parameter_Invalid")


def test_iteration_goes_on_after_its_last_entry_was_deleted(api: Api) -> None:
    """Nothing is skipped or shown twice when entries go in between."""
    numbers = [_connection(api) for _ in range(4)]
    page = api.ok("list_connections", params={"limit": 2})
    api.ok("delete_connection", id=numbers[2])
    rest = api.ok("list_connections", params={"limit": 2, "cursor": page["meta"]["cursor"]})
    assert [entry["id"] for entry in rest["data"]] == numbers[1::-1]
