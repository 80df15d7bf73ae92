"""The Python types of parsed schemas, and the expressions that decode them, for the templates."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from openapi_python_client.config import Config
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import EnumProperty, ModelProperty
from openapi_python_client.parser.properties.any import AnyProperty
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol
from openapi_python_client.parser.properties.string import StringProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.schema import Reference, Schema, UntrustedString

from codegen.errors import GenerationError
from codegen.simplify import SECRET
from codegen.spec import ARGUMENT, ATTRIBUTE, PROMISED, Facts

PLAIN: dict[type, str] = {
    AnyProperty: "Any",
    BooleanProperty: "bool",
    FloatProperty: "float",
    IntProperty: "int",
    NoneProperty: "None",
    StringProperty: "str",
}
"""Properties whose JSON value is used as it is."""

RESERVED = frozenset(
    """
    additional_properties bool classmethod datetime decode decode_all dict field float from_dict
    frozenset int list raw_response received self setters str to_dict
    """.split()
)
"""Names that an attribute cannot have, because the class uses them."""
CLASSES_RESERVED = frozenset(
    """
    Any AuthenticatedClient ClassVar Mapping Model OpenEnum Plan Response Self Timestamp Unset
    """.split()
)
"""Names that a class cannot have, because the modules use them."""
ARGUMENTS_RESERVED = frozenset({"body", "client", "plan", "strings"})
"""Names that a parameter's argument cannot have, because the module uses them."""


@dataclass(frozen=True)
class Field:
    """One attribute of a model, as the templates write it."""

    wire: str
    attribute: str
    annotation: str
    default: str | None
    decoded: str
    """Expression that decodes `source[wire]`; empty if the JSON value is used as it is."""
    description: str
    nullable: bool
    secret: bool
    promised: bool
    """Whether what is received has it: what was received without it lacks the attribute."""
    options: str
    """Further arguments of its `field(...)`."""


