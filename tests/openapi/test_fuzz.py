"""Whatever a document or a docs page holds, it is read or refused by one of our errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import ByteHouseError
from bytehouse._api.routing import fill, parse_route
from bytehouse_openapi import match, operations, read, shape_of, shapes_of_client
from bytehouse_openapi.pages import specs_in
from bytehouse_raw.operations import OPERATIONS

OURS = shapes_of_client()
KEYS = """openapi swagger paths components schemas parameters responses requestBody content schema
    $ref properties items allOf get post operationId summary servers url basePath consumes name in
    definitions required type application/json /a /{b}/c 200 default info additionalProperties
    enum""".split()
VALUES = """3.0.0 3.1.0 2.0 #/components/schemas/a #/paths/~1a #/a/0/%7E #/ a /{b}/c path query body
    object array string list_databases https://x.example/v1 //x /v1""".split()
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
values = st.recursive(
    scalars | st.sampled_from(VALUES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)
fields = st.dictionaries(st.sampled_from(KEYS), values, max_size=4)
schemas = st.dictionaries(st.sampled_from(["a", "b"]), fields | values, max_size=2)
paths = st.dictionaries(
    st.sampled_from(["/a", "/{b}/c", "a", "/v1/databases/{d}"]),
    st.dictionaries(st.sampled_from(["get", "post", "$ref", "servers"]), fields | values),
    max_size=2,
)
documents = st.fixed_dictionaries(
    {"paths": paths},
    optional={
        "components": st.fixed_dictionaries({"schemas": schemas, "responses": schemas}),
        "definitions": schemas,
        "servers": values,
        "basePath": values,
    },
)
VERSIONS: list[dict[str, object]] = [{"openapi": "3.0.0"}, {"openapi": "3.1.0"}, {"swagger": "2.0"}]
written = st.builds(
    lambda *parts: json.dumps(parts[0] | parts[1]), st.sampled_from(VERSIONS), documents
)
MARKS = """openapi: paths: - : &a *a <<: !! !!binary ? { } [ ] , " ' | > # % --- ... 3.0.0 /a: get:
    2020-01-01 0x1 1e9 ~""".split()
MARKS += ["\n", "\n  ", "\n    ", " ", "\t", "\ufeff", "\x85"]
TAGS = """< > </ /> = ' " ` <!-- --> <![CDATA[ <script </script> <script> openapi.json a.js http://[
    &#x41; &amp Redoc.init( SwaggerUIBundle({ url: spec: JSON.parse( __redoc_state { } ) , ; x \\u
    \\x4 {"openapi":"3.0.0"} {openapi:'3'}""".split()
TAGS += [" ", "<base href=", "<redoc spec-url=", "<a href=", " src=", " type='application/json'"]
TAGS += ["window.x = ", "var x = "]
ROUTE = ["\t", " ", *"/ v1 { } {db_name} {table_name} %2F ? # .. GET".split()]


def mixed(parts: list[str]) -> st.SearchStrategy[str]:
    """Generate texts of some parts and a few other characters."""
    return st.lists(st.sampled_from(parts) | st.text(max_size=3), max_size=24).map("".join)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file that all examples write."""
    return tmp_path_factory.mktemp("fuzz") / "document"


@given(document=written | mixed(MARKS).map("openapi: 3.0.0\n".__add__))
def test_any_document_is_read_or_refused(file: Path, document: str) -> None:
    """In JSON or YAML; what is read can be matched with our operations."""
    file.write_text(document, "utf-8", "surrogatepass")
    try:
        found: Any = read(str(file)).document
        shapes = [shape_of(found, operation) for operation in operations(found)]
        match(OURS, shapes)
    except ByteHouseError as error:
        assert error.message  # noqa: PT017 - most are refused, some are not


@given(mixed(TAGS))
def test_any_page_can_be_searched(html: str) -> None:
    """What it names is an address or an object, and never half of one."""
    try:
        found, scripts = specs_in(html, "https://docs.example/here/")
    except ByteHouseError as error:
        assert error.message  # noqa: PT017 - a literal may be nested too deeply
    else:
        assert all(one.address or one.document is not None for one in found)
        assert all(scripts)


@given(st.sampled_from(["list_databases", "get_database", "get_table"]), mixed(ROUTE))
def test_any_route_is_parsed_or_refused(operation: str, route: str) -> None:
    """By an error that names the source; what is parsed can be called."""
    try:
        parsed = parse_route(operation, f"GET /{route}", "routes.toml")
    except ByteHouseError as error:
        assert "routes.toml" in str(error)  # noqa: PT017 - most are refused, some are not
    else:
        values = dict.fromkeys(parsed.names, "a/b")
        path = fill(parsed, OPERATIONS[operation], values)
        assert path.startswith("/")
        assert path.count("a%2Fb") >= len(parsed.names)
