"""A YAML loader for documents that stand for JSON: no dates, and only true and false are booleans.

Imports PyYAML, so it is itself imported where YAML is met.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

__all__ = ["Loader"]

# The parser in C is some twenty times faster; not every installation has it.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DROPPED = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")


class Loader(_Base):  # type: ignore[misc]
    """Load the types that JSON has."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _DROPPED]
        for first, resolvers in _Base.yaml_implicit_resolvers.items()
    }


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