class ModelFields:
    """Models, fields and types for the templates."""

    def __init__(
        self, data: GeneratorData, operations: Mapping[str, Facts], config: Config
    ) -> None:
        self._operations = operations
        self._config = config
        self._models: dict[str, ModelProperty] = {m.class_info.name: m for m in data.models}
        self._sent: set[str] = set()
        """The models that callers create, and so may fill with plain strings."""
        self._secret: set[str] = set()
        """The models that are secret as a whole, or part of what is."""
        for collection in data.endpoint_collections_by_tag.values():
            for endpoint in collection.endpoints:
                self._collect([body.prop for body in endpoint.bodies], self._sent)
                self._name_arguments(endpoint)
        for model in data.models:
            if _extra(model.data).get(SECRET):
                self._collect([model], self._secret)
            marked = [p for p in _properties(model) if _extra(_schema(model, p)).get(SECRET)]
            self._collect(marked, self._secret)

    def _collect(self, properties: Iterable[PropertyProtocol], into: set[str]) -> None:
        """Collect the models that properties refer to, directly or not."""
        for used in _classes(properties):
            name = used.class_info.name
            if name in self._models and name not in into:
                into.add(name)
                self._collect(_properties(self._models[name]), into)

    def _name_arguments(self, endpoint: Endpoint) -> None:
        """Give each parameter the name of its argument, which no other name of the module is."""
        given = self._operations[endpoint.name].attributes
        for prop in parameters(endpoint):
            name = given.get(prop.name.get_untrusted_value())
            name = name or _free(prop.python_name, ARGUMENTS_RESERVED)
            prop.set_python_name(UntrustedString(name), self._config, skip_snake_case=True)

    def imports(self, properties: Iterable[PropertyProtocol]) -> list[str]:
        """Return the import of each class that the properties of an operation name."""
        infos = [used.class_info for used in _classes(properties)]
        return sorted({f"from ...models.{i.module_name} import {i.name}" for i in infos})

    def model_imports(self, model: ModelProperty, *, early: bool) -> list[str]:
        """Return the import of each class that a model's fields name.

        Args:
            model: The model.
            early: Whether to return the imports for the top of its module, or those of modules that
                import this one, directly or not.
        """
        own = model.class_info
        infos = [used.class_info for used in _classes(_properties(model)) if used.class_info != own]
        chosen = [i for i in infos if (own.name not in self._references(i.name)) == early]
        return sorted({f"from .{i.module_name} import {i.name}" for i in chosen})

    def _references(self, name: str) -> set[str]:
        """Return the names of all classes that a class refers to, directly or not."""
        reached: set[str] = set()
        ahead = [name]
        while ahead:
            model = self._models.get(ahead.pop())
            found = {c.class_info.name for c in _classes(_properties(model))} if model else set()
            ahead += found - reached
            reached |= found
        return reached

    def descriptions(self, fields: Iterable[Field]) -> dict[str, str]:
        """Return the descriptions of fields that have one."""
        return {field.attribute: field.description for field in fields if field.description}

    def is_secret(self, model: ModelProperty) -> bool:
        """Return whether a whole object is secret."""
        return model.class_info.name in self._secret

    def fields(self, model: ModelProperty) -> list[Field]:
        """Return a model's attributes, those that a caller must give first."""
        sent = model.class_info.name in self._sent
        properties = _properties(model)
        names = _attributes(model, properties)
        fields = [
            self._field(model, prop, name, sent=sent)
            for prop, name in zip(properties, names, strict=True)
        ]
        return sorted(fields, key=lambda field: field.default is not None)

    def _field(
        self, model: ModelProperty, prop: PropertyProtocol, attribute: str, *, sent: bool
    ) -> Field:
        wire = prop.name.get_untrusted_value()
        value = f"source[{wire!r}]"
        decoded = self._decoded(prop, value)
        nullable = _is_nullable(prop)
        extra = _extra(_schema(model, prop))
        promised = bool(extra.get(PROMISED))
        annotation, default = self._annotation(prop, sent=sent), None
        if not (promised or (sent and prop.required)):
            default = "UNSET" if nullable else "None"
            annotation = _union([annotation, "Unset" if nullable else "None"])
        options = (
            ["repr=False"] if (secret := self.is_secret(model) or bool(extra.get(SECRET))) else []
        )
        if extra.get(ARGUMENT) == "keyword":
            options.append("kw_only=True")
        if sent and default == "None" and (converter := _converter(prop, extra)):
            # What is received is kept as it is, so it is not converted when an attribute is set.
            options.append(f"converter={converter}, on_setattr=setters.NO_OP")
        return Field(
            wire=wire,
            attribute=attribute,
            annotation=annotation,
            default=default,
            decoded="" if decoded == value else decoded,
            description=prop.description.get_untrusted_value() if prop.description else "",
            nullable=nullable,
            secret=secret,
            promised=promised,
            options=", ".join(options),
        )

    def _annotation(self, prop: PropertyProtocol, *, sent: bool) -> str:
        match prop:
            case ModelProperty():
                free = sent and not _properties(self._models[prop.class_info.name])
                return prop.class_info.name + (" | Mapping[str, Any]" if free else "")
            case EnumProperty():
                return prop.class_info.name + (" | str" if sent else "")
            case DateTimeProperty():
                return "datetime | str" if sent else "Timestamp"
            case ListProperty():
                return f"list[{self._annotation(prop.inner_property, sent=sent)}]"
            case UnionProperty():
                return _union(self._annotation(p, sent=sent) for p in prop.inner_properties)
        if type(prop) not in PLAIN:
            name, kind = prop.name.get_untrusted_value(), type(prop).__name__
            raise GenerationError(
                f"{name}: a {kind} is not supported; correct the specification or add it here"
            )
        return PLAIN[type(prop)]

    def _decoded(self, prop: PropertyProtocol, value: str) -> str:
        """Return the expression that decodes a value; the value itself if it needs none."""
        match prop:
            case ModelProperty() | EnumProperty():
                return f"{prop.class_info.name}.decode({value})"
            case DateTimeProperty():
                return f"Timestamp.decode({value})"
            case ListProperty():
                return self._decoded_list(prop.inner_property, value)
            case AnyProperty():
                return f"own({value})"
            case UnionProperty():
                decoded_as = {self._decoded(p, value) for p in prop.inner_properties} - {value}
                if len(decoded_as) > 1:
                    name = prop.name.get_untrusted_value()
                    raise GenerationError(f"{name}: the type of a value cannot be determined")
                return decoded_as.pop() if decoded_as else value
        return value

    def _decoded_list(self, inner: PropertyProtocol, value: str) -> str:
        if isinstance(inner, ModelProperty):
            return f"{inner.class_info.name}.decode_all({value})"
        decoded = self._decoded(inner, "item")
        return f"own({value})" if decoded == "item" else f"each({value}, lambda item: {decoded})"

    def argument(self, prop: PropertyProtocol) -> str:
        """Return the type of a parameter."""
        if isinstance(prop, ListProperty | ModelProperty):
            raise GenerationError(
                f"{prop.name.get_untrusted_value()}: this parameter cannot be written as a string"
            )
        return self._annotation(prop, sent=True)

    def body(self, endpoint: Endpoint) -> ModelProperty | None:
        """Return the model of an operation's request body."""
        if not endpoint.bodies:
            return None
        prop = endpoint.bodies[0].prop
        if len(endpoint.bodies) > 1 or not isinstance(prop, ModelProperty):
            raise GenerationError(f"{endpoint.name}: its body must be one JSON object")
        return prop

    def response(self, endpoint: Endpoint) -> ModelProperty:
        """Return the model of an operation's successful response, the only one that is decoded."""
        good = [r.prop for r in endpoint.responses.patterns if r.status_code.range == (200, 200)]
        if len(good) != 1 or not isinstance(good[0], ModelProperty):
            raise GenerationError(
                f"{endpoint.name}: give it one response of success, '200', with one JSON object "
                "(EmptyResponse where there is nothing in it); the client takes any 2xx for it"
            )
        return good[0]


