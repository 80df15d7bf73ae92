"""Lists: every entry once, whatever the size of a page and however the service counts."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import ByteHouse, InvalidArgument, ResponseDecodeError, ServerError
from bytehouse._api.pagination import PageCursor
from bytehouse_raw.api.data_loading import list_import_jobs
from bytehouse_raw.api.databases import list_databases
from bytehouse_raw.operations import OPERATIONS, ROLE_HEADER
from tests.support.cases import cases
from tests.support.flavours import KEY
from tests.support.server import Reply, ScriptedServer, Seen
from tests.support.wire import keyed

CAP = 100


class Listed:
    """A list of `size` entries as a service gives it: by offset, at most `CAP` at a time."""

    def __init__(self, size: int, *, counts: bool = True) -> None:
        self.entries = [{"name": f"d{number}"} for number in range(size)]
        self.counts = counts

    def __call__(self, seen: Seen) -> Reply:
        query = {k: v[0] for k, v in parse_qs(urlsplit(seen.target).query).items()}
        begin = int(query.get("offset", 0))
        page = self.entries[begin : begin + min(int(query.get("limit", 10)), CAP)]
        meta = {"offset": begin, "total": len(self.entries)} if self.counts else {}
        return Reply(body={"data": page, "meta": meta})


def names(bh: ByteHouse, **options: Any) -> list[str | None]:
    """Return the names of all databases."""
    return [database.name for database in bh.databases.list(**options).all()]


def asked(server: ScriptedServer) -> list[dict[str, str]]:
    """Return the query of every request."""
    return [{k: v[0] for k, v in parse_qs(urlsplit(line).query).items()} for line in server.lines]


@pytest.mark.parametrize("counts", [True, False])
def test_every_page_size_gives_every_entry_once(
    bh: ByteHouse, server: ScriptedServer, counts: bool
) -> None:
    """A service that cuts large pages and one that does not count lose and repeat nothing."""
    server.handler = Listed(250, counts=counts)
    expected = [f"d{number}" for number in range(250)]
    for size in (3, 40, 50, 99, 100, 101, 120):
        assert names(bh, page_size=size) == expected, size


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 200])
def test_no_request_is_made_in_vain_where_the_service_counts(
    bh: ByteHouse, server: ScriptedServer, size: int
) -> None:
    """The last page is known by the total; an empty list takes one request."""
    server.handler = Listed(size)
    assert len(names(bh)) == size
    assert len(server.seen) == max(1, -(-size // 100))


@cases("limit", [0, 1, 5, 99, 100, 101, 250, 251, 1000])
@cases("size", [None, 1000, 30])
def test_a_limit_is_for_the_whole_list(
    bh: ByteHouse, server: ScriptedServer, limit: int, size: int | None
) -> None:
    """At most so many entries come, and no more are asked for."""
    server.handler = Listed(250)
    assert len(names(bh, limit=limit, page_size=size)) == min(limit, 250)
    assert all(int(query["limit"]) <= limit for query in asked(server))
    assert bool(server.seen) == (limit > 0)


def test_a_service_that_gives_more_than_was_asked_is_cut(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A limit holds even if the service ignores it."""
    server.script(Reply(body={"data": [{"name": str(n)} for n in range(50)]}))
    assert len(names(bh, limit=20)) == 20


def test_the_first_entry_takes_one_small_request(bh: ByteHouse, server: ScriptedServer) -> None:
    """`first` asks for one entry, and gives None where there is none."""
    server.handler = Listed(250)
    pager = bh.databases.list()
    first = pager.first()
    assert first is not None
    assert first.name == "d0"
    assert asked(server) == [{"limit": "1", "offset": "0"}]
    assert pager.total == 250
    server.handler = Listed(0)
    assert bh.databases.list().first() is None
    assert bh.databases.list(limit=0).first() is None
    assert len(server.seen) == 2


def test_the_total_is_known_after_a_page(bh: ByteHouse, server: ScriptedServer) -> None:
    """Before the first page nothing is said, and a service that does not count leaves it open."""
    server.handler = Listed(250)
    pager = bh.databases.list(page_size=10)
    assert pager.total is None
    for page in pager.pages():
        assert page.total == pager.total == 250
        assert len(page.items) == 10
    server.handler = Listed(3, counts=False)
    pager = bh.databases.list()
    assert len(pager.all()) == 3
    assert pager.total is None


