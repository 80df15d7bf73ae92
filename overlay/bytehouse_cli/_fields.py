"""Make the options of a call from the signature of its plan and the fields of its body."""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any, NoReturn, get_type_hints

import attrs
import click

from bytehouse._api.planning import planner
from bytehouse._core.secrets import Secret
from bytehouse_raw import models
from bytehouse_raw.operations import Operation
from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model, OpenEnum

__all__ = ["Form"]

_SIMPLE: dict[str, click.ParamType[Any]] = {
    "str": click.STRING,
    "int": click.INT,
    "float": click.FLOAT,
    "bool": click.BOOL,
}
_ARGUMENT = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


class Json(click.ParamType[Any]):
    """JSON text, or `@FILE` that holds it, or `@-` for standard input."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value that the text stands for."""

        def refuse(what: str) -> NoReturn:
            self.fail(f"{what} is no JSON", param, ctx)

        if not isinstance(value, str):
            return value
        try:
            return json.loads(_text(value), parse_constant=refuse)
        except OSError as error:
            self.fail(f"{value[1:]} cannot be read: {error.strerror}", param, ctx)
        except (ValueError, RecursionError) as error:
            self.fail(f"it is no JSON: {error}", param, ctx)


def _text(value: str) -> str:
    if value == "@-":
        return sys.stdin.read()
    return Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value


@attrs.frozen
class _Field:
    """Hold one thing that a call takes.

    Attributes:
        name: Name in Python.
        wire: Name in the body; None if it does not go there.
        annotation: Its type.
        required: Whether the call makes no sense without it.
        help: What it is.
    """

    name: str
    wire: str | None
    annotation: str
    required: bool
    help: str = ""

    @property
    def option(self) -> click.Option:
        """The option that says it."""
        words = self.name.strip("_").replace("_", "-")
        names = [f"--{words}"]
        if self.wire and self.wire.isalnum() and self.wire != words:
            names.append(f"--{self.wire}")
        kind, many, known = _kind(self.annotation)
        told = [self.help, known, "May be repeated." if many else ""]
        told.append("Required." if self.required and self.wire else "")
        return click.Option(
            [*names, self.name],
            type=kind,
            multiple=many,
            # A field of the body may also stand in --body.
            required=self.required and self.wire is None,
            show_default=False,
            help=" ".join(filter(None, told)),
        )


def _kind(annotation: str) -> tuple[click.ParamType[Any], bool, str]:
    """Return the type of an option, whether it may be repeated, and which values are known."""
    first, *more = (part for part in annotation.split(" | ") if part not in ("None", "Unset"))
    listed = first.removeprefix("list[").removesuffix("]")
    if listed in _SIMPLE:
        return _SIMPLE[listed], listed != first, ""
    if more != ["str"]:
        return Json(), False, "JSON, or @FILE that holds it."
    enum: type[OpenEnum] = getattr(models, first)
    return click.STRING, False, f"Known: {', '.join(enum)}."


class Form:
    """Hold what a call of an operation takes."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self._plan = planner(operation)
        takes = inspect.signature(self._plan, eval_str=True).parameters
        told = {
            name: " ".join(text.split())
            for name, text in _ARGUMENT.findall(inspect.getdoc(self._plan) or "")
        }
        self._body: type[Model] | None = get_type_hints(self._plan).get("body")
        self._fields = [
            _Field(
                name,
                None,
                inspect.formatannotation(one.annotation),
                one.default is one.empty,
                told.get(name, ""),
            )
            for name, one in takes.items()
            # The role is said by --role.
            if name not in ("body", "x_user_active_role")
        ]
        if self._body is not None:
            known = attrs.fields_dict(self._body)
            self._fields += [
                _Field(name, wire, str(known[name].type), known[name].default is attrs.NOTHING)
                for wire, name in self._body._fields.items()
            ]

    @property
    def options(self) -> list[click.Parameter]:
        """Options that say it."""
        options: list[click.Parameter] = [field.option for field in self._fields]
        if self._body is not None:
            text = "The whole body as JSON, or @FILE that holds it, or @- for standard input."
            options.append(click.Option(["--body"], type=Json(), help=text))
        return options

    def plan(self, body: Any = None, **values: Any) -> Plan[Any]:
        """Plan the call from the values of the options.

        Raises:
            UsageError: The body is no object, or lacks a field.
        """
        given = {name: value for name, value in values.items() if value not in (None, ())}
        arguments = {f.name: given[f.name] for f in self._fields if not f.wire and f.name in given}
        if self._body is not None:
            arguments["body"] = self._filled(body, given)
        return self._plan(**arguments)

    def _filled(self, body: Any, given: dict[str, Any]) -> Model:
        if body is not None and not isinstance(body, dict):
            raise click.UsageError("--body must be a JSON object.")
        fields = [field for field in self._fields if field.wire]
        whole = {
            **(body or {}),
            **{f.wire: _plain(given[f.name]) for f in fields if f.name in given},
        }
        lacking = [f.option.opts[0] for f in fields if f.required and f.wire not in whole]
        if lacking:
            raise click.UsageError(f"Missing {', '.join(lacking)}, or a --body that says it.")
        assert self._body is not None  # noqa: S101 - for the type checker
        model = self._body.from_dict(whole)
        _hide(model)
        return model


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _hide(value: Any) -> None:
    """Wrap what may be a secret, wherever it is in a model, so that nothing prints it."""
    if isinstance(value, list):
        for one in value:
            _hide(one)
    if isinstance(value, Model):
        for field in attrs.fields(type(value)):
            inner = getattr(value, field.name)
            if field.repr:
                _hide(inner)
            else:
                setattr(value, field.name, _wrapped(inner))


def _wrapped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _wrapped(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_wrapped(inner) for inner in value]
    return Secret(value) if isinstance(value, str) else value
