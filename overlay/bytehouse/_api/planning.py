"""Find the generated function that plans a call of an operation."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bytehouse_raw.operations import Operation
from bytehouse_raw.plan import Plan


def planner(operation: Operation) -> Callable[..., Plan[Any]]:
    """Return the function that plans calls of an operation."""
    package = re.sub(r"\W+", "_", operation.tag.lower())
    module = import_module(f"bytehouse_raw.api.{package}.{operation.id}")
    plan: Callable[..., Plan[Any]] = module.plan
    return plan