def test_each_iteration_begins_anew(bh: ByteHouse, server: ScriptedServer) -> None:
    """A pager is no one-way street."""
    server.handler = Listed(120)
    pager = bh.databases.list()
    assert len(list(pager)) == len(list(pager)) == len(pager.all()) == 120


def test_a_list_is_asked_for_only_as_far_as_it_is_read(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """Making a pager sends nothing; the second page waits until the first is used up."""
    server.handler = Listed(250)
    pager = bh.databases.list()
    assert server.seen == []
    for number, _ in enumerate(pager):
        assert len(server.seen) == number // 100 + 1
        if number == 150:
            break
    assert len(server.seen) == 2


@cases("total", [0, -1, 3, None, "250", 2.5, True, [], {}])
def test_a_total_that_cannot_be_true_loses_no_entry(
    bh: ByteHouse, server: ScriptedServer, total: Any
) -> None:
    """A service that says 0 or less than it gave does not count: the walk goes on to the end."""
    listed = Listed(250, counts=False)

    def answer(seen: Seen) -> Reply:
        reply = listed(seen)
        reply.body["meta"] = {"total": total}
        return reply

    server.handler = answer
    assert len(names(bh)) == 250


@cases(
    "answer",
    [{"data": None}, {"data": []}, {"data": None, "meta": None}, {"data": [], "meta": 5}],
)
def test_null_is_an_empty_list(bh: ByteHouse, server: ScriptedServer, answer: Any) -> None:
    """Services in Go write null for a list without entries."""
    server.script(Reply(body=answer))
    assert names(bh) == []
    assert bh.databases.list().first() is None


@cases("answer", [b"", {}, {"data": {}}, {"data": "none"}, {"result": {"data": []}}])
def test_a_success_without_its_list_is_no_empty_list(
    bh: ByteHouse, server: ScriptedServer, answer: Any
) -> None:
    """An empty body, another envelope and what is no list are errors that show the response."""
    server.script(Reply(body=answer))
    with pytest.raises(ResponseDecodeError, match="no list as data") as caught:
        names(bh)
    assert caught.value.raw_response is not None


def test_a_service_that_ignores_the_offset_is_not_asked_for_ever(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """The same page again ends the pages."""
    server.script(Reply(body={"data": [{"name": "a"}, {"name": "b"}]}))
    assert names(bh) == ["a", "b"]
    assert len(server.seen) == 2


@pytest.mark.parametrize("counts", [True, False])
def test_a_service_that_pages_in_another_way_loses_nothing_in_silence(
    bh: ByteHouse, server: ScriptedServer, counts: bool
) -> None:
    """The same full page again, or fewer entries than there are, is an error after the page."""
    listed = Listed(6, counts=counts)
    server.handler = lambda seen: listed(attrs.evolve(seen, target="/?limit=2"))
    with pytest.raises(ResponseDecodeError, match=r"incomplete: after 2.* the same page") as caught:
        names(bh, page_size=2)
    assert (caught.value.operation, "drift" in caught.value.hint) == ("list_databases", True)
    assert len(server.seen) == 2


def test_a_cursor_that_is_not_found_loses_nothing_in_silence() -> None:
    """A full first page of a longer list, with no cursor under a known name, is an error."""
    assert walked(lambda *_: {"marker": "m"}, size=40) == list(range(40))
    with pytest.raises(ResponseDecodeError, match=r"40 of 250 entries .* no cursor"):
        walked(lambda *_: {"marker": "m", "total": 250})


def test_an_error_in_the_middle_of_an_iteration_raises(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A list that broke off is not taken for a whole one."""
    listed = Listed(250)
    server.handler = lambda seen: Reply(500) if "offset=100" in seen.target else listed(seen)
    with pytest.raises(ServerError):
        names(bh)


@cases(
    "options",
    [{"limit": -1}, {"limit": 1.5}, {"limit": "5"}, {"limit": True}, {"page_size": 0},
     {"page_size": -1}, {"page_size": "many"}],
)  # fmt: skip
def test_a_bad_number_is_refused_before_anything_is_sent(
    bh: ByteHouse, server: ScriptedServer, options: dict[str, Any]
) -> None:
    """A wrong limit is an error where it is written, not where the list is read."""
    with pytest.raises(InvalidArgument, match=r"limit|page_size"):
        bh.databases.list(**options)
    assert server.seen == []


def test_the_options_of_a_list_hold_for_all_its_pages(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """Role and filter go with every page."""
    server.handler = Listed(250)
    list(bh.databases.list(filter="d", role="Auditor", headers={"X-Trace": "1"}))
    assert [seen.header(ROLE_HEADER) for seen in server.seen] == ["Auditor"] * 3
    assert [query["filter"] for query in asked(server)] == ["d"] * 3


# Cursors, whose next one may come under several names.

Next = Callable[[int, str | None], dict[str, Any]]


def walked(following: Next, *, size: int = 250, limit: int | None = None) -> list[int]:
    """Return the numbers of the entries that a walk by cursor meets; it must not go on for ever."""
    entries = list(range(size))
    pages: PageCursor[Any] = PageCursor(list_import_jobs.plan(), limit, 40)
    met: list[int] = []
    asked_for: list[str | None] = []
    while not pages.done:
        query = pages.plan().query
        cursor = query.get("cursor")
        begin = int(cursor.partition("-")[2]) if cursor else 0
        end = begin + int(query["limit"])
        asked_for.append(cursor)
        assert len(asked_for) < 400
        answer = {"data": [{"id": n} for n in entries[begin:end]], "meta": following(end, cursor)}
        decode = list_import_jobs.plan().decode
        met += [job["id"] for job in pages.advance(decode(keyed(answer))).items]
    return met


@cases(
    "key", ["nextCursor", "next_cursor", "next", "nextPageCursor", "nextPageToken", "endCursor",
            "cursor"],
)  # fmt: skip
@cases("last", [None, "", "absent", 0, {}])
def test_iteration_by_cursor_yields_every_entry_once(key: str, last: Any) -> None:
    """The next cursor is found under each likely name; null, empty or none is the end."""

    def following(end: int, _: str | None) -> dict[str, Any]:
        if end >= 250:
            return {} if last == "absent" else {key: last}
        return {key: f"c-{end}"}

    assert walked(following) == list(range(250))
    assert walked(following, limit=90) == list(range(90))


def test_iteration_ends_at_a_cursor_that_leads_nowhere() -> None:
    """An echoed cursor, one that was seen before, and an empty page end the pages."""
    assert walked(lambda _, cursor: {"cursor": cursor}) == list(range(40))
    assert walked(lambda end, _: {"next": f"c-{min(end, 80)}"})[:120] == list(range(120))
    assert walked(lambda end, cursor: {"next": f"c-{end}", "cursor": cursor}) == list(range(250))
    circle = walked(lambda end, _: {"next": f"c-{end % 200}"})
    assert circle[:200] == list(range(200))


@given(
    size=st.integers(0, 60),
    page=st.integers(1, 70),
    cap=st.integers(1, 20),
    limit=st.none() | st.integers(0, 70),
    counts=st.booleans(),
)
def test_any_iteration_by_offset_yields_a_beginning(
    size: int, page: int, cap: int, limit: int | None, counts: bool
) -> None:
    """For every size of list, page and limit: the first `limit` entries, each once, in order."""
    pages: PageCursor[Any] = PageCursor(list_databases.plan(), limit, page)
    met: list[str] = []
    while not pages.done:
        query = pages.plan().query
        begin = int(query["offset"])
        rows = [{"name": str(n)} for n in range(size)][
            begin : begin + min(cap, int(query["limit"]))
        ]
        meta = {"total": size} if counts else {}
        taken = pages.advance(list_databases.plan().decode(keyed({"data": rows, "meta": meta})))
        met += [item.name for item in taken.items]
    assert met == [str(n) for n in range(size if limit is None else min(size, limit))]


def test_every_list_has_its_kind_of_paging() -> None:
    """Operations that take limit and offset, or a cursor, are told as such in the specification."""
    kinds = {operation.id: operation.pagination for operation in OPERATIONS.values()}
    assert kinds["list_databases"] == "offset"
    assert kinds["list_import_jobs"] == "cursor"
    assert kinds["get_database"] is None
    assert KEY
