"""Take the words of a help from the docstring of a method."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import attrs

from ._resource_table import RESOURCES

_ARGUMENT = re.compile(r"^    \*{0,2}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
_ROUTE = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/\S*?)`")
_NAME = re.compile(r"(?<!`)`(\w+(?:\.\w+)?)`(?!`)")
_SECTION = re.compile(r"^(?:Args|Returns|Raises|Example|Attributes):$", re.MULTILINE)
# A shell has text alone, and needs no word for the other ways to give a time.
_IN_PYTHON = (
    (re.compile(r", a timedelta, or "), " or "),
    (re.compile(r",? or a timedelta(?: of whole minutes)?,"), ""),
    (re.compile(r"\ba timedelta,? or "), ""),
    (re.compile(r"; see `[A-Z]\w+`"), ""),
    (re.compile(r"`+"), ""),
)
_VERBS = {"Iterate over": "List", "Return all": "List all", "Return": "Show"}


@attrs.frozen
class Description:
    """Hold what a docstring says.

    Attributes:
        summary: Its first paragraph.
        paragraphs: The others before its first section, without that of the routes.
        routes: The paragraph of the routes; empty if there is none.
        methods: The HTTP methods of the routes.
        arguments: Descriptions of the arguments, by name.
    """

    summary: str
    paragraphs: tuple[str, ...]
    routes: str
    methods: frozenset[str]
    arguments: dict[str, str]

    @property
    def sentence(self) -> str:
        """The first sentence of the summary, without its full stop."""
        return re.split(r"\.(?: |$)", self.summary)[0]


def describe(method: Callable[..., Any]) -> Description:
    """Return what the docstring of a method says, in the words of a shell."""
    text = _NAME.sub(_in_commands(method), inspect.getdoc(method) or "")
    before = _SECTION.split(text, maxsplit=1)[0]
    paragraphs = [" ".join(part.split()) for part in before.split("\n\n") if part.strip()]
    routes = " ".join(part for part in paragraphs if _ROUTE.match(part))
    summary, *rest = [_in_shell(part) for part in paragraphs if not _ROUTE.match(part)] or [""]
    for verb, shown in _VERBS.items():
        if summary.startswith(f"{verb} "):
            summary = shown + summary.removeprefix(verb)
            break
    return Description(
        summary=summary,
        paragraphs=tuple(rest),
        routes=_in_shell(routes),
        methods=frozenset(method for method, _ in _ROUTE.findall(routes)),
        arguments={name: _in_shell(what) for name, what in argument_texts(text).items()},
    )


def argument_texts(docstring: str) -> dict[str, str]:
    """Return what a docstring says of each argument, on one line, by its name."""
    return {name: " ".join(what.split()) for name, what in _ARGUMENT.findall(docstring)}


def _in_commands(method: Callable[..., Any]) -> Callable[[re.Match[str]], str]:
    """Return what turns the name of an argument or of a method into that of a shell."""
    parameters = inspect.signature(method).parameters

    def turned(name: re.Match[str]) -> str:
        attribute, dot, rest = name[1].partition(".")
        if dot:
            for group, resource in RESOURCES.items():
                if resource.attribute == attribute:
                    command = resource.commands.get(rest) or rest.replace("_", "-")
                    return f"`bytehouse {group} {command}`"
        elif name[1] in parameters:
            one = parameters[name[1]]
            is_option = one.kind is one.KEYWORD_ONLY or one.default is not one.empty
            return f"--{name[1].replace('_', '-')}" if is_option else name[1].upper()
        return name[0]

    return turned


def _in_shell(text: str) -> str:
    text = " ".join(text.split())
    for pattern, replacement in _IN_PYTHON:
        text = pattern.sub(replacement, text)
    return text
