"""The operations of the specification: method and path, by id."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

_SPECIFICATION: Final = yaml.safe_load(
    (Path(__file__).parents[2] / "openapi.yaml").read_text("utf-8")
)
OPERATIONS: Final[dict[str, tuple[str, str]]] = {
    item[method]["operationId"]: (method.upper(), path)
    for path, item in _SPECIFICATION["paths"].items()
    for method in ("get", "put", "post", "delete", "patch")
    if method in item
}
