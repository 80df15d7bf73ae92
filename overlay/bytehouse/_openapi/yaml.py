"""A YAML loader for documents that stand for JSON: no dates; true and false alone are booleans."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

__all__ = ["loader"]

_DROPPED = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")


@cache
def loader() -> Any:
    """Return the loader's class. Imports PyYAML, so it is called where YAML is met."""
    import yaml

    # The parser in C is some twenty times faster; not every installation has it.
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag not in _DROPPED]
        for first, found in base.yaml_implicit_resolvers.items()
    }
    made: Any = type("Loader", (base,), {"yaml_implicit_resolvers": resolvers})
    booleans = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
    made.add_implicit_resolver("tag:yaml.org,2002:bool", booleans, list("tTfF"))
    return made
