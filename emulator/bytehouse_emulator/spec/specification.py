"""Read `openapi.yaml`: the operations, and what is valid in their requests and responses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import jsonschema_rs
import yaml

from bytehouse_emulator.errors import invalid

_URI: Final = "urn:bytehouse"
_METHODS: Final = ("get", "put", "post", "delete", "patch")
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_MAX_DIGITS: Final = 4000

Validate = Callable[[object], str]


def specification_text() -> str:
    """Return the specification: from the package when installed, else from the repository."""
    packaged = resources.files(__package__) / "openapi.yaml"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[3] / "openapi.yaml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation."""

    name: str
    place: Literal["path", "query", "header"]
    required: bool
    schema: Mapping[str, Any]
    validate: Validate

    def read(self, value: str | None) -> object:
        """Parse and validate the value in a request."""
        if value is None:
            if self.required:
                self._refuse("is required.")
            return None
        read: object = value
        if self.schema.get("type") == "integer":
            if not _INTEGER.fullmatch(value):
                self._refuse(f"must be an integer, not {value[:40]!r}.")
            # Python itself refuses to parse more than 4,300 digits.
            read = number = int(value) if len(value) <= _MAX_DIGITS else 1 << 63
            if not -(1 << 63) <= number < 1 << 63:
                self._refuse("takes more than 64 bits.")
        if problem := self.validate(read):
            self._refuse(f"is not as it must be: {problem}")
        return read

    def _refuse(self, reason: str) -> NoReturn:
        raise invalid("Parameter", f"The {self.place} parameter {self.name!r} {reason}")


class Operation:
    """An operation of the specification."""

    def __init__(self, spec: Specification, method: str, path: str, item: Mapping[str, Any]):
        self.id: str = item["operationId"]
        self.method = method.upper()
        self.path = path
        self.summary: str = item["summary"]
        self._spec = spec
        self.item = item

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters."""
        found = [self._spec.resolve(raw) for raw in self.item.get("parameters", ())]
        return tuple(
            Parameter(
                name=raw["name"],
                place=raw["in"],
                required=raw.get("required", False),
                schema=raw["schema"],
                validate=self._spec.validator(raw["schema"]),
            )
            for raw in found
        )

    @cached_property
    def takes_role(self) -> bool:
        """Whether a request may name the role it acts under."""
        return any(parameter.name == self._spec.role_header for parameter in self.parameters)

    @cached_property
    def takes_body(self) -> bool:
        """Whether a request has a body."""
        return "requestBody" in self.item

    @cached_property
    def validate_body(self) -> Validate:
        """The validator of a request body."""
        return self._spec.validator(self._schema(self.item["requestBody"]))

    @cached_property
    def body_properties(self) -> Mapping[str, Mapping[str, Any]]:
        """The schemas of a request body's properties, by name."""
        properties = self._spec.resolve(self._schema(self.item["requestBody"])).get("properties")
        return {name: self._spec.resolve(inner) for name, inner in (properties or {}).items()}

    def unknown_fields(self, body: object) -> set[str]:
        """Return the fields of a body, and of objects in it, that the specification does not have.

        Objects of which it has no field are open, and bodies that it declares so.
        """
        schema = self._spec.resolve(self._schema(self.item["requestBody"]))
        open_ended = schema.get("additionalProperties")
        return set() if open_ended else set(self._spec.unknown_fields(schema, body))

    @cached_property
    def response_schema(self) -> Mapping[str, Any]:
        """The schema of a successful response."""
        return self._schema(self.item["responses"]["200"])

    @cached_property
    def data_key(self) -> str:
        """The key of the data in a successful response."""
        keys = self._spec.resolve(self.response_schema).get("properties", {})
        others = [key for key in keys if key not in ("message", "error", "meta")]
        return others[0] if len(others) == 1 else "data"

    @cached_property
    def validate_response(self) -> Validate:
        """The validator of a successful response."""
        return self._spec.validator(self.response_schema)

    def normalize_integers(self, body: dict[str, Any]) -> None:
        """Convert the integers of a body to int: JSON Schema accepts 5.0 as one, of any size."""
        for name in body.keys() & self.body_properties.keys():
            if "integer" in self.body_properties[name].get("type", ()) and body[name] is not None:
                body[name] = int(body[name])
                if not -(1 << 63) <= body[name] < 1 << 63:
                    raise invalid("Request", f"The number {name!r} takes more than 64 bits.")

    def _schema(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        schema: Mapping[str, Any]
        schema = self._spec.resolve(content)["content"]["application/json"]["schema"]
        return schema


def load_yaml(text: bytes | str) -> Any:
    """Parse YAML, with libyaml where PyYAML has it: that is ten times as fast."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text, Loader=loader)  # noqa: S506 - both are safe


class Specification:
    """The specification, with its schemas ready to validate."""

    def __init__(self, text: str) -> None:
        self.document: dict[str, Any] = load_yaml(text)
        self.operations = {
            operation.id: operation
            for path, item in self.document["paths"].items()
            for method in _METHODS
            if method in item
            for operation in [Operation(self, method, path, item[method])]
        }

    @cached_property
    def role_header(self) -> str:
        """The name of the header with the role of a call."""
        name: str = self.document["components"]["parameters"]["ActiveRole"]["name"]
        return name

    @cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        return jsonschema_rs.Registry([(_URI, self.document)])

    def resolve(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow a reference, if it is one."""
        found: Mapping[str, Any] = raw
        while "$ref" in found:
            target: Any = self.document
            for step in found["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            found = target
        return found

    def unknown_fields(
        self, raw: Mapping[str, Any], value: object, path: str = ""
    ) -> Iterator[str]:
        """Return the paths of fields that a schema with properties does not have."""
        schema = self.resolve(raw)
        if isinstance(value, list):
            for inner in value:
                yield from self.unknown_fields(schema.get("items", {}), inner, path)
        elif isinstance(value, dict) and (properties := schema.get("properties")):
            for name, inner in value.items():
                if name in properties:
                    yield from self.unknown_fields(properties[name], inner, f"{path}{name}.")
                else:
                    yield path + name

    def validator(self, schema: Mapping[str, Any]) -> Validate:
        """Make a function that returns what is wrong with a value, "" if nothing is."""
        absolute = dict(schema)
        if "$ref" in absolute:
            absolute["$ref"] = _URI + absolute["$ref"]
        validator = jsonschema_rs.Draft202012Validator(absolute, registry=self._registry)

        def problem(value: object) -> str:
            try:
                validator.validate(value)
            except jsonschema_rs.ValidationError as error:
                where = "".join(f"[{step!r}]" for step in error.instance_path)
                return f"{error.message} (at {where})" if where else error.message
            return ""

        return problem
