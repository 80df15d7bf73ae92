"""Whatever an address returns, reading it ends soon, with an error that says why."""

import json
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bytehouse_openapi import UpstreamError, match, operations, read, shape_of, shapes_of_client
from codegen import adopt, drift
from tests.openapi.server import Served, Site, text
from tests.support.cases import cases

SECONDS = 5  # of processor time, which a busy machine does not change
PIECE = b"0" * (1 << 20)


def compressed(megabytes: int) -> list[bytes]:
    """Return zeros in gzip's format, without an end: a flushed piece can be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first, more = (packer.compress(PIECE) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return [first, *[more] * (megabytes - 1)]


def aliases() -> str:
    """Return YAML of a few lines that stands for a billion values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "openapi: 3.0.0\npaths: {}\n" + "\n".join(lines)


def merges() -> str:
    """Return the same with merge keys."""
    lines = ["a0: &a0 {k: 1}"]
    lines += [f"a{i}: &a{i}\n  <<: [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "openapi: 3.0.0\npaths: {}\n" + "\n".join(lines)


def spec(schemas: dict[str, Any], **operation: Any) -> Served:
    """Serve a specification of one operation that returns the schema A0."""
    schema = {"schema": {"$ref": "#/components/schemas/A0"}}
    responses = {"200": {"description": "", "content": {"application/json": schema}}}
    document = {
        "openapi": "3.0.0",
        "paths": {"/a": {"get": {"responses": responses, **operation}}},
        "components": {"schemas": schemas},
    }
    return text(json.dumps(document), "application/json")


def referring(*names: str) -> dict[str, Any]:
    """Return an object that refers to others."""
    return {
        "type": "object",
        "properties": {n: {"$ref": f"#/components/schemas/{n}"} for n in names},
    }


def html(content: str) -> Served:
    """Serve a page that begins like one."""
    return text(f"<!doctype html><html>{content}")


HOSTILE: dict[str, tuple[Served, str]] = {
    "not found": (Served([b"no"], 404), "HTTP 404"),
    "server error": (Served([b"no"], 500), "HTTP 500"),
    "empty": (Served([]), "not an OpenAPI document"),
    "page without a specification": (html("<body>Hi</body>"), "Looked for"),
    "200 MB of zeros": (Served([PIECE] * 200), "larger than 33554432 bytes"),
    "2 MB of zeros": (Served([PIECE] * 2), "not an OpenAPI document"),
    "200 MB of zeros, packed": (
        Served(compressed(200), headers={"content-encoding": "gzip"}),
        "larger than 33554432 bytes",
    ),
    "YAML aliases": (text(aliases(), "text/yaml"), "aliases counted"),
    "YAML merges": (text(merges(), "text/yaml"), "aliases counted|neither JSON nor YAML"),
    "YAML alias of itself": (text("paths: &a {x: *a}", "text/yaml"), "inside of itself"),
    "deep YAML": (text("- " * 100_000, "text/yaml"), "nested more than 100 deep"),
    "deep JSON": (text('{"a":' * 100_000, "application/json"), "nested more than 100 deep"),
    "long YAML": (text("- 0\n" * 600_000, "text/yaml"), "more than 500000 values"),
    "$refs that multiply": (
        spec(
            {f"A{i}": {**referring(), "allOf": [referring(f"A{i + 1}")] * 10} for i in range(12)}
            | {"A12": {"type": "string"}}
        ),
        "more than 2000000 values",
    ),
    "$refs of all to all": (
        spec({f"A{i}": referring(*(f"A{j}" for j in range(30))) for i in range(30)}),
        "more than 2000000 values",
    ),
    "$refs in a long chain": (
        spec({f"A{i}": referring(f"A{i + 1}") for i in range(9999)} | {"A9999": {}}),
        "nested too deeply",
    ),
    "page of brackets": (html("<" * 2_000_000), "Looked for"),
    "page of comments": (html("<!--" * 500_000), "Looked for"),
    "page of open tags": (html("<a " * 500_000), "Looked for"),
    "page of open quotes": (html('<a b="' * 250_000), "Looked for"),
    "script of open objects": (
        html("<script>SwaggerUIBundle(" + "{spec:{" * 50_000),
        "Looked for",
    ),
    "script of open strings": (
        html("<script>SwaggerUIBundle(" + 'spec:{"' * 50_000),
        "Looked for",
    ),
    "script of spaces": (html("<script>Redoc.init(" + " " * 500_000 + "spec"), "Looked for"),
    "page of a long attribute": (html("<a " + "a" * 2_000_000 + ">"), "Looked for"),
    "page of long attributes": (html(("<a " + "a" * 4990 + ">") * 400), "Looked for"),
    "page of a long tag": (html("<" + "a" * 2_000_000 + ">"), "Looked for"),
    "page of open names": (html(("<a " + "a " * 2490 + ">") * 400), "Looked for"),
    "page with an invalid address": (html("<redoc spec-url='http://['></redoc>"), "not an address"),
    "page with an invalid base": (
        html("<base href='http://[x'><redoc spec-url='a'></redoc>"),
        "cannot be",
    ),
    "page with an unheard-of port": (
        html("<redoc spec-url='http://127.0.0.1:99999999/'></redoc>"),
        "cannot be",
    ),
    "redirect to an invalid address": (Served([], 302, {"location": "http://["}), "not an address"),
    "configuration with an invalid address": (
        text('{"urls": [{"url": "http://[", "name": "x"}]}', "application/json"),
        "not an address",
    ),
    **{
        f"YAML {value}": (text(f"openapi: 3.0.0\npaths: {value}", "text/yaml"), "neither JSON nor")
        for value in (
            "!!timestamp x",
            "!!int ''",
            "!!bool maybe",
            "!!float x",
            "!!binary ü",
            "!!int 0:0:x",
            "{? [a] : b}",
            "!!python/name:os.system ''",
            "!!omap x",
        )
    },
    "YAML strings that multiply": (
        text(f"paths: &a {'x' * 1_000_000}\nb: [{'*a,' * 1000}]", "text/yaml"),
        "aliases counted",
    ),
    "redirects in a circle": (Served([], 302, {"location": "/x"}), "without an end"),
    "redirect to a file": (
        Served([], 302, {"location": "file://localhost/etc/hostname"}),
        "cannot be",
    ),
    "page that names a file": (
        html("<redoc spec-url='file://localhost/etc/hostname'></redoc>"),
        "not fetched",
    ),
    "another version": (text('{"openapi": "4.0", "paths": {}}', "application/json"), "4.0"),
    "unsound OpenAPI 2.0": (
        text('{"swagger": "2.0", "paths": {"/a": {"get": {"parameters": [5]}}}}', "text/json"),
        "not a valid OpenAPI",
    ),
    "number without an end": (text('{"openapi":' + "9" * 99_999, "text/json"), "neither JSON"),
}


@cases("name", HOSTILE)
def test_it_ends_in_a_clear_error_within_seconds(name: str, web: Site) -> None:
    """The error names the reason; neither time nor memory runs out."""
    served, reason = HOSTILE[name]
    web.served = {"/x": served}
    began = time.process_time()
    with pytest.raises(UpstreamError, match=reason):
        read(web.url("/x"))
    assert time.process_time() - began < SECONDS


@cases(
    "reference",
    ["#/components/schemas/A0", "#/nowhere", "x.yaml#/A", "#/components/schemas/A1", "#/paths/x/y"],
)
def test_a_reference_to_nothing_leaves_the_rest_of_the_document(reference: str, web: Site) -> None:
    """It is named; what it stands for counts as unknown, and all else is read."""
    schemas = {"A0": {"$ref": reference}, "A1": {"$ref": "#/components/schemas/A0"}}
    elsewhere = {"name": "n", "in": "query", "schema": {"type": "string"}}
    web.served = {"/x": spec(schemas, parameters=[elsewhere, {"$ref": "more.yaml#/p"}])}
    upstream = read(web.url("/x"))
    assert {reference, "more.yaml#/p"} <= set(upstream.unresolved)
    (only,) = operations(upstream.document)
    assert [parameter["name"] for parameter in only.parameters] == ["n"]
    assert only.unknown == {"parameters"}


def test_a_reference_in_an_extension_means_nothing(tmp_path: Path) -> None:
    """One that leads nowhere is unknown to nobody, unless a reference leads to the extension; names
    that look like extensions are none."""
    nothing = {"$ref": "#/nowhere"}
    named = {"x-b": {"$ref": "#/x-more/C"}, "x-a": {"$ref": "a.yaml"}}
    content = {"application/json": {"schema": {"properties": named, "x-of": [nothing]}}}
    get = {"responses": {"default": {"description": "", "content": content}}, "x-D": nothing}
    more = {"C": {"items": {"$ref": "c.yaml"}}, "E": nothing}
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps({"openapi": "3.0.0", "paths": {"/": {"get": get}}, "x-more": more}))
    assert sorted(read(str(file)).unresolved) == ["a.yaml", "c.yaml"]


