"""ByteHouse's SQL that this engine cannot run truly: refused with a reason, and not as an error of
the caller.

What is here is in the vendor's public documents or in the open-source core.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from bytehouse_emulator.errors import not_modelled
from bytehouse_emulator.sql.lexer import Statement


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    what: str
    reason: str


def _rule(pattern: str, what: str, reason: str) -> _Rule:
    return _Rule(re.compile(pattern), what, reason)


_FIXED: Final = "how a table is stored is fixed when it is created."
_API: Final = "use the operations of the API."
# Matched against the keywords and symbols of a statement, in upper case with a space between.
_RULES: Final = (
    _rule(
        r"^(BEGIN|COMMIT|ROLLBACK|START TRANSACTION)\b",
        "A transaction",
        "each statement takes effect.",
    ),
    _rule(r"^(ALTER|CREATE|DROP|SHOW|RENAME) (VIRTUAL )?WAREHOUSES?\b", "SQL on warehouses", _API),
    _rule(
        r"^(GRANT|REVOKE|(SHOW|CREATE|ALTER|DROP) (ROLES?|USERS?|GRANTS|PRIVILEGES|QUOTA))\b",
        "SQL on users, roles and permissions",
        _API,
    ),
    _rule(
        r"^(CREATE|SHOW|DROP) (STATS|STATISTICS|COLUMN_STATS|AUTOSTATS)\b|^(CREATE|SHOW|DROP)"
        r" (GLOBAL |SESSION )?BINDINGS?\b|^ANALYZE\b",
        "SQL on statistics and plan bindings",
        "the optimizer that reads them is ByteHouse's own.",
    ),
    _rule(
        r"^(REFRESH MATERIALIZED VIEW|ALTER MATERIALIZED VIEW)\b",
        "Refreshing a view",
        "views are kept up to date.",
    ),
    _rule(
        r"^(CALL|LOAD|PRELOAD|PREPARE|EXECUTE|DEALLOCATE|UNDROP|MERGE)\b",
        "",
        "the engine has nothing like it.",
    ),
    _rule(r"^REPLACE INTO\b", "REPLACE INTO", "INSERT INTO a table with a unique key replaces."),
    _rule(
        r"^INSERT (IGNORE|THROW)\b|^INSERT .*\bON DUPLICATE KEY\b",
        "An INSERT that treats duplicates otherwise",
        "a later row of a unique key replaces the earlier one.",
    ),
    _rule(r"^INSERT .*\b(INFILE|INPATH)\b", "INSERT from a file", "use an import job."),
    _rule(
        r"^(SHOW|CREATE|DROP|ALTER|USE) (EXTERNAL )?CATALOGS?\b|^(CREATE|SHOW) EXTERNAL\b",
        "SQL on external catalogs and tables",
        "they reach outside the emulator.",
    ),
    _rule(r"^(CREATE|DROP|SHOW) SNAPSHOTS?\b", "SQL on snapshots", "there is no time travel."),
    _rule(
        r"^ALTER TABLE .*\b(RECLUSTER|MODIFY CLUSTER|CLUSTER BY|DROP CLUSTER|MODIFY ORDER BY)\b",
        "Changing the bucketing or order of a table",
        _FIXED,
    ),
    _rule(
        r"^ALTER TABLE .*\b(INGEST|REPAIR|SAMPLE|PRELOAD|DROP PRELOADED) PARTITION\b",
        "This command on partitions",
        "REPLACE, DETACH, ATTACH and DROP PARTITION are.",
    ),
    _rule(r"^TRUNCATE .*\bPARTITION\b", "TRUNCATE PARTITION", "DROP PARTITION is."),
    _rule(r"\b_DELETE_FLAG_\b", "The column _delete_flag_", "use DELETE FROM a unique table."),
    _rule(
        r"\bBITMAP64\b|\b(BITMAP(COUNT|MULTICOUNT|EXTRACT|MULTIEXTRACT|MULTICOUNTWITHDATE|JOIN"
        r"|MAXLEVEL|FROMCOLUMN|TOARRAYWITHENCODE|COLUMN\w+)|ARRAYTOBITMAP(WITHENCODE)?"
        r"|EMPTYBITMAP) \(",
        "BitMap64",
        "the engine's bitmaps are states of groupBitmap.",
    ),
    _rule(r"[\w?] \{ (\?|\d+) \}", "Reading a map by {}", "map['key'] is, with '' for a miss."),
    _rule(
        r"(^SET|\bSETTINGS?) (.*, )?(VIRTUAL_WAREHOUSE|DIALECT_TYPE|CNCH_\w+|STORAGE_POLICY"
        r"|ENABLE_OPTIMIZER\w*|ENABLE_UNIQUE_\w+|DEDUP_\w+) =",
        "This setting in a statement",
        "warehouse (vwID, virtual_warehouse) and dialect (mode, dialect_type) are of a request.",
    ),
    _rule(r"\bSYSTEM \. CNCH_\w+", "A system table of ByteHouse's own", "system.tables is."),
    _rule(
        r"\b(CNCHS3|CNCHHDFS|CNCHHIVE|CNCHTOS|CNCHLAS) \(",
        "This table function",
        "it reaches outside the emulator.",
    ),
)
_ALSO_QUOTED: Final = frozenset({"_DELETE_FLAG_", "DIALECT_TYPE", "VIRTUAL_WAREHOUSE"})
_ON_DUPLICATE: Final = re.compile(r"\)\s*(ON\s+DUPLICATE\s+KEY)\b", re.IGNORECASE)
_INFILE: Final = re.compile(r"\s*(INFILE)\b", re.IGNORECASE)


def refuse_unmodelled(statement: Statement) -> None:
    """Raise a 501 for a statement of ByteHouse that cannot be run here."""
    parts = []
    for token in statement.tokens:
        if token.kind == "data":
            found = _ON_DUPLICATE.search(token.text[-400:]) or _INFILE.match(token.text[:40])
            parts += [" ".join(found[1].upper().split())] if found else []
        elif token.kind == "quoted" and token.name.upper() in _ALSO_QUOTED:
            parts.append(token.name.upper())
        elif token.kind in {"string", "quoted"}:
            parts.append("?")
        else:
            parts.append(token.text.upper())
    text = " ".join(parts)
    for rule in _RULES:
        if rule.pattern.search(text):
            what = rule.what or " ".join(text.split()[:2])
            raise not_modelled(what, rule.reason)
