"""Derive the arguments and options of a command from the signature of a method."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from enum import Enum
from os import PathLike
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import click

from bytehouse._core.secrets import Secret
from bytehouse_raw.types import Unset

from ._docstrings import Description
from ._operation_options import Json
from ._secrets import SecretReference, ask_secret
from ._settings import global_options

QUALIFIED = "qualified"
# Global options have names too, and parameters of one name are one to click.
_OWN = "own_"
_SECRETS = frozenset({"token"})
# The role is a global option.
_LEFT_OUT = frozenset({"self", "role"})
_REQUIRED = inspect.Parameter.empty
_SEVERAL: set[Any] = {Iterable[str], Iterable[int]}
_TEXT = (str, bytes, date, timedelta)


class Signature:
    """The arguments and options of a method, and how their values are given to it.

    A database and the name of something in it are one argument, ``DATABASE.NAME``; the database may
    be left out if one is configured.

    Args:
        method: The method.
        description: What its docstring says.

    Attributes:
        parameters: The arguments and options.
    """

    def __init__(self, method: Callable[..., Any], description: Description) -> None:
        known = inspect.signature(method).parameters
        self._inner = _name_in_database(known)
        self._in_database = "database" in known and known["database"].default is _REQUIRED
        self.parameters: list[click.Parameter] = []
        for name, one in known.items():
            kinds = _kinds(one.annotation, method)
            if name in _LEFT_OUT or one.kind is one.VAR_KEYWORD or _is_function(kinds):
                continue
            text = description.arguments.get(name, "") + _known(kinds)
            if name == self._inner:
                self.parameters.append(_argument(QUALIFIED, "DATABASE.NAME", text))
            elif name in _SECRETS:
                self.parameters.append(_secret(name, text))
            elif name != "database" or not self._inner:
                self.parameters.append(_parameter(one, kinds, text))

    def arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of the method; what was not given is left out.

        Args:
            values: Values of the arguments and options.

        Raises:
            UsageError: The database is missing.
        """
        given = {
            name.removeprefix(_OWN): _plain(value)
            for name, value in values.items()
            if value is not None and value != ()
        }
        if self._inner:
            given["database"], given[self._inner] = split_name(given.pop(QUALIFIED))
        elif self._in_database and "database" not in given:
            given["database"] = default_database("Name it")
        return given


def split_name(text: str) -> tuple[str, str]:
    """Return the database and the name in ``DATABASE.NAME``.

    Raises:
        UsageError: It names no database, and none is configured.
    """
    database, dot, name = text.partition(".")
    if not dot:
        return default_database(f"Write DATABASE.{text}"), text
    if not (database and name):
        raise click.UsageError(f"{text!r} is not DATABASE.NAME.")
    return database, name


def default_database(otherwise: str) -> str:
    """Return the configured database.

    Args:
        otherwise: What to do if there is none.

    Raises:
        UsageError: There is none.
    """
    database: str | None = global_options().config(routes={}).database
    if database is None:
        raise click.UsageError(f"No database given. {otherwise}, or configure one.")
    return database


def argument_of(parameter: click.Parameter) -> str:
    """Return the argument of the method that a parameter of a command stands for."""
    return (parameter.name or "").removeprefix(_OWN)


def _name_in_database(parameters: Mapping[str, inspect.Parameter]) -> str | None:
    """Return the argument that names something in a database; None if there is none."""
    match [one.name for one in parameters.values() if one.default is _REQUIRED]:
        case ["self", "database", ("name" | "table") as inner, *_]:
            return str(inner)
        case _:
            return None


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    return list(value) if isinstance(value, tuple) else value


def _argument(name: str, metavar: str, text: str, **more: Any) -> click.Argument:
    return click.Argument([_OWN + name], metavar=metavar, help=text, **more)


def _secret(name: str, text: str) -> click.Option:
    option = f"--{name}"

    def asked(_context: click.Context, _parameter: click.Parameter, value: Any) -> Secret:
        return value or ask_secret(name, f"{option} env:NAME or {option} file:PATH")

    return click.Option(
        [option, _OWN + name],
        type=SecretReference(),
        metavar="REFERENCE",
        callback=asked,
        help=f"{text} Give env:NAME or file:PATH; it is asked for otherwise.",
    )


