"""Map operations to the client methods that send them, and arguments to what they fill."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bytehouse_openapi import Document, operations
from bytehouse_openapi.shape import word

CLIENT = ("AsyncByteHouse", "AsyncResourceClient")
"""The classes of the client: its statements, and its resources."""
RAW = "bytehouse_raw"
ROUTE = re.compile(r"`((?:GET|PUT|POST|PATCH|DELETE) /[^`\s]*)`")
"""A route in a docstring."""


Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Method:
    """A method that a user calls, such as `bh.databases.create`."""

    name: str
    module: Path
    direct: bool
    """Whether it plans the operation itself, and not only through other methods."""
    arguments: dict[str, str] = field(default_factory=dict)
    """Its arguments by the normalized name of what they fill."""

    options: str = ""
    """The class of its `**options`; empty if it has none."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Attribute names under which objects that collect arguments pass them on."""

    def argument(self, wire: str) -> str | None:
        """Return the argument that fills a parameter or a field of the body."""
        name = word(wire)
        return self.arguments.get(name) or self.arguments.get(self.aliases.get(name, ""))


def methods(sources: Path, document: Document) -> dict[str, list[Method]]:
    """Return the methods that users call by the id of the operation that they send.

    A method sends what it plans, itself or through private methods, and what its docstring names
    the route of: so does `bh.query`, which plans nothing. Of classes other than the client and its
    resources, only methods count that name a route.

    Args:
        sources: Directory of the asynchronous client.
        document: The specification, for the routes.
    """
    trees = {path: _parsed(path) for path in sorted(sources.rglob("*.py"))}
    modules = sorted(sources.parent.rglob("*.py"))
    flavours = (sources, sources.with_name("_sync"))
    beside = [_parsed(m) for m in modules if not any(m.is_relative_to(f) for f in flavours)]
    aliases = {name: other for tree in (*beside, *trees.values()) for name, other in _aliases(tree)}
    aliases |= dict(_attributes(document))
    options = _options(beside)
    resources = {name: owner for tree in trees.values() for name, owner in _resources(tree)}
    routes = {f"{o.method} {o.path}": o.id for o in operations(document)}
    found: dict[str, list[Method]] = defaultdict(list)
    for path, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                for operation, method in _sent(node, tree, resources, routes, path):
                    method.aliases = aliases
                    method.arguments = {word(n): n for n in options.get(method.options, ())} | (
                        method.arguments
                    )
                    found[operation].append(method)
    return {name: sorted(sent, key=_by_use) for name, sent in found.items()}


def _by_use(method: Method) -> tuple[bool, int, str]:
    """Order methods: those of the client, of its resources, of other objects."""
    return not method.name.startswith("bh."), method.name.count("."), method.name


def models(sources: Path) -> set[str]:
    """Return the generated models that the modules below a directory import."""
    return {
        alias.name
        for path in sorted(sources.rglob("*.py"))
        if f"{RAW}.models" in path.read_text("utf-8")
        for node in ast.walk(_parsed(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{RAW}.models")
        for alias in node.names
    }


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


def _attributes(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the properties that have another name in Python."""
    for schema in document["components"]["schemas"].values():
        for name, node in schema.get("properties", {}).items():
            if attribute := node.get("x-attribute"):
                yield word(name), word(attribute)


def _options(trees: list[ast.Module]) -> dict[str, set[str]]:
    """Return the keys of each class of options, by its name."""
    classes = {n.name: n for tree in trees for n in tree.body if isinstance(n, ast.ClassDef)}

    def keys(name: str) -> Iterator[str]:
        for node in classes[name].body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                yield node.target.id
        for base in classes[name].bases:
            if isinstance(base, ast.Name) and base.id in classes:
                yield from keys(base.id)

    return {name: set(keys(name)) for name in classes if name.endswith("Options")}


def _class_of_options(function: Function) -> str:
    match function.args.kwarg:
        case ast.arg(annotation=ast.Subscript(value=ast.Name("Unpack"), slice=ast.Name(name))):
            return name
    return ""


def _resources(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each resource class with its attribute of the client."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef) or node.name not in CLIENT:
            continue
        yield node.name, "bh"
        for inner in node.body:
            if isinstance(inner, ast.FunctionDef) and isinstance(inner.returns, ast.Name):
                call = "" if inner.decorator_list else "()"
                yield inner.returns.id, f"bh.{inner.name}{call}"


def _planned(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{RAW}.api."):
            yield from (alias.asname or alias.name for alias in node.names)


def _sent(
    owner: ast.ClassDef,
    module: ast.Module,
    resources: Mapping[str, str],
    routes: Mapping[str, str],
    path: Path,
) -> Iterator[tuple[str, Method]]:
    shown = resources.get(owner.name) or owner.name.replace("Async", "")
    functions = {n.name: n for n in (*module.body, *owner.body) if isinstance(n, Function)}
    planned = set(_planned(module))
    for function in owner.body:
        if not isinstance(function, Function) or function.name.startswith("_"):
            continue
        name = function.name
        plans = _reached(function, functions, planned, set())
        named = {routes[r] for r in ROUTE.findall(ast.get_docstring(function) or "") if r in routes}
        for operation in sorted(named | plans if owner.name in resources else named):
            direct, arguments = operation in plans, _arguments(function)
            options = _class_of_options(function)
            yield operation, Method(f"{shown}.{name}", path, direct, arguments, options)


def _reached(
    function: Function, functions: dict[str, Function], operations: set[str], seen: set[str]
) -> set[str]:
    """Return the operations that a method sends, itself or through private methods of its class
    and private functions of its module."""
    found: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name) if name in operations:
                found.add(name)
            case ast.Attribute(value=ast.Name(id="self"), attr=name) | ast.Name(id=name):
                if name.startswith("_") and name in functions and name not in seen:
                    found |= _reached(functions[name], functions, operations, {*seen, name})
    return found


def _arguments(function: Function) -> dict[str, str]:
    """Return the argument for each keyword of what the method calls."""
    given = function.args
    names = {a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)} - {"self"}
    found = {word(name): name for name in names}
    made_of = {name: name for name in names}  # the argument that a local variable is made of
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in names:
                used = _arguments_in(value, made_of)
                if len(used) == 1:
                    made_of[name] = used.pop()
    for node in ast.walk(function):
        if isinstance(node, ast.keyword) and node.arg:
            used = _arguments_in(node.value, made_of)
            if len(used) == 1:
                found[word(node.arg)] = used.pop()
    return found


def _arguments_in(value: ast.expr, made_of: Mapping[str, str]) -> set[str]:
    names = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
    return {made_of[name] for name in names & made_of.keys()}
