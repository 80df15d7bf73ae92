"""A specification is found where it is, whatever form it has there."""

import copy
import json
from pathlib import Path

import pytest

from bytehouse import ConfigError
from bytehouse_openapi import Document, Limits, UpstreamError, operations, read, target
from bytehouse_openapi.swagger2 import convert
from codegen.upstream.canonical import Canon, bare
from tests.openapi.forms import FORMS, PAGE, as_json, as_yaml, page, script
from tests.openapi.planted import PLANTED
from tests.openapi.server import Served, Site, text
from tests.openapi.swagger import as_swagger
from tests.support.cases import cases

PARTS = ("method", "path", "tag", "parameters", "body", "status", "response", "error", "security")


@cases("form", FORMS)
def test_a_document_is_read_unchanged_from_every_form(
    form: str, web: Site, vendored: Document
) -> None:
    """All planted changes arrive through every form of a docs page; so do quotes, tags, line
    separators and characters outside the basic plane, which could end a script or a string."""
    draft = copy.deepcopy(dict(vendored))
    for planted in PLANTED:
        planted.make(draft)
    draft["info"]["description"] = (
        "</script> 'single' \"double\" \\ `tick` ${x} \u2028 é 🏠 spec: {"
    )
    web.served = FORMS[form](draft)
    upstream = read(web.url(PAGE), rank=lambda found: len(operations(found)))
    assert upstream.document == draft


def test_a_file_is_read_like_an_address(tmp_path: Path, vendored: Document) -> None:
    """A document saved on disk, and a saved page with its document beside it, are read."""
    draft = copy.deepcopy(dict(vendored))
    (tmp_path / "spec.json").write_text(json.dumps(draft))
    (tmp_path / "page.html").write_text('<!doctype html><redoc spec-url="spec.json"></redoc>')
    assert read(str(tmp_path / "spec.json")).document == draft
    assert read((tmp_path / "spec.json").as_uri()).document == draft
    assert read(str(tmp_path / "page.html")).document == draft


def test_openapi_2_says_the_same_once_converted(web: Site, vendored: Document) -> None:
    """Every operation written as OpenAPI 2.0 comes back as the contract that it was."""
    web.served = {"/swagger.json": as_json(as_swagger(vendored))}
    upstream = read(web.url("/swagger.json"))
    assert upstream.version == "2.0"
    ours, theirs = Canon(vendored), Canon(upstream.document)
    for mine, other in zip(operations(vendored), operations(upstream.document), strict=True):
        before, after = ours.contract(mine), theirs.contract(other)
        for part in PARTS:
            assert bare(getattr(before, part)) == bare(getattr(after, part)), (mine.id, part)


