"""Answer the operation on how far the bucketing of a table has come."""

from __future__ import annotations

from typing import Any, Final

from .._call import Call, operation
from .._envelope import success

_KIND: Final = "clustering"


@operation
def get_cluster_status(call: Call) -> dict[str, Any]:
    """Answer with the progress of bucketing, which sets out when it is first asked about.

    Keys are those of the open-source engine; the words of the status are inferred.
    """
    emulator = call.emulator
    row = emulator.catalog.row(call.text("db_name"), call.text("table_name"))
    clauses = emulator.catalog.clauses(row["uuid"])
    if clauses is None or not clauses.cluster_by:
        return _answer("NotClustered", 0)
    emulator.transitions.begin_once(_KIND, row["uuid"])
    progress = emulator.transitions.progress(_KIND, row["uuid"])
    return _answer("Clustered" if progress >= 1 else "Clustering", round(100 * progress, 2))


def _answer(status: str, progress: float) -> dict[str, Any]:
    return success({"cluster_status": status, "cluster_progress": progress})