@cases(
    "charset",
    [
        "hex",
        "idna",
        "punycode",
        "unicode_escape",
        "undefined",
        "zip",
        "\0",
        "utf-7",
        "rot13",
        "mbcs",
    ],
)
def test_a_document_is_read_whatever_character_set_it_claims(charset: str, web: Site) -> None:
    """What is none, and what only Python knows as one, is passed over."""
    kind = f"application/json; charset={charset}"
    web.served = {"/x": text(json.dumps(PETSTORE), kind.replace("\0", "nul"))}
    assert read(web.url("/x")).version == "3.0.2"


MISSHAPEN: list[Any] = [[[]], "x", None, {"a": []}, {"$ref": ["x"]}]


@cases("value", MISSHAPEN)
def test_a_value_of_a_wrong_type_is_read_or_refused(value: Any, web: Site) -> None:
    """A list for a string, anywhere in a document: it is read, or refused with our error."""
    ours = shapes_of_client()
    for document in (DETAILED, SWAGGER):
        for path in paths_in(document):
            changed = json.loads(json.dumps(document))
            node = changed
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = value
            web.served = {"/x": text(json.dumps(changed), "application/json")}
            with suppress(UpstreamError):
                found = read(web.url("/x")).document
                match(ours, [shape_of(found, one) for one in operations(found)])


