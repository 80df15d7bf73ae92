"""Every argument of every method, given a value of a wrong type: nothing is sent."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs
import pytest

from bytehouse import (
    AsyncByteHouse,
    ByteHouse,
    ByteHouseError,
    InvalidArgument,
    NotFound,
    S3Connection,
    TableSpec,
)
from bytehouse_raw.api.databases import list_databases
from tests.support.flavours import MakeClient
from tests.support.server import Reply, ScriptedServer, data

SPEC: Final = TableSpec("t", {"a": "Int8"}, order_by="a")
VALID: Final[dict[str, Any]] = {
    "action": "SELECT", "by": "3d", "columns": {"a": "Int8"}, "configuration": {"a": 1},
    "data": S3Connection(bucket="b"), "desired": SPEC, "expires_in": "60d", "granularity": "1m",
    "into": "d.t", "on": "d.t", "order_by": "a", "partition": 0, "period": "1h",
    "plan": list_databases.plan(), "source": "s3://b/x.csv", "spec": SPEC, "sql": "SELECT 1",
    "start": "7d", "status": "ENABLED", "store": print, "within": "7d",
}  # fmt: skip
"""Values of arguments that must be given; others are 1 or a name."""
ALSO: Final = {"tables.create": ("columns", "order_by"), "api_keys.rotate": ("expires_in",),
               "api_keys.create": ("expires_in",)}  # fmt: skip
"""Arguments that must be given although they have defaults."""
WRONG: Final[tuple[Any, ...]] = (
    None, 5, -1, math.nan, True, "no", "\ud800", b"x", ["a", 1], {"a": object()}, {1: 2}, object(),
)  # fmt: skip
TAKEN: Final[dict[str, tuple[Any, ...]]] = {
    "Insertable": (WRONG[8],),  # rows, which are read one by one
    "SchemaFile": (b"x",),
    "Seconds": (5,),
    "SourceSchema": ("no",),
    "TTLLike": ("no",),
    "PartitionLike": ("no",),
    "UniqueLike": ("no",),
    "Action": ("\ud800",),
    "ConnectionLike": (WRONG[9],),  # refused when it is encoded
}
"""Values that other types take, or that are refused later."""


@attrs.frozen
class Method:
    """A public method of the client or of one of its resources.

    Attributes:
        name: How it is found from the client: ``tables.get``.
        parameters: Its parameters but for the options of the call.
    """

    name: str
    parameters: tuple[inspect.Parameter, ...]

    def call(self, bh: Any, **wrong: object) -> object:
        """Call it with valid arguments but for those that are given."""
        given = {
            each.name: self._valid(each)
            for each in self.parameters
            if each.default is each.empty or each.name in ALSO.get(self.name, ())
        }
        given |= wrong
        places = [each.name for each in self.parameters if each.kind is each.POSITIONAL_ONLY]
        target = bh
        for part in self.name.split("."):
            target = getattr(target, part)
        found = target(*(given.pop(name) for name in places), **given)
        return found.first() if hasattr(found, "first") else found

    def _valid(self, parameter: inspect.Parameter) -> object:
        if self.name == "insert":
            return "d.t" if parameter.name == "table" else [(1,)]
        return VALID.get(parameter.name, 1 if parameter.annotation == "int" else "x")


def methods() -> Iterator[Method]:
    """Yield the methods that take arguments, but for those that take options alone."""
    bh = ByteHouse("localhost", "k")
    owners = {"": type(bh)} | {
        f"{name}.": type(getattr(bh, name))
        for name, member in inspect.getmembers_static(type(bh))
        if isinstance(member, property) and not name.startswith("_") and name != "config"
    }
    for prefix, owner in owners.items():
        for name, member in inspect.getmembers(owner, inspect.isfunction):
            if not name.startswith("_"):
                known = list(inspect.signature(member).parameters.values())[1:]
                yield Method(
                    prefix + name,
                    tuple(each for each in known if each.kind is not each.VAR_KEYWORD),
                )


def fits(annotation: str, value: object) -> bool:
    """Return whether a parameter with an annotation takes a value."""
    for kind in annotation.split(" | "):
        match kind, value:
            case ("None", None) | ("bool", bool()):
                return True
            case "int", int():
                return not isinstance(value, bool) and value >= 0
            case "str", str():
                return value != "\ud800"
        if any(value is taken for taken in TAKEN.get(kind, ())):
            return True
        if kind.startswith("Iterable[") and fits(kind[9:-1], value):
            return True
    return False


def test_what_is_of_a_wrong_type_is_refused_before_anything_is_sent(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Whatever the method and the argument: `InvalidArgument`, which names the argument."""
    bh = make(server.url, max_retries=0)
    server.handler = lambda _: Reply(418, {"message": "it was sent"})
    tried, wrong = 0, []
    for method in methods():
        for parameter in method.parameters:
            for value in WRONG:
                if fits(str(parameter.annotation), value):
                    continue
                tried += 1
                what = f"{method.name}({parameter.name}={value!r})"
                try:
                    method.call(bh, **{parameter.name: value})
                    wrong.append(f"{what} was taken")
                except InvalidArgument:
                    pass
                except Exception as error:  # noqa: BLE001 - whatever it is
                    wrong.append(f"{what}: {type(error).__name__}: {error}")
                if server.seen:
                    wrong.append(f"{what} sent {server.operations}")
                    server.clear()
    assert not wrong, "\n".join(wrong)
    assert tried > 2000


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda bh: bh.databases.get(5), "Databases.get: name must be a string; not 5."),
        (
            lambda bh: bh.databases.create("d", if_not_exists="no"),
            "Databases.create: if_not_exists must be True or False; not 'no'.",
        ),
        (
            lambda bh: bh.executions.logs("e", limit="all"),
            "Executions.logs: limit must be a whole number, 0 or more; not 'all'.",
        ),
        (lambda bh: bh.metadata.subscribe(1, 1, b"hush"), "token must be a string; not an object"),
        (lambda bh: bh.send("x"), "send takes a plan, such as list_databases.plan(), not 'x'."),
    ],
)
def test_the_error_names_method_argument_and_what_it_takes(
    make: MakeClient, server: ScriptedServer, call: Any, words: str
) -> None:
    """And never a value that may be a secret."""
    with pytest.raises(InvalidArgument) as caught:
        call(make(server.url))
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_method_that_checks_is_what_it_was() -> None:
    """For whoever looks at its signature, its name, or whether it is a coroutine function."""
    for client, name in ((ByteHouse, "get"), (AsyncByteHouse, "AsyncDatabases.get")):
        get = type(client("localhost", "k").databases).get
        assert get.__qualname__.endswith(name)
        assert "name" in inspect.signature(get).parameters
        assert inspect.iscoroutinefunction(get) is (client is AsyncByteHouse)


