"""Derive the synchronous client from the asynchronous one.

The two differ by words alone: every rule below replaces words and keeps lines, in code, comments
and docstrings alike. What differs by more belongs into a module outside, as a pair such as
`AsyncPool` and `Pool`, or `asleep` and `sleep`.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from codegen.errors import GenerationError
from codegen.formatting import tidy

HEADER = "# Derived from {source} by `make generate`. Do not edit."

# An asynchronous iterable refuses `for` without `async`; its twin is what `for` is for.
RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"^ +__iter__ = None.*$", re.MULTILINE), ""),
    (re.compile(r"\basync (?=def\b|with\b|for\b)"), ""),
    (re.compile(r"\bawait(?: +|(?=\())"), ""),
    (re.compile(r"\b__a(enter|exit|iter|next)__\b"), r"__\1__"),
    (re.compile(r"\ba(iter|next|close|closing|sleep)\b"), r"\1"),
    (re.compile(r"\basynccontextmanager\b"), "contextmanager"),
    (re.compile(r"\bStopAsyncIteration\b"), "StopIteration"),
    (re.compile(r"\b(_async|async_transport)\b"), lambda found: found[0].replace("async", "sync")),
)
CLASS = re.compile(r"\b(_?)Async(?=[A-Z])(\w+)")
"""A class of the asynchronous flavour: the synchronous one has the name without `Async`."""

NO_TWIN = frozenset({"asyncio", "anyio", "trio", "Awaitable", "Coroutine", "create_task", "gather"})


def derive(source: Path, name: str) -> str:
    """Return the unformatted synchronous form of a module, which messages call `name`."""
    text = source.read_text("utf-8")
    tree = ast.parse(text, name)
    for word, line in _words(tree):
        if word in NO_TWIN:
            raise GenerationError(
                f"{name}:{line}: `{word}` has no synchronous twin: keep it in a module outside"
            )
    raw = _raw_names(tree)
    derived = CLASS.sub(lambda found: found[0] if found[0] in raw else found[1] + found[2], text)
    for pattern, replacement in RULES:
        derived = pattern.sub(replacement, derived)
    _check(derived, name)
    return f"{HEADER.format(source=name)}\n{derived}"


def derive_package(root: Path, source: Path, into: Path) -> None:
    """Write the synchronous form of every module of a package into a new directory."""
    for path in sorted(source.rglob("*.py")):
        target = into / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(derive(path, path.relative_to(root).as_posix()), "utf-8")
    tidy(into)


def _words(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield every name that code uses, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word):
                yield word, node.lineno
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                origin = getattr(node, "module", None) or ""
                for dotted in (origin, *(alias.name for alias in names)):
                    yield from ((word, node.lineno) for word in dotted.split("."))
            case _:
                pass


def _raw_names(tree: ast.AST) -> set[str]:
    """Return the names from the raw client, which has only one flavour: they stay unchanged."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bytehouse_raw")
        for alias in node.names
    }


def _check(derived: str, name: str) -> None:
    """Raise if something asynchronous is left."""
    try:
        tree = ast.parse(derived, name)
    except SyntaxError as error:
        raise GenerationError(f"{name}:{error.lineno}: no synchronous form: {error.msg}") from error
    for node in ast.walk(tree):
        match node:
            case ast.AsyncFunctionDef() | ast.AsyncWith() | ast.AsyncFor() | ast.Await():
                raise GenerationError(f"{name}:{node.lineno}: no rule makes this synchronous")
            case _:
                pass