def paths_in(node: Any) -> list[list[Any]]:
    """Return the way to each value of a document."""
    if not isinstance(node, dict | list):
        return []
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    return [
        way for key, value in inner for way in ([key], *([key, *rest] for rest in paths_in(value)))
    ]


BODY = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}}
DETAILED: dict[str, Any] = {
    "openapi": "3.0.0",
    "servers": [{"url": "/api"}],
    "paths": {
        "/a/{b}": {
            "parameters": [{"name": "b", "in": "path"}],
            "get": {
                "operationId": "x",
                "tags": ["t"],
                "summary": "s",
                "x-upstream": {"operationId": "y"},
                "requestBody": {"content": {"application/json": {"schema": BODY}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"allOf": [BODY]}}}}
                },
            },
        }
    },
}
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "host": "h",
    "basePath": "/api",
    "schemes": ["https"],
    "consumes": ["application/json"],
    "paths": {
        "/a": {
            "post": {
                "parameters": [{"name": "b", "in": "body", "schema": BODY}],
                "responses": {"200": {"description": "", "schema": BODY}},
            }
        }
    },
}


PETSTORE: dict[str, Any] = {
    "openapi": "3.0.2",
    "info": {"title": "Swagger Petstore", "version": "1"},
    "servers": [{"url": "/api/v3"}],
    "paths": {
        path: {
            method: {
                "operationId": name,
                "tags": [path.split("/")[1]],
                "summary": summary,
                "parameters": [
                    {"name": part.strip("{}"), "in": "path", "required": True, "schema": {}}
                    for part in path.split("/")
                    if part.startswith("{")
                ],
                "responses": {"200": {"description": ""}},
            }
        }
        for path, method, name, summary in (
            ("/pet", "post", "addPet", "Add a new pet to the store"),
            ("/pet/findByStatus", "get", "findPetsByStatus", "Finds Pets by status"),
            ("/pet/{petId}", "get", "getPetById", "Find pet by ID"),
            ("/store/inventory", "get", "getInventory", "Returns pet inventories by status"),
            ("/store/order/{orderId}", "delete", "deleteOrder", "Delete purchase order by ID"),
            ("/user", "post", "createUser", "Create user"),
            ("/user/{username}", "put", "updateUser", "Update user"),
        )
    },
}


def test_another_api_is_not_taken_for_this_one(web: Site) -> None:
    """A specification of pets is read, and refused as not being of this service."""
    web.served = {"/x": text(json.dumps(PETSTORE), "application/json")}
    document = read(web.url("/x")).document
    matching = match(shapes_of_client(), [shape_of(document, o) for o in operations(document)])
    with pytest.raises(UpstreamError, match="not a specification of the ByteHouse API: only"):
        matching.require_same_api("it")


@pytest.mark.parametrize("name", ["YAML aliases", "another API"])
def test_the_commands_change_nothing_and_say_why(
    name: str, web: Site, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`drift` exits 3, `adopt` 1; the repository's file is as it was."""
    pets = text(json.dumps(PETSTORE), "application/json")
    web.served = {"/x": HOSTILE[name][0] if name in HOSTILE else pets}
    (tmp_path / "openapi.yaml").write_bytes((root / "openapi.yaml").read_bytes())
    arguments = [web.url("/x"), "--repository", str(tmp_path)]

    assert drift.main(arguments) == 3
    assert adopt.main([*arguments, "--no-tests"]) == 1

    told = capsys.readouterr()
    assert "Could not tell whether there is drift." in told.err
    assert "Nothing was changed." in told.err
    assert told.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["openapi.yaml"]
    assert (tmp_path / "openapi.yaml").read_bytes() == (root / "openapi.yaml").read_bytes()
