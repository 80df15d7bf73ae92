"""Build the options of an operation from the signature of its plan and the fields of its body."""

from __future__ import annotations

import inspect
import json
import sys
import uuid
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

from ._docstrings import argument_texts
from ._settings import GlobalOptions

_SIMPLE: dict[str, click.ParamType[Any]] = {
    "str": click.STRING,
    "int": click.INT,
    "float": click.FLOAT,
    "bool": click.BOOL,
}
_STATEMENT = frozenset({"query", "mode", "vw_id"})


class Json(click.ParamType[Any]):
    """JSON, `@FILE` with JSON, or `@-` for JSON on standard input."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the JSON."""

        def refuse(what: str) -> NoReturn:
            self.fail(f"{what} is not JSON", param, ctx)

        if not isinstance(value, str):
            return value
        try:
            return json.loads(_read_argument(value), parse_constant=refuse)
        except OSError as error:
            self.fail(f"{value[1:]} cannot be read: {error.strerror}", param, ctx)
        except (ValueError, RecursionError) as error:
            self.fail(f"it is not JSON: {error}", param, ctx)


def _read_argument(value: str) -> str:
    if value == "@-":
        return sys.stdin.read()
    return Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value


@attrs.frozen
class _Input:
    """One input of an operation.

    Attributes:
        name: Name in Python.
        wire: Name in the body; None if it is not in the body.
        annotation: Its Python type.
        required: Whether it must be given.
        help: Description.
    """

    name: str
    wire: str | None
    annotation: str
    required: bool
    help: str = ""

    @property
    def option(self) -> click.Option:
        """The option for it."""
        words = self.name.strip("_").replace("_", "-")
        names = [f"--{words}"]
        if self.wire and self.wire.isalnum() and self.wire != words:
            names.append(f"--{self.wire}")
        kind, repeatable, known = _kind(self.annotation)
        help_text = [self.help, known, "May be repeated." if repeatable else ""]
        help_text.append("Required." if self.required and self.wire else "")
        return click.Option(
            [*names, self.name],
            type=kind,
            multiple=repeatable,
            # A field of the body may also be given in --body.
            required=self.required and self.wire is None,
            show_default=False,
            help=" ".join(filter(None, help_text)),
        )


def _kind(annotation: str) -> tuple[click.ParamType[Any], bool, str]:
    """Return the type of an option, whether it may be repeated, and a help text on its values."""
    first, *more = (part for part in annotation.split(" | ") if part not in ("None", "Unset"))
    listed = first.removeprefix("list[").removesuffix("]")
    if listed in _SIMPLE:
        return _SIMPLE[listed], listed != first, ""
    if more != ["str"]:
        return Json(), False, "JSON, or @FILE with JSON."
    enum: type[OpenEnum] = getattr(models, first)
    return click.STRING, False, f"Known: {', '.join(enum)}."


class OperationOptions:
    """The inputs of an operation as options."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self._plan = planner(operation)
        parameters = inspect.signature(self._plan, eval_str=True).parameters
        help_text = argument_texts(inspect.getdoc(self._plan) or "")
        self._body: type[Model] | None = get_type_hints(self._plan).get("body")
        self._fields = [
            _Input(
                name,
                None,
                inspect.formatannotation(one.annotation),
                one.default is one.empty,
                help_text.get(name, ""),
            )
            for name, one in parameters.items()
            # The role is given by --role.
            if name not in ("body", "x_user_active_role")
        ]
        if self._body is not None:
            known = attrs.fields_dict(self._body)
            self._fields += [
                _Input(name, wire, str(known[name].type), known[name].default is attrs.NOTHING)
                for wire, name in self._body._fields.items()
            ]

    @property
    def options(self) -> list[click.Parameter]:
        """The options."""
        options: list[click.Parameter] = [field.option for field in self._fields]
        if self._body is not None:
            text = "The whole body as JSON, @FILE with JSON, or @- for standard input."
            options.append(click.Option(["--body"], type=Json(), help=text))
        return options

    @property
    def example(self) -> str:
        """The options that must be given, as an example."""
        return " ".join(f"{f.option.opts[0]} {f.name.upper()}" for f in self._fields if f.required)

    def plan(self, shared: GlobalOptions, body: Any = None, **values: Any) -> Plan[Any]:
        """Plan the call from the values of the options.

        Args:
            shared: Options whose settings apply to statements, unless others are given.
            body: The whole body.
            **values: Values of the options.

        Raises:
            UsageError: The body is not an object, or lacks a field.
        """
        given = {name: value for name, value in values.items() if value not in (None, ())}
        if {field.name for field in self._fields} >= _STATEMENT:
            config = shared.config(routes={})
            configured = {
                "mode": config.mode,
                "vw_id": config.warehouse,
                "query_id": str(uuid.uuid4()),  # by which Ctrl-C stops it
            }
            inside = {f.name for f in self._fields if f.wire in (body or {})}
            given |= {
                name: value
                for name, value in configured.items()
                if value is not None and name not in given and name not in inside
            }
        arguments = {f.name: given[f.name] for f in self._fields if not f.wire and f.name in given}
        if self._body is not None:
            arguments["body"] = self._body_model(body, given)
        return self._plan(**arguments)

    def _body_model(self, body: Any, given: dict[str, Any]) -> Model:
        if body is not None and not isinstance(body, dict):
            raise click.UsageError("--body must be a JSON object.")
        fields = [field for field in self._fields if field.wire]
        whole = {
            **(body or {}),
            **{f.wire: _as_list(given[f.name]) for f in fields if f.name in given},
        }
        lacking = [f.option.opts[0] for f in fields if f.required and f.wire not in whole]
        if lacking:
            raise click.UsageError(f"Missing {', '.join(lacking)}, or a --body with it.")
        assert self._body is not None  # noqa: S101 - for the type checker
        model = self._body.from_dict(whole)
        _mask_secrets(model)
        return model


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _mask_secrets(value: Any) -> None:
    """Wrap secrets anywhere in a model, so that they are printed masked."""
    if isinstance(value, list):
        for one in value:
            _mask_secrets(one)
    if isinstance(value, Model):
        for field in attrs.fields(type(value)):
            inner = getattr(value, field.name, None)
            if field.repr:
                _mask_secrets(inner)
            else:
                setattr(value, field.name, _as_secrets(inner))


def _as_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_secrets(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_secrets(inner) for inner in value]
    return Secret(value) if isinstance(value, str) else value
