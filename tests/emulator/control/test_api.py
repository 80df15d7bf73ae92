"""The control API refuses what it does not know."""

from __future__ import annotations

import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("POST /_emulator/clock", {"seconds": 1}),
        ("PUT /_emulator/transitions", {"mode": "sometimes"}),
        ("POST /_emulator/transitions/step", {"type": "warehouse"}),
        ("POST /_emulator/roles", {"name": " "}),
        ("POST /_emulator/users", {"roles": "SystemAdmin"}),
    ],
)
def test_an_unknown_key_or_value_is_refused(api: Api, endpoint: str, body: object) -> None:
    """A misspelt body is an error, not ignored."""
    status, code = api.fails(endpoint, body)
    assert status == 400
    assert code.endswith("_Invalid")


def test_from_python_a_refusal_says_why(emulator: RunningEmulator) -> None:
    """And not only which status it had."""
    with pytest.raises(ValueError, match="There is no operation 'create_tabel'"):
        emulator.fault("create_tabel")
