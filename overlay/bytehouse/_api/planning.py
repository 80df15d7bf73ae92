"""Find the generated function that plans a call of an operation."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from bytehouse_raw import api
from bytehouse_raw.operations import Operation
from bytehouse_raw.plan import Plan


def planner(operation: Operation) -> Callable[..., Plan[Any]]:
    """Return the function that plans calls of an operation."""
    module = import_module(f"{api.__name__}.{_packages()[operation.id]}.{operation.id}")
    plan: Callable[..., Plan[Any]] = module.plan
    return plan


@cache
def _packages() -> dict[str, str]:
    """Return the package of each operation's module; how its tag makes one, the generator knows."""
    return {
        module.name: package.name
        for place in api.__path__
        for package in iter_modules([place])
        for module in iter_modules([str(Path(place, package.name))])
    }
