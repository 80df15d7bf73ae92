"""The names that users meet: what methods return can be imported, and nothing internal shows."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import attrs
import pytest

import bytehouse
from bytehouse import AsyncByteHouse, ByteHouse
from tests.support.cases import cases
from tests.support.reprs import evaluated

KNOWN = set(
    """
    AbstractContextManager Any AsyncClient AsyncIterator Client Iterator Literal Mapping None Self
    Sequence T date Callable bool builtins bytes dict float int list object pa pd pl str tuple
    """.split()
)
"""Names of Python and of the libraries of extras."""
ALIASES = {"Row": "tuple"}


def resources(client: type) -> dict[str, type]:
    """Return the classes of a client's resources."""
    made = client("localhost", "k")
    found = {name: getattr(made, name) for name, of in public(client) if isinstance(of, property)}
    return {name: type(value) for name, value in found.items()}


def public(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties of a class."""
    for name in dir(cls):
        if not name.startswith("_"):
            yield name, inspect.getattr_static(cls, name)


def names_in(annotation: str) -> set[str]:
    """Return the names in an annotation, the attributes of modules left out."""
    return {node.id for node in ast.walk(ast.parse(annotation)) if isinstance(node, ast.Name)}


def returned(cls: type) -> Iterator[tuple[str, str]]:
    """Yield the annotations of what the methods of a class return, and of its attributes."""
    for name, member in public(cls):
        found = member.fget if isinstance(member, property) else member
        found = getattr(found, "__func__", found)
        if isinstance(found, FunctionType) and "return" in found.__annotations__:
            yield f"{cls.__name__}.{name}", str(found.__annotations__["return"])
    if attrs.has(cls):
        for each in attrs.fields(cls):
            if not each.name.startswith("_"):
                yield f"{cls.__name__}.{each.name}", str(each.type)


def test_what_methods_return_can_be_imported() -> None:
    """Every class that a public method or an attribute of a result gives is one of `bytehouse`."""
    ahead = [ByteHouse, AsyncByteHouse]
    for client in (ByteHouse, AsyncByteHouse):
        ahead += resources(client).values()
    seen: set[type] = set(ahead)
    own = {cls.__name__ for cls in ahead}
    missing = {}
    while ahead:
        for where, annotation in returned(ahead.pop()):
            for name in names_in(annotation) - KNOWN - own - set(ALIASES):
                if name not in dir(bytehouse):
                    missing[name] = where
                    continue
                found = getattr(bytehouse, name)
                assert inspect.getdoc(found), name
                if isinstance(found, type) and found not in seen:
                    seen.add(found)
                    ahead.append(found)
    assert not missing


def test_every_exported_name_exists() -> None:
    """Each can be imported, and `dir` lists it."""
    for name in dir(bytehouse):
        assert getattr(bytehouse, name) is not None
    for name in ("nothing", "__nothing__"):
        with pytest.raises(AttributeError, match=name):
            getattr(bytehouse, name)


@cases("client", [ByteHouse, AsyncByteHouse])
def test_a_client_and_its_resources_list_verbs(client: type) -> None:
    """A client has resources, verbs and its configuration; a resource has verbs alone."""
    made = client("localhost", "k")
    found = resources(client)
    assert set(found) == {name for name, of in public(client) if not inspect.isroutine(of)}
    for name in set(found) - {"config"}:
        resource = getattr(made, name)
        shown = [each for each in dir(resource) if not each.startswith("_")]
        assert shown
        for each in shown:
            member = inspect.getattr_static(resource, each)
            assert inspect.isroutine(member), f"{name}.{each}"
            assert inspect.getdoc(member), f"{name}.{each}"


def test_every_public_attribute_is_documented() -> None:
    """What an object shows beside its methods is named in the docstring of its class."""
    bh = ByteHouse("localhost", "k")
    for thing in (bh.session(), bh.queries.handle("q"), bh.executions.handle("e"), bh.roles.list()):
        documented = textwrap.dedent(type(thing).__doc__ or "").partition("Attributes:")[2]
        assert documented, thing
        for name in vars(thing):
            assert name.startswith("_") or f" {name}:" in documented, f"{thing}: {name}"


def test_a_field_that_is_promised_and_left_out_says_so() -> None:
    """Reading it is an error that names it and what there is; everything else works without it."""
    found = bytehouse.Database.from_dict({"title": "x", "description": "d"})
    with pytest.raises(AttributeError, match=r"left out `name` of a Database; it has descr.*title"):
        found.name  # noqa: B018
    assert not hasattr(found, "unknown")
    assert found == bytehouse.Database.from_dict({"title": "x", "description": "d"})
    assert "title" in repr(found)
    assert found.to_dict() == {"title": "x", "description": "d"}


def test_what_users_write_is_shown_as_they_write_it() -> None:
    """The repr gives an equal object, with the names of `bytehouse` alone."""
    when = bytehouse.Timestamp.decode("2026-11-01T00:00:00.123456789Z")
    source = bytehouse.S3Source("*.csv", "CSV", bucket="b", max_errors=3)
    values = [
        bytehouse.ApiKey("k", bytehouse.ApiKeyStatus.ENABLED, created_at=when),
        bytehouse.ApiKey("k", bytehouse.ApiKeyStatus("PAUSED")),
        bytehouse.Action.CREATE_DATABASE,
        bytehouse.ClusterKey(["id"], 8),
        bytehouse.Column("id", "UInt64", default="0", comment="it's"),
        bytehouse.Identifier("sales", "orders"),
        bytehouse.ImportConfiguration(source, into="sales.orders", load_mode="APPEND"),
        bytehouse.KafkaSource("orders"),
        bytehouse.PartitionKey("day", "month"),
        bytehouse.QueryResult(columns=[bytehouse.ResultColumn("a", "Int8")], rows=[[1]]),
        bytehouse.RetryPolicy(first_pause=2),
        bytehouse.TTL("day", 7, "DAY"),
        bytehouse.TableSpec("t", {"id": "UInt64"}, order_by="id", ttl="day + INTERVAL 7 DAY"),
        bytehouse.UNSET,
        bytehouse.UniqueKey(["id"]),
    ]
    for value in values:
        assert evaluated(value) == value
    resource = repr(ByteHouse("localhost", "k").databases)
    assert resource == "<Databases of ByteHouse('https://localhost')>"
