"""What the docstrings say of the API is what the specification says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import bytehouse
from bytehouse import AsyncByteHouse, ByteHouse
from bytehouse_openapi import read
from bytehouse_raw.operations import OPERATIONS, Operation
from codegen.upstream.methods import methods

ROUTES: Final = {f"{o.method} {o.path}": o for o in OPERATIONS.values()}
NAMED: Final = re.compile(r"`((?:GET|PUT|POST|PATCH|DELETE) /[^`\s]*)`")
EVIDENCE: Final = re.compile(r"documented|inferred")
CLIENTS: Final[tuple[type[Any], ...]] = (ByteHouse, AsyncByteHouse)


def resources(client: type[Any]) -> dict[str, type[Any]]:
    """Return the class of each resource by the attribute that it is found under."""
    blank = object.__new__(client)
    found: dict[str, type[Any]] = {}
    for name, value in vars(client.__base__).items():
        if isinstance(value, property) and value.fget:
            found[f"bh.{name}"] = type(value.fget(blank))
    return found


def public(owner: type[Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public functions of a class."""
    for name, value in inspect.getmembers(owner):
        if not name.startswith("_") and inspect.isfunction(value):
            yield name, value


OBJECTS: Final = "ExecutionHandle Pager QueryHandle Session TablePlan".split()


def documented(client: type[Any]) -> dict[str, Callable[..., Any]]:
    """Return every method that a user can call on a client, a resource or what these return."""
    flavour = "Async" if client is AsyncByteHouse else ""
    objects = {name: getattr(bytehouse, flavour + name) for name in OBJECTS}
    owners = {"bh": client, **resources(client), **objects}
    return {f"{at}.{name}": value for at, owner in owners.items() for name, value in public(owner)}


def text_of(function: Callable[..., Any]) -> str:
    """Return a docstring on one line."""
    return " ".join((inspect.getdoc(function) or "").split())


@pytest.mark.parametrize("client", CLIENTS)
def test_each_operation_is_named_by_its_method(client: type[Any], root: Path) -> None:
    """The method that sends an operation says which: HTTP method, path, evidence."""
    found = documented(client)
    document = read(str(root / "openapi.yaml")).document
    sent = methods(root / "overlay" / "bytehouse" / "_async", document)
    for name, operation in OPERATIONS.items():
        if name not in sent:
            continue  # tests/whole/test_every_operation.py tells
        told = [m.name for m in sent[name] if m.name in found and says(found[m.name], operation)]
        assert told, f"no docstring of {[m.name for m in sent[name]]} says {operation[:3]}"


def says(function: Callable[..., Any], operation: Operation) -> bool:
    """Tell whether a docstring names an operation's route with its evidence, and that it is
    deprecated."""
    _, route, after = text_of(function).partition(f"`{operation.method} {operation.path}`")
    evidence = EVIDENCE.search(after)
    if not route or evidence is None or evidence[0] != operation.evidence:
        return False
    return after.startswith(", deprecated", evidence.end()) == operation.deprecated


@pytest.mark.parametrize("client", CLIENTS)
def test_no_docstring_names_what_is_not_there(client: type[Any]) -> None:
    """Each route in a docstring is one of the specification, with the evidence that it has."""
    for name, function in documented(client).items():
        text = text_of(function)
        for found in NAMED.finditer(text):
            assert found[1] in ROUTES, f"{name} names {found[1]}"
            evidence = EVIDENCE.search(text, found.end())
            assert evidence, f"{name} does not say how well {found[1]} is known"
            assert evidence[0] == ROUTES[found[1]].evidence, f"{name}: {found[1]}"


@pytest.mark.parametrize("client", CLIENTS)
def test_each_method_of_a_resource_says_what_it_sends(client: type[Any]) -> None:
    """It names a route, or the method that it is made of, or says that it sends nothing."""
    for name, function in documented(client).items():
        if name.count(".") == 2:
            text = text_of(function)
            others = {other for other, _ in public(resources(client)[name.rpartition(".")[0]])}
            named = NAMED.search(text) or any(f"`{other}`" in text for other in others)
            assert named or "Sends nothing" in text, f"{name} does not say what it sends"


@pytest.mark.parametrize("client", CLIENTS)
def test_each_argument_is_explained(client: type[Any]) -> None:
    """Every argument stands under `Args:`, and nothing else does."""
    for name, function in documented(client).items():
        doc = inspect.getdoc(function) or ""
        section = re.search(r"^Args:\n((?:[ ]{4}.*\n|\n)*)", doc + "\n", re.MULTILINE)
        explained = re.findall(r"^    \*{0,2}(\w+):", section[1], re.MULTILINE) if section else []
        arguments = list(inspect.signature(function).parameters)[1:]
        assert explained == arguments, name


def test_each_public_object_has_a_docstring() -> None:
    """Whatever the package exports tells what it is, and so does each of its methods."""
    for name in dir(bytehouse):
        value = getattr(bytehouse, name)
        if not inspect.isclass(value):
            continue
        assert inspect.getdoc(value), name
        for method, function in public(value):
            assert inspect.getdoc(function), f"{name}.{method}"
