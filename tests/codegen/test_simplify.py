"""What the generator cannot express is simplified, and nothing secret loses its mark."""

from typing import Any

import pytest

from codegen.simplify import simplified

TEXT = {"type": "string"}
SECRET = {"type": "string", "format": "password"}
NAMED = {
    "Point": {"type": "object", "properties": {"x": {"type": "integer"}}},
    "Line": {"type": "object", "properties": {"a": TEXT}},
    "Colour": {"type": "string", "enum": ["red"]},
    "Password": SECRET,
    "Keys": {"type": "object", "properties": {"ak": TEXT, "sk": SECRET}},
    "Hidden": {"type": "object", "x-secret": True, "properties": {"a": TEXT}},
    "Names": {"type": "array", "items": TEXT},
}


def ref(name: str) -> dict[str, str]:
    """Return a reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def made(schema: Any) -> Any:
    """Return what becomes of a property with a schema."""
    holder = {"type": "object", "properties": {"it": schema}}
    document = {"components": {"schemas": {**NAMED, "Holder": holder}}, "paths": {}}
    return simplified(document)["components"]["schemas"]["Holder"]["properties"]["it"]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "format": "uuid", "default": "x", "maxLength": 3}, TEXT),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        ({"type": "integer", "enum": [1, 2]}, {"type": "integer"}),
        ({"enum": [1, "a"]}, {}),
        ({"const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": ["object", "string"]}, {}),
        (True, {}),
        ({"oneOf": [ref("Point"), ref("Line")]}, {}),
        ({"oneOf": [ref("Point"), TEXT]}, {"anyOf": [ref("Point"), TEXT]}),
        ({"anyOf": [ref("Point"), {"type": "null"}]}, {"anyOf": [ref("Point"), {"type": "null"}]}),
        ({"anyOf": [ref("Point"), {"type": "string", "format": "date-time"}]}, {}),
        ({"anyOf": [ref("Names"), ref("Point")]}, {}),
        ({"allOf": [ref("Point")], "description": "d"}, {**ref("Point")}),
    ],
)
def test_a_schema_becomes_what_the_generator_can_express(schema: Any, expected: Any) -> None:
    """A type where it can be told how a value is decoded, else any value."""
    assert made(schema) == expected


def test_the_parts_of_all_of_are_one_object() -> None:
    """Properties and what is required come from each part."""
    found = made({"allOf": [ref("Point"), {"required": ["a"]}, ref("Line")]})
    assert found["properties"].keys() == {"x", "a"}
    assert found["required"] == ["a"]


def test_values_of_an_enum_have_names_of_their_own() -> None:
    """Values whose names would be equal are all kept."""
    found = made({"type": "string", "enum": ["a-b", "a_b", "A B", "c"]})
    assert found["enum"] == ["a-b", "a_b", "A B", "c"]
    assert found["x-enum-varnames"] == ["A_B", "A_B_2", "A_B_3", "C"]


@pytest.mark.parametrize(
    "schema",
    [
        SECRET,
        {"type": "string", "format": "uuid", "x-secret": True},
        ref("Password"),
        {"type": "array", "items": SECRET},
        {"anyOf": [SECRET, {"type": "null"}]},
        {"oneOf": [ref("Keys"), ref("Line")]},
        {"oneOf": [{"type": "object", "properties": {"deep": ref("Keys")}}, ref("Line")]},
        {"type": "object", "additionalProperties": ref("Keys")},
        {"type": "object", "patternProperties": {"^x": SECRET}},
        {"type": "object", "unevaluatedProperties": ref("Password")},
        {"type": "array", "prefixItems": [TEXT, ref("Keys")]},
        {"type": ["object", "string"], "properties": {"a": SECRET}},
        {**ref("Point"), "x-secret": True},
    ],
)
def test_what_holds_a_secret_is_marked(schema: Any) -> None:
    """Wherever no class of its own hides it, the property or object does."""
    assert made(schema)["x-secret"] is True


@pytest.mark.parametrize("name", ["Keys", "Hidden", "Point"])
def test_an_object_hides_its_own_secrets(name: str) -> None:
    """A property that refers to one shows what it may show."""
    assert made(ref(name)) == ref(name)
