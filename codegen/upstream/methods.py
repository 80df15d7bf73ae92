"""Map operations to the client methods that send them, and arguments to what they fill."""

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bytehouse_openapi.shape import word

CLIENT = "AsyncByteHouse"


@dataclass
class Method:
    """A method that a user calls, such as `bh.databases.create`."""

    name: str
    arguments: dict[str, str] = field(default_factory=dict)
    """Its arguments by the normalized name of what they fill."""

    aliases: dict[str, str] = field(default_factory=dict)
    """Attribute names under which objects that collect arguments pass them on."""

    def argument(self, wire: str) -> str | None:
        """Return the argument that fills a parameter or a field of the body."""
        name = word(wire)
        return self.arguments.get(name) or self.arguments.get(self.aliases.get(name, ""))


@functools.cache
def methods(sources: Path) -> dict[str, list[Method]]:
    """Return the methods of the client by the id of the operation that they send."""
    trees = [_parsed(path) for path in sorted(sources.rglob("*.py"))]
    modules = sorted(sources.parent.rglob("*.py"))
    flavours = (sources, sources.with_name("_sync"))
    beside = [_parsed(m) for m in modules if not any(m.is_relative_to(f) for f in flavours)]
    aliases = {name: other for tree in (*beside, *trees) for name, other in _aliases(tree)}
    resources = {name: attribute for tree in trees for name, attribute in _resources(tree)}
    found: dict[str, list[Method]] = defaultdict(list)
    for tree in trees:
        operations = set(_operations(tree))
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                shown = resources.get(node.name) or node.name.replace("Async", "")
                for operation, method in _sent(node, shown, operations):
                    method.aliases = aliases
                    found[operation].append(method)
    return dict(found)


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield keywords whose value is an attribute of another name."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(
                arg=str(name), value=ast.Attribute(value=ast.Name(id="self"), attr=attribute)
            ) if word(name) != word(attribute):
                yield word(name), word(attribute)


def _resources(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each resource class with its attribute of the client."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef) or node.name != CLIENT:
            continue
        yield CLIENT, "bh"
        for inner in node.body:
            if isinstance(inner, ast.FunctionDef) and isinstance(inner.returns, ast.Name):
                yield inner.returns.id, f"bh.{inner.name}"


def _operations(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "bytehouse_raw.api."
        ):
            yield from (alias.asname or alias.name for alias in node.names)


Function = ast.FunctionDef | ast.AsyncFunctionDef


def _sent(owner: ast.ClassDef, shown: str, operations: set[str]) -> Iterator[tuple[str, Method]]:
    functions = {n.name: n for n in owner.body if isinstance(n, Function)}
    for name, function in functions.items():
        if name.startswith("_"):
            continue
        method = Method(f"{shown}.{name}", _arguments(function))
        for operation in sorted(_reached(function, functions, operations, set())):
            yield operation, method


def _reached(
    function: Function, functions: dict[str, Function], operations: set[str], seen: set[str]
) -> set[str]:
    """Return the operations that a method sends, itself or through private methods of its class."""
    found: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name) if name in operations:
                found.add(name)
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if name.startswith("_"):
                if name in functions and name not in seen:
                    found |= _reached(functions[name], functions, operations, {*seen, name})
    return found


def _arguments(function: Function) -> dict[str, str]:
    """Return the argument for each keyword of what the method calls."""
    given = function.args
    names = {a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)} - {"self"}
    found = {word(name): name for name in names}
    for node in ast.walk(function):
        if isinstance(node, ast.keyword) and node.arg:
            used = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)} & names
            if len(used) == 1:
                found[word(node.arg)] = used.pop()
    return found
