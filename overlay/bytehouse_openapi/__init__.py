"""Read a tenant's specification of the API, and find our operations in it.

Used by the client (`bytehouse routes pull`) and by the repository (`make drift`, `make adopt`).
"""

from __future__ import annotations

from .document import Document, SpecOperation, operations, target
from .errors import UpstreamError
from .matching import Matching, Pair, match, path_in_our_words
from .reader import Limits, Upstream, read
from .shape import Shape, shape_of, shapes_of_client

__all__ = [
    "Document",
    "Limits",
    "Matching",
    "Pair",
    "Shape",
    "SpecOperation",
    "Upstream",
    "UpstreamError",
    "match",
    "operations",
    "path_in_our_words",
    "read",
    "shape_of",
    "shapes_of_client",
    "target",
]
