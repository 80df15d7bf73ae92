"""openapi.yaml is a valid document that keeps the rules of this repository."""

from collections.abc import Callable, Iterator

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.spec.draft import original
from tests.spec.rules import RULES
from tests.spec.view import Node, operations
from tests.support.operations import DOCUMENTED


def test_it_is_valid() -> None:
    """The document is valid OpenAPI 3.1."""
    problems = [error.message for error in OpenAPIV31SpecValidator(original()).iter_errors()]
    assert not problems


def test_operation_ids_stay() -> None:
    """The operations have the names that the client is built on, in the order of the docs."""
    # Modules and methods are named after them: to change one breaks callers.
    ids = [operation.name for operation in operations(original())]
    assert [name for name in ids if name in DOCUMENTED] == list(DOCUMENTED)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_it_keeps_the_rule(rule: Callable[[Node], Iterator[str]]) -> None:
    """No part of the document breaks the rule."""
    broken = list(rule(original()))
    assert not broken, "\n" + "\n".join(broken)