def test_openapi_2_forms_base_paths_and_flows_are_converted() -> None:
    """Form fields, files, nullable marks, the base path and OAuth have a place in 3.0."""
    made = convert(
        {
            "swagger": "2.0",
            "host": "h",
            "basePath": "/api/v1/",
            "paths": {
                "/files": {
                    "post": {
                        "parameters": [
                            {"in": "formData", "name": "f", "type": "file", "required": True},
                            {
                                "in": "formData",
                                "name": "note",
                                "type": "string",
                                "x-nullable": True,
                            },
                        ],
                        "responses": {"200": {"description": ""}},
                    }
                }
            },
            "securityDefinitions": {
                "o": {"type": "oauth2", "flow": "application", "tokenUrl": "t"}
            },
        }
    )
    body = made["paths"]["/files"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert body["schema"]["properties"] == {
        "f": {"type": "string", "format": "binary"},
        "note": {"type": "string", "nullable": True},
    }
    assert [found.path for found in operations(made)] == ["/api/v1/files"]
    flows = made["components"]["securitySchemes"]["o"]["flows"]
    assert flows == {"clientCredentials": {"scopes": {}, "tokenUrl": "t"}}


def test_headers_go_to_the_host_that_they_are_for_alone(web: Site, vendored: Document) -> None:
    """A token opens the page and its document, and is not sent on to another host."""
    other = web.address.replace("127.0.0.1", "localhost")
    web.served = {
        PAGE: page(f"<redoc spec-url='{other}/away.json'></redoc>"),
        "/away.json": as_json(dict(vendored)),
    }
    read(web.url(PAGE), headers={"Authorization": "Bearer s3cret"})
    seen = {path: headers.get("authorization") for path, headers in web.asked}
    assert seen == {PAGE: "Bearer s3cret", "/away.json": None}


def test_headers_do_not_travel_in_the_clear() -> None:
    """Plain http to another machine is refused before anything is sent."""
    with pytest.raises(ConfigError, match="must be https"):
        read("http://docs.example/", headers={"Authorization": "Bearer s3cret"})


def test_no_error_shows_a_header(web: Site) -> None:
    """What was given to get in is in no message."""
    web.served = {PAGE: Served([b""], 403)}
    with pytest.raises(UpstreamError, match="HTTP 403") as caught:
        read(web.url(PAGE), headers={"Authorization": "Bearer s3cret"})
    assert "s3cret" not in f"{caught.value!r} {caught.value}"


def test_a_page_without_a_specification_says_what_was_looked_for(web: Site) -> None:
    """The message lists the forms that are known, and what to do."""
    web.served = {PAGE: page("<h1>Welcome</h1>" + script("render({url: '/x'})"))}
    with pytest.raises(UpstreamError, match=r"Looked for: .*spec-url.*SwaggerUIBundle.*Hint: "):
        read(web.url(PAGE))


def test_a_specification_in_a_comment_is_not_taken(web: Site, vendored: Document) -> None:
    """What a page has commented out does not count."""
    web.served = {
        PAGE: page("<!-- <redoc spec-url='old.json'></redoc> --><redoc spec-url='new.json'>"),
        "/docs/old.json": as_json({**vendored, "info": {"title": "old"}}),
        "/docs/new.json": as_json(dict(vendored)),
    }
    assert read(web.url(PAGE)).document == vendored


def test_yaml_has_the_types_of_json(web: Site) -> None:
    """Dates, yes and no stay text, and statuses are keys of text."""
    source = (
        "openapi: 3.0.0\ninfo: {version: 2024-01-02, title: no}\n"
        "paths: {/a: {get: {responses: {200: {description: yes}}}}}"
    )
    web.served = {"/a.yaml": text(source, "text/plain")}
    document = read(web.url("/a.yaml")).document
    assert document["info"] == {"version": "2024-01-02", "title": "no"}
    assert document["paths"]["/a"]["get"]["responses"] == {"200": {"description": "yes"}}


def test_a_document_in_an_unknown_character_set_is_refused(tmp_path: Path, web: Site) -> None:
    """Names in it would be wrong; where a header names the character set, it is read."""
    body = json.dumps(
        {"openapi": "3.0.2", "info": {"title": "列出"}, "paths": {}}, ensure_ascii=False
    ).encode("gb18030")
    file = tmp_path / "spec.json"
    file.write_bytes(body)
    with pytest.raises(UpstreamError, match="not UTF-8, and no header names") as raised:
        read(str(file))
    assert "iconv" in raised.value.hint
    web.served = {
        "/x": Served([body], headers={"content-type": "application/json; charset=gb18030"})
    }
    assert read(web.url("/x")).document["info"]["title"] == "列出"


def test_a_slow_server_is_given_up(web: Site) -> None:
    """The time limit holds for all requests together."""
    web.served = {PAGE: Served([], 302, {"location": PAGE})}
    with pytest.raises(UpstreamError, match="without an end"):
        read(web.url(PAGE))
    with pytest.raises(UpstreamError, match=r"was not received within 0 s|time ran out"):
        read(web.url(PAGE), limits=Limits(seconds=0))


def test_yaml_and_json_of_one_document_are_equal(web: Site, vendored: Document) -> None:
    """The notation makes no difference."""
    web.served = {"/a": as_json(dict(vendored)), "/b": as_yaml(dict(vendored))}
    assert read(web.url("/a")).document == read(web.url("/b")).document
    assert target(vendored, {"$ref": "#/components/schemas/Database"})["type"] == "object"
