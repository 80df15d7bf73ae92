"""A YAML loader for JSON documents: no dates; only true and false are booleans."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_DROPPED = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")


@cache
def loader() -> Any:
    """Return the loader class. Imports PyYAML, so call it only for YAML."""
    import yaml

    # The C parser is about twenty times faster, but not always installed.
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag not in _DROPPED]
        for first, found in base.yaml_implicit_resolvers.items()
    }
    loader_class: Any = type("Loader", (base,), {"yaml_implicit_resolvers": resolvers})
    booleans = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
    loader_class.add_implicit_resolver("tag:yaml.org,2002:bool", booleans, list("tTfF"))
    return loader_class
