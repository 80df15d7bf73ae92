"""Secrets are recognized by the names of their keys."""

from __future__ import annotations

import pytest

from bytehouse_emulator.loading.masking import is_secret


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("password", True),
        ("secretAccessKey", True),
        ("secret_key", True),
        ("SECRETKEY", True),
        ("key", True),
        ("apiKey", True),
        ("sessionToken", True),
        ("sasl.jaas.config", True),
        ("accessKeyID", False),
        ("access_key_id", False),
        ("publicKey", False),
        ("keyDeserializer", False),
        ("tokenURL", False),
        ("monkeys", False),
        ("bucket", False),
        ("topic", False),
    ],
)
def test_secrets_are_known_by_their_names(key: str, *, secret: bool) -> None:
    """What names a secret is masked, what names its id or place is not."""
    assert is_secret(key) is secret
