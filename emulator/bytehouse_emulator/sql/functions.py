"""Which functions of the engine a statement may call.

The engine has a category for each of its functions. Those of the categories below only compute,
and of the other functions only those that are named here are allowed; so what a newer engine brings
is refused until somebody has looked at it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from bytehouse_emulator.sql.engine import EngineSession

_CATEGORIES: Final = (
    "Arithmetic", "Arrays", "Bit", "Bitmap", "Comparison", "Conditional", "Dates and Times",
    "Dictionary", "Distance", "Embedded Dictionary", "Encoding", "Encryption", "Financial", "Geo",
    "Geo Polygon", "Hash", "IP Address", "JSON", "Logical", "Machine Learning", "Map",
    "Mathematical", "Null", "NumericIndexedVector", "QBit", "Random Number", "Rounding", "String",
    "String Replacement", "String Search", "String Splitting", "Time Series", "Time Window",
    "Tuple", "Type Conversion", "URL", "UUID",
)  # fmt: skip
_NAMED: Final = frozenset(
    # `Nested` is also a type of columns; _CAST and caseWithExpression are what the engine writes.
    """nested _cast casewithexpression casewithexpr
    bar blocknumber blockserializedsize blocksize bytesize colorOKLABToSRGB colorOKLCHToSRGB
    colorSRGBToOKLAB colorSRGBToOKLCH connectionid countdigits currentdatabase currentprofiles
    currentqueryid currentroles currentschemas currentuser defaultprofiles defaultroles
    defaultvalueofargumenttype defaultvalueoftypename digits displayname dumpcolumnstructure
    enabledprofiles enabledroles errorcodetoname finalizeaggregation flipcoordinates formatquery
    formatqueryornull formatquerysingleline formatquerysinglelineornull formatreadabledecimalsize
    formatreadablequantity formatreadablesize formatreadabletimedelta fqdn fullhostname
    generaterandomstructure getsetting getsettingordefault getsizeofenumtype getsubcolumn
    gettypeserializationstreams globalvariable hascolumnintable hostname icebergbucket
    icebergtruncate identity ignore indexhint initialqueryid initialquerystarttime
    initializeaggregation isconstant isdecimaloverflow joinget joingetornull lowcardinalityindices
    lowcardinalitykeys macnumtostring macstringtonum macstringtooui materialize
    minsamplesizecontinuous minsamplesizeconversion neighbor normalizequery normalizequerykeepnames
    normalizedqueryhash normalizedqueryhashkeepnames obfuscatequery obfuscatequerywithseed
    parseiso8601duration parsereadablesize parsereadablesizeornull parsereadablesizeorzero
    parsetimedelta partitionid queryid revision rownumberinallblocks rownumberinblock
    runningaccumulate runningconcurrency runningdifference
    runningdifferencestartingwithfirstvalue sleep sleepeachrow structuretocapnprotoschema
    structuretoprotobufschema tcpport throwif tocolumntypename totypename tokenizequery transform
    uptime variantelement varianttype version visiblewidth""".lower().split()
)
_TABLE_FUNCTIONS: Final = frozenset(
    "dictionary generate_series generaterandom generateseries loop merge null numbers numbers_mt"
    " primes sqlstandardvalues values view zeros zeros_mt".split()
)


class Functions(NamedTuple):
    """Names of functions of the engine, in lower case.

    `scalar` and `table` are those that no statement may call, `higher_order` those that take
    another function by its name.
    """

    scalar: frozenset[str]
    table: frozenset[str]
    higher_order: frozenset[str]


_found: list[Functions] = []


def refused_functions(session: EngineSession) -> Functions:
    """Return the functions that no statement may call. A process has one engine."""
    if not _found:
        rows = session.rows(
            "SELECT lower(name) AS name, lower(alias_to) AS alias_to, categories, higher_order"
            " FROM system.functions WHERE NOT is_aggregate"
        )
        allowed = _NAMED | {row["name"] for row in rows if row["categories"] in _CATEGORIES}
        allowed |= {row["name"] for row in rows if row["alias_to"] in allowed}
        tables = session.rows("SELECT lower(name) AS name FROM system.table_functions")
        # Some functions and tables have the same name: `format`.
        scalars = frozenset(row["name"] for row in rows)
        _found.append(
            Functions(
                scalars - allowed,
                frozenset(row["name"] for row in tables) - _TABLE_FUNCTIONS - (scalars & allowed),
                frozenset(row["name"] for row in rows if row["higher_order"]),
            )
        )
    return _found[0]