def test_objects_that_methods_return_refuse_the_same(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Plans, sessions, handles and results; a plan drops nothing because somebody said "no"."""
    bh: Any = make(server.url, max_retries=0)  # a type checker would refuse what follows
    missing = {"code": "errbook_Table_NotFound", "message": "none"}
    server.script(Reply(404, {"error": missing}), data([{"columns": ["a"], "rows": [[1]]}]))
    plan, result = bh.tables.plan("d", SPEC), bh.query("SELECT 1")
    server.clear()
    calls: list[Callable[[], object]] = [
        lambda: plan.apply(allow_destructive="no"),
        lambda: bh.session().execute(5),
        lambda: bh.session().use(None),
        lambda: bh.queries.handle("q").wait(cancel="no"),
        lambda: bh.executions.handle("e").wait(cancel="no"),
        lambda: result.to_json("rows.json", lines="no"),
        lambda: result.to_csv("rows.csv", null=None),
    ]
    for call in calls:
        with pytest.raises(InvalidArgument):
            call()
    assert not server.seen


def test_what_is_missing_comes_with_where_to_look(make: MakeClient, server: ScriptedServer) -> None:
    """Whatever the method: the hint names the list that shows what there is, if there is one."""
    bh = make(server.url, max_retries=0)
    missing = {"code": "errbook_Thing_NotFound", "message": "The thing does not exist."}
    server.handler = lambda _: Reply(404, {"error": missing})
    without, found = [], 0
    for method in methods():
        if method.name in ("clickhouse", "close", "aclose"):
            continue  # another service; the end of the client
        try:
            method.call(bh)
        except NotFound as error:
            found += 1
            if not re.search(r"list\(|history\(|names no object", error.hint):
                without.append(f"{method.name}: {error}")
        except ByteHouseError:
            pass
    assert not without, "\n".join(without)
    assert found > 60
