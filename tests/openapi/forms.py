"""The forms in which docs pages carry a specification."""

import json
from collections.abc import Callable
from html import escape
from typing import Any

import yaml

from tests.openapi.server import Served, text

Document = dict[str, Any]
Form = Callable[[Document], dict[str, Served]]
"""Serves a document; the page to read is /docs/index.html."""

PAGE = "/docs/index.html"


def page(body: str, head: str = "") -> Served:
    """Return a page."""
    return text(
        f"<!DOCTYPE html><html><head><title>API</title>{head}</head><body>{body}</body></html>"
    )


def script(code: str) -> str:
    """Return a script element."""
    return f"<script>{code}</script>"


def literal(document: Document) -> str:
    """Return a document as it can stand in a script: with nothing that would end the element."""
    return json.dumps(document).replace("</", "<\\/")


def quoted(document: Document) -> str:
    """Return a document as a string of JavaScript in single quotes."""
    escaped = json.dumps(document).replace("\\", "\\\\").replace("'", "\\'")
    return "'" + escaped.replace("<", "\\u003c").replace(">", "\\x3E") + "'"


def as_json(document: Document) -> Served:
    """Serve JSON."""
    return text(json.dumps(document), "application/json")


def as_yaml(document: Document) -> Served:
    """Serve YAML."""
    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return text(yaml.dump(document, Dumper=dumper, sort_keys=False), "text/yaml")


def _spec_url(url: str, path: str, head: str = "") -> Form:
    body = f'<redoc spec-url="{escape(url)}"></redoc>'
    return lambda document: {PAGE: page(body, head), path: as_json(document)}


def _scripted(code: Callable[[Document], str]) -> Form:
    return lambda document: {PAGE: page(script(code(document)))}


def _pointing(code: str, path: str = "/docs/openapi.json") -> Form:
    return lambda document: {PAGE: page(script(code)), path: as_json(document)}


def _initializer(code: str) -> Form:
    head = '<script src="./swagger-ui-bundle.js"></script><script src="swagger-initializer.js">'
    return lambda document: {
        PAGE: page("<div id='swagger-ui'></div>", f"{head}</script>"),
        "/docs/swagger-initializer.js": text(code, "text/javascript"),
        "/docs/openapi.json": as_json(document),
    }


def _swagger_express(document: Document) -> dict[str, Served]:
    code = (
        "window.onload = function() {\n  var url = window.location.search.match(/url=([^&]+)/);\n"
        f"  var options = {{\n  'swaggerDoc': {literal(document)},\n  'customOptions': {{}}\n}};\n"
        "  url = options.swaggerUrl || url\n"
        "  var ui = SwaggerUIBundle({ spec: options.swaggerDoc, url: url })\n}"
    )
    return {
        PAGE: page("<script src='./swagger-ui-init.js'> </script>"),
        "/docs/swagger-ui-init.js": text(code, "text/javascript"),
    }


def _configured(document: Document) -> dict[str, Served]:
    code = 'SwaggerUIBundle({"configUrl": "/v3/api-docs/swagger-config", layout: "Standalone"})'
    return {
        PAGE: page(script(code)),
        "/v3/api-docs/swagger-config": text('{"url": "/v3/api-docs"}', "application/json"),
        "/v3/api-docs": as_json(document),
    }


def _several(document: Document) -> dict[str, Served]:
    other = {"openapi": "3.0.0", "info": {"title": "Other", "version": "1"}, "paths": {}}
    code = (
        "const ui = SwaggerUIBundle({ urls: [ {url: 'other.json', name: 'Other'},"
        " {url: \"openapi.json\", name: 'This'} ], dom_id: '#x' });"
    )
    return {
        PAGE: page(script(code)),
        "/docs/other.json": as_json(other),
        "/docs/openapi.json": as_json(document),
    }


def _redirected(document: Document) -> dict[str, Served]:
    return {
        PAGE: Served([], 302, {"location": "/new/place.html"}),
        "/new/place.html": page("<redoc spec-url='spec.json'></redoc>"),
        "/new/spec.json": as_json(document),
    }


FORMS: dict[str, Form] = {
    "plain JSON": lambda document: {PAGE: as_json(document)},
    "plain YAML": lambda document: {PAGE: as_yaml(document)},
    "Redoc 1, spec-url, relative": _spec_url("../spec.json?a=1&b=2", "/spec.json"),
    "Redoc 2, spec-url, rooted": _spec_url("/v1/openapi.json", "/v1/openapi.json"),
    "Redoc 2, spec-url after <base>": _spec_url(
        "spec.json", "/api/v2/spec.json", '<base href="/api/v2/">'
    ),
    "Redoc 2, spec-url of YAML": lambda document: {
        PAGE: page("<redoc spec-url='openapi.yaml'></redoc>"),
        "/docs/openapi.yaml": as_yaml(document),
    },
    "Redoc.init(url)": _pointing("Redoc.init('openapi.json', {scrollYOffset: 50}, el)"),
    "Redoc.init(url), escaped": _pointing('Redoc.init("open\\u0061pi\\x2ejson", {}, el);'),
    "Redoc.init(variable)": _pointing("const spec = `openapi.json`; Redoc.init(spec, {})"),
    "Redoc.init(object)": _scripted(lambda d: f"Redoc.init({literal(d)}, {{}}, el)"),
    "Redoc.init(variable of an object)": _scripted(
        lambda d: f"var doc = {literal(d)};\nRedoc.init(doc, {{}}, el)"
    ),
    "Redoc.init(JSON.parse)": _scripted(lambda d: f"Redoc.init(JSON.parse({quoted(d)}))"),
    "Redoc 2, __redoc_state": _scripted(
        lambda d: (
            f"const __redoc_state = {literal({'menu': {}, 'spec': {'data': d}})};\n"
            "var container = document.getElementById('redoc');\n"
            "Redoc.hydrate(__redoc_state, container);"
        )
    ),
    "Redoc 3, __redoc_definition": _scripted(
        lambda d: f"const __redoc_definition = {literal(d)};\nRedoc.hydrate(__redoc_definition);"
    ),
    "Swagger UI, url": _pointing(
        "window.ui = SwaggerUIBundle({\n  // the document\n  url: 'openapi.json',\n"
        "  dom_id: '#swagger-ui', presets: [SwaggerUIBundle.presets.apis] });"
    ),
    "Swagger UI, urls": _several,
    "Swagger UI, spec": _scripted(
        lambda d: f"const ui = SwaggerUIBundle({{ dom_id: '#x', spec: {literal(d)} }})"
    ),
    "Swagger UI, spec in a variable": _scripted(
        lambda d: f"const doc = {literal(d)}; SwaggerUIBundle({{ spec: doc, dom_id: '#x' }})"
    ),
    "Swagger UI, configUrl": _configured,
    "Swagger UI, swagger-initializer.js": _initializer(
        'window.onload = function() { window.ui = SwaggerUIBundle({ url: "openapi.json" }) };'
    ),
    "Swagger UI, swaggerDoc": _swagger_express,
    "a redirect": _redirected,
    "a link to download it": lambda document: {
        PAGE: page("<a download='openapi.json' href='./openapi.json'>Download</a>"),
        "/docs/openapi.json": as_json(document),
    },
}