def _parameter(one: inspect.Parameter, kinds: set[Any], text: str) -> click.Parameter:
    required, several = one.default is _REQUIRED, bool(kinds & _SEVERAL)
    if required and one.kind is not one.KEYWORD_ONLY:
        configured = one.name == "database"  # it may be
        metavar = "[DATABASE]" if configured else one.name.upper() + "..." * several
        return _argument(
            one.name,
            metavar,
            text,
            type=_type(kinds),
            nargs=-1 if several else 1,
            required=not configured,
        )
    option = f"--{one.name.replace('_', '-')}"
    if bool in kinds:
        either = option if one.default is False else f"{option}/--no-{option[2:]}"
        return click.Option([either, _OWN + one.name], is_flag=True, default=None, help=text)
    kind = _type(kinds)
    pairs = isinstance(kind, _PairOrJson)
    return click.Option(
        [option, _OWN + one.name],
        type=kind,
        multiple=several or pairs,
        callback=_merged if pairs else None,
        required=required,
        help=f"{text} May be repeated." if several or pairs else text,
    )


def _merged(_context: click.Context, _parameter: click.Parameter, values: tuple[Any, ...]) -> Any:
    """Return the pairs of all mappings, or else the one value."""
    if all(isinstance(value, dict) for value in values):
        return {name: item for value in values for name, item in value.items()} or None
    if len(values) > 1:
        raise click.BadParameter("is a JSON list: give all in it.")
    return values[0]


def _kinds(annotation: Any, method: Callable[..., Any]) -> set[Any]:
    """Return the types that a value may have, the empty ones left out."""
    if isinstance(annotation, str):
        names = inspect.unwrap(method).__globals__
        annotation = eval(annotation, names)  # noqa: S307 - an annotation of our own
    if get_origin(annotation) in (Union, UnionType):
        return {kind for one in get_args(annotation) for kind in _kinds(one, method)}
    return {annotation} - {NoneType, Unset}


def _known(kinds: set[Any]) -> str:
    """Return which values are known, where others are accepted too."""
    enums = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum)]
    words = [str(word.value) for kind in enums for word in kind]
    return f" Known: {', '.join(words)}." if words and str in kinds else ""


def _is_function(kinds: set[Any]) -> bool:
    return any(get_origin(kind) is Callable for kind in kinds)


def _type(kinds: set[Any]) -> click.ParamType[Any]:
    """Return the type of what is written for a value of any of the types."""
    literals = {kind for kind in kinds if get_origin(kind) is Literal}
    text = {kind for kind in kinds if isinstance(kind, type) and issubclass(kind, _TEXT)}
    if literals and str not in kinds:
        words = [word for kind in literals for word in get_args(kind)]
        return click.Choice(words, case_sensitive=False)
    if any(get_origin(kind) is PathLike for kind in kinds):
        return click.Path(dir_okay=False, path_type=Path)
    if float in kinds:
        return click.FLOAT
    if int in kinds:
        return NumberOrText() if text else click.INT
    if kinds - text - literals - _SEVERAL:
        pairs = Mapping[str, str] in kinds
        return _PairOrJson() if pairs else _TextOrJson() if text else Json()
    return click.STRING


class _TextOrJson(Json):
    """Text; or JSON, where it begins as an object or a list does, or is in a file."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse what is JSON."""
        if isinstance(value, str) and not value.lstrip().startswith(("{", "[", "@")):
            return value
        return super().convert(value, param, ctx)


class _PairOrJson(Json):
    """One name and its value, or JSON."""

    name = "NAME=VALUE|JSON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Split what is no JSON."""
        if isinstance(value, str) and not value.lstrip().startswith(("{", "[", "@")):
            name, sign, other = value.partition("=")
            if not (name.strip() and sign):
                self.fail("must be NAME=VALUE, JSON, or @FILE with JSON.", param, ctx)
            return {name.strip(): other}
        return super().convert(value, param, ctx)


class NumberOrText(click.ParamType[Any]):
    """A whole number, or text."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        """Parse what is a number."""
        number = isinstance(value, str) and value.isascii() and value.isdigit()
        return int(value) if number else value