def attribute_name(python_name: str) -> str:
    """Return the attribute that the generator's name of a property gives: it may be a builtin's."""
    plain = python_name.removesuffix("_")
    return python_name if iskeyword(plain) else plain


def parameters(endpoint: Endpoint) -> list[PropertyProtocol]:
    """Return the parameters of an operation, without its body."""
    return [*endpoint.path_parameters, *endpoint.query_parameters, *endpoint.header_parameters]


def _properties(model: ModelProperty) -> list[PropertyProtocol]:
    return [*(model.required_properties or []), *(model.optional_properties or [])]


def _classes(properties: Iterable[PropertyProtocol]) -> Iterator[ModelProperty | EnumProperty]:
    """Yield the models and enums that properties name, whatever lists and unions they are in."""
    for prop in properties:
        match prop:
            case ModelProperty() | EnumProperty():
                yield prop
            case ListProperty():
                yield from _classes([prop.inner_property])
            case UnionProperty():
                yield from _classes(prop.inner_properties)


def _is_nullable(prop: PropertyProtocol) -> bool:
    inner = prop.inner_properties if isinstance(prop, UnionProperty) else ()
    return any(isinstance(p, NoneProperty) for p in inner)


def _schema(model: ModelProperty, prop: PropertyProtocol) -> Schema | Reference | None:
    """Return the schema of a model's property."""
    properties = model.data.properties or {}
    return next((schema for name, schema in properties.items() if name == prop.name), None)


def _extra(schema: Schema | Reference | None) -> Mapping[str, Any]:
    """Return the extensions of a schema."""
    return (schema.model_extra if schema else None) or {}


def _converter(prop: PropertyProtocol, extra: Mapping[str, Any]) -> str:
    """Return the function that makes what a caller gives into the value; empty if none does."""
    if extra.get(ARGUMENT) == "joined":
        return "joined"
    of_strings = isinstance(prop, ListProperty) and type(prop.inner_property) is StringProperty
    return "strings" if of_strings else ""


def _attributes(model: ModelProperty, properties: list[PropertyProtocol]) -> list[str]:
    """Return the attribute of each property: the one it is given, or its name, unless taken."""
    taken = set(RESERVED)
    given = [_extra(_schema(model, prop)).get(ATTRIBUTE) for prop in properties]
    taken |= set(filter(None, given))
    names = []
    for prop, name in zip(properties, given, strict=True):
        names.append(name or _free(attribute_name(prop.python_name), taken))
        taken.add(names[-1])
    return names


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _union(parts: Iterable[str]) -> str:
    """Join type names, None last."""
    return " | ".join(sorted(dict.fromkeys(parts), key="None".__eq__))
