"""The page of the docs is what the command says of itself."""

from __future__ import annotations

from codegen import cli_page


def test_the_page_is_what_the_command_says() -> None:
    """Every command, its options and its examples; `make generate` writes it."""
    assert cli_page.PAGE.read_text("utf-8") == cli_page.page(), "run `make generate`"
