"""Remove the secrets of a request from its response."""

from __future__ import annotations

import json
from collections.abc import Collection

import attrs

from .._core.secrets import Secret
from .._transport.models import Response


class SecretMask:
    """Hold a secret in the forms in which a response may repeat it."""

    __slots__ = ("forms", "secret")

    def __init__(self, secret: Secret) -> None:
        plain = secret.reveal()
        forms = (plain, json.dumps(plain, ensure_ascii=False)[1:-1], json.dumps(plain)[1:-1])
        self.secret = secret
        self.forms = tuple(dict.fromkeys(form.encode() for form in forms))


def redact(response: Response, masks: Collection[SecretMask]) -> Response:
    """Return a response without the secrets of its request, where the service repeated them.

    A string that is too short to be a secret worth the name stays, and in a success so does one
    that might be a word of the response's own.
    """
    body, headers = response.body, response.headers
    values = "\n".join(headers.values())
    shortest = 8 if response.status < 300 else 4
    for mask in sorted(masks, key=lambda mask: len(mask.secret), reverse=True):
        secret = mask.secret
        if len(secret) < shortest:
            continue
        for form in mask.forms:
            body = body.replace(form, b"***")
        if secret in values:
            headers = {name: value.replace(secret, "***") for name, value in headers.items()}
    if body is response.body and headers is response.headers:
        return response
    return attrs.evolve(response, body=body, headers=headers)
