"""What is inserted is stored exactly, or refused before it is sent; the engine is the judge."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bytehouse import ByteHouse, InsertFailed, InvalidArgument, SkippedRow
from tests.sql.inserting import bh, create

__all__ = ["bh"]


class Colour(Enum):
    """An enum whose values are strings."""

    RED = "red"


CHINA = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
BYTES = bytes(range(256))
# An hour that the clocks of Berlin have twice.
TWICE = datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN)
NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)


def integers(bits: int, *, signed: bool) -> tuple[list[tuple[Any, str]], list[Any]]:
    """Return integers that a type holds, as the engine shows them, and values that it does not."""
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    held: list[tuple[Any, str]] = [(n, str(n)) for n in (low, low + 1, 0, 1, high - 1, high)]
    held += [(str(high), str(high)), (7.0, "7"), (Decimal("7.00"), "7"), (True, "1")]
    beyond = [low - 1, high + 1, -(2**300), 2**300, str(high + 1), f"{low - 1}"]
    beyond += [Decimal("sNaN"), Decimal("1E+999999999")]
    return held, [*beyond, 1.5, math.nan, math.inf, "1,234", "7.0", " 8 ", "", "abc", b"1", [1]]


TYPES: dict[str, tuple[list[tuple[Any, str]], list[Any]]] = {
    **{f"Int{bits}": integers(bits, signed=True) for bits in (8, 16, 32, 64, 128, 256)},
    **{f"UInt{bits}": integers(bits, signed=False) for bits in (8, 16, 32, 64, 128, 256)},
    "Float64": (
        [
            (0.1, "0.1"),
            (1 / 3, "0.3333333333333333"),
            (5e-324, "5e-324"),
            (-0.0, "-0"),
            (1.7976931348623157e308, "1.7976931348623157e308"),
            (123456789.12345679, "123456789.12345679"),
            (math.inf, "inf"),
            (-math.inf, "-inf"),
            (2**53, "9007199254740992"),
            ("1e3", "1000"),
            (Decimal("0.1"), "0.1"),
            (7, "7"),
        ],
        [
            2**53 + 1,
            2**2000,
            "9007199254740993",
            "1" + "0" * 5000,
            "1,5",
            "1e999",
            "",
            Decimal("0.1000000000000000055511151231257827"),
            "x",
        ],
    ),
    "Float32": (
        [(0.5, "0.5"), (0.1, "0.1"), (3.4028234663852886e38, "3.4028235e38"), (2**24, "16777216")],
        [1e39, 2**24 + 1, "16777217", "1e39", "x"],
    ),
    "Decimal(5, 2)": (
        [
            (Decimal("1.5"), "1.5"),
            (Decimal("-999.99"), "-999.99"),
            (Decimal("1.990"), "1.99"),
            (7, "7"),
            (0.1, "0.1"),
            ("1.25", "1.25"),
            (Decimal("-0.01"), "-0.01"),
        ],
        [
            Decimal("1.999"),
            Decimal(1000),
            1.999,
            "12 EUR",
            Decimal("nan"),
            Decimal("inf"),
            "1,5",
            "",
        ],
    ),
    "Decimal(76, 38)": (
        [
            (Decimal(f"{'9' * 38}.{'9' * 38}"), f"{'9' * 38}.{'9' * 38}"),
            (Decimal("1E-38"), f"0.{'0' * 37}1"),
            (Decimal("-1E+37"), f"-1{'0' * 37}"),
        ],
        [Decimal("1E+38"), Decimal("1E-39")],
    ),
    "Bool": (
        [(True, "true"), (False, "false"), (1, "true"), ("true", "true"), ("FALSE", "false")],
        [2, "yes", "", 1.0],
    ),
    "String": (
        [
            ("", ""),
            ("it's \\ \n\t\x00\x7f ", "it's \\ \n\t\x00\x7f "),
            ("ü€😀", "ü€😀"),
            (Colour.RED, "red"),
            ("x" * 200000, "x" * 200000),
            ("unhex('61')", "unhex('61')"),
        ],
        [5, 1.5, date(2024, 1, 1), UUID(int=1), "\ud800", ["a"]],
    ),
    "FixedString(4)": ([("ab", "ab"), (b"abcd", "abcd"), ("é", "é")], ["hello", "éé€", 5]),
    "Date": (
        [
            (date(1970, 1, 1), "1970-01-01"),
            (date(2149, 6, 6), "2149-06-06"),
            ("2024-02-29", "2024-02-29"),
            (datetime(2024, 1, 1), "2024-01-01"),
        ],
        [
            date(1969, 12, 31),
            date(2149, 6, 7),
            date(1900, 1, 1),
            date(2200, 1, 1),
            "31.12.2024",
            "2023-02-29",
            datetime(2024, 1, 1, 1),
            NOON,
            5,
            "2024-1-1",
            "",
        ],
    ),
    "Date32": (
        [(date(1900, 1, 1), "1900-01-01"), (date(2299, 12, 31), "2299-12-31")],
        [date(1899, 12, 31), date(2300, 1, 1)],
    ),
    "DateTime('UTC')": (
        [
            (datetime(1970, 1, 1), "1970-01-01 00:00:00"),
            (NOON, "2024-05-06 12:00:00"),
            (datetime(2106, 2, 7, 6, 28, 15), "2106-02-07 06:28:15"),
            (0, "1970-01-01 00:00:00"),
            ("2024-05-06T07:08:09Z", "2024-05-06 07:08:09"),
            ("2024-05-06 07:08:09+08:00", "2024-05-05 23:08:09"),
            (NOON.astimezone(CHINA), "2024-05-06 12:00:00"),
            (date(2024, 1, 1), "2024-01-01 00:00:00"),
            (NOON.astimezone(timezone(timedelta(hours=-3, minutes=-30))), "2024-05-06 12:00:00"),
        ],
        [
            datetime(1969, 12, 31, 23, 59, 59),
            datetime(2106, 2, 7, 6, 28, 16),
            datetime(2200, 1, 1),
            -1,
            2**32,
            datetime(2024, 1, 1, microsecond=1),
            "2024-05-06T07:08:09.5Z",
            "noon",
            1.5,
        ],
    ),
    "DateTime('Europe/Berlin')": (
        [
            (datetime(2024, 7, 1), "2024-07-01 00:00:00"),
            (NOON, "2024-05-06 14:00:00"),
            (TWICE.replace(fold=0), "2024-10-27 02:30:00"),
            (TWICE.replace(fold=1), "2024-10-27 02:30:00"),
        ],
        [datetime(2024, 3, 31, 2, 30), datetime(1, 1, 1), TWICE.replace(month=3, day=31)],
    ),
    "DateTime": (
        [(datetime(2024, 7, 1), "2024-07-01 00:00:00")],
        [
            datetime(2200, 1, 1),
            datetime(1, 1, 1),
            datetime(9999, 12, 31),
            TWICE.replace(month=3, day=31),
        ],
    ),
    "DateTime64(3)": (
        [(datetime(2024, 7, 1, microsecond=5000), "2024-07-01 00:00:00.005")],
        [datetime(2024, 7, 1, microsecond=5001), datetime(1899, 1, 1), datetime(2300, 1, 1), 5],
    ),
    "DateTime64(6, 'UTC')": (
        [
            (datetime(1900, 1, 1), "1900-01-01 00:00:00.000000"),
            (datetime(2299, 12, 31, 23, 59, 59, 999999), "2299-12-31 23:59:59.999999"),
            (datetime(1969, 12, 31, 23, 59, 59, 999999), "1969-12-31 23:59:59.999999"),
            ("2024-05-06T07:08:09.123456+08:00", "2024-05-05 23:08:09.123456"),
        ],
        ["2024-05-06T07:08:09.1234567Z", "1704067200"],
    ),
    "DateTime64(9, 'Asia/Shanghai')": (
        [
            ("2024-05-06T07:08:09.123456789Z", "2024-05-06 15:08:09.123456789"),
            (datetime(2262, 4, 11, tzinfo=UTC), "2262-04-11 08:00:00.000000000"),
        ],
        [datetime(2262, 4, 12, tzinfo=UTC)],
    ),
    "UUID": (
        [(UUID(int=2**128 - 1), str(UUID(int=2**128 - 1))), ("0" * 31 + "1", str(UUID(int=1)))],
        ["x", "6" * 31, 5, b"0" * 16],
    ),
    "IPv4": (
        [(IPv4Address("1.2.3.4"), "1.2.3.4"), ("0.0.0.1", "0.0.0.1")],
        ["300.1.1.1", 5, IPv6Address("::1"), IPv4Interface("1.2.3.4/24")],
    ),
    "IPv6": (
        [
            (IPv6Address("::1"), "::1"),
            (IPv4Address("1.2.3.4"), "::ffff:1.2.3.4"),
            ("fe80::", "fe80::"),
        ],
        ["x", IPv6Address("fe80::1%eth0"), IPv6Interface("::1/64"), IPv4Interface("1.2.3.4/24")],
    ),
    "Enum8('red' = -1, 'it''s' = 2, '2' = 3)": (
        [("red", "red"), ("it's", "it's"), ("2", "2"), (2, "it's"), (Colour.RED, "red")],
        ["blue", 5, "-1", True, ""],
    ),
}
# Each holds a value of the type; the engine compares it with that of the column `v`.
NESTINGS: dict[str, tuple[str, str, Any]] = {
    "n": ("Nullable({})", "n = v", lambda value: value),
    "a": ("Array({})", "a[2] = v", lambda value: [value, value]),
    "b": ("Array(Nullable({}))", "b[2] = v AND b[1] IS NULL", lambda value: (None, value)),
    "m": ("Map(String, {})", "m['k'] = v", lambda value: {"k": value}),
    "t": ("Tuple(x {}, y String)", "t.x = v AND t.y = 'y'", lambda value: {"x": value, "y": "y"}),
    "u": ("Array(Tuple(Int64, Array({})))", "u[1].2[1] = v", lambda value: [(-1, [value])]),
}


@pytest.mark.parametrize("type_", TYPES)
def test_a_value_is_stored_exactly_or_refused(bh: ByteHouse, type_: str) -> None:
    """At, below and beyond the bounds of each type, alone and in six nestings."""
    held, refused = TYPES[type_]
    create(bh, v=type_, **{name: form.format(type_) for name, (form, _, _) in NESTINGS.items()})
    rows = [
        (i, value, *(nest(value) for _, _, nest in NESTINGS.values()))
        for i, (value, _) in enumerate(held)
    ]
    assert bh.insert("d.t", rows) == len(held)
    shown = "formatDateTime(v, '%F %T')" if type_.startswith("DateTime(") else "toString(v)"
    checks = ", ".join(f"countIf(NOT ({check}))" for _, check, _ in NESTINGS.values())
    assert [row[0] for row in bh.query(f"SELECT {shown} FROM d.t ORDER BY i")] == [
        text for _, text in held
    ]
    assert bh.query(f"SELECT {checks} FROM d.t").rows() == [(0,) * len(NESTINGS)]
    bh.query("TRUNCATE TABLE d.t")
    for name in ["v", *NESTINGS]:
        nest = NESTINGS[name][2] if name in NESTINGS else (lambda value: value)
        bad = [(nest(value),) for value in refused]
        result = bh.insert("d.t", bad, columns=[name], on_error="skip")
        assert (result, len(result.skipped)) == (0, len(bad)), name


def test_the_seen_faults_are_refused_with_row_column_value_and_type(bh: ByteHouse) -> None:
    """What the engine would make of them is in the table of no one."""
    create(bh, a="UInt8", b="Map(String, UInt8)", c="Array(Int64)", d="Nullable(Date)")
    good = {"a": 1, "b": {}, "c": [], "d": None}
    for column, value, says in (
        ("a", 300, "column a of type UInt8 cannot hold 300: it is outside 0 to 255"),
        ("a", None, "cannot hold None: NULL, and the type is not Nullable"),
        ("b", {"a": 5, "b": 300}, r"cannot hold {'a': 5, 'b': 300}: 300 is outside 0 to 255"),
        ("b", {"a": 1.5}, "1.5 is not an integer"),
        ("c", [1, None], r"cannot hold \[1, None\]: NULL, and the type is not Nullable"),
        ("d", "31.12.2024", "is not a date, YYYY-MM-DD"),
    ):
        rows = [good, good, {**good, column: value}]
        with pytest.raises(InsertFailed, match=says) as caught:
            bh.insert("d.t", rows, columns=["a", "b", "c", "d"])
        assert (caught.value.position, caught.value.acknowledged) == (2, 0)
        assert "row 2 could not be inserted" in caught.value.message
    assert bh.query("SELECT count() FROM d.t").rows() == [(0,)]


def test_an_object_is_a_tuple_with_all_its_fields(bh: ByteHouse) -> None:
    """None of them is lost, nor made up."""
    create(bh, v="Tuple(a Decimal(9, 2), b Nullable(String))")
    kept = attrs.make_class("Kept", ["b", "a"])(b="x", a=Decimal(1))
    assert bh.insert("d.t", [(1, kept)]) == 1
    for names in (["a"], ["a", "b", "c"]):
        other = attrs.make_class("Other", names)(*[None] * len(names))
        with pytest.raises(InsertFailed, match="does not have the keys a, b"):
            bh.insert("d.t", [(2, other)])
    assert bh.query("SELECT v FROM d.t").rows() == [((Decimal(1), "x"),)]


def test_skipped_rows_are_handed_back(bh: ByteHouse) -> None:
    """The others are inserted, in their order; each skipped one comes with its place and reason."""
    create(bh, v="UInt8")
    rows: list[Any] = [(0, 1), (1, 256), (2, 2), "no row", (4,), (5, -1), (6, 3)]
    places = [one.position for one in bh.insert("d.t", rows, on_error="skip").skipped]
    assert places == [1, 3, 4, 5]
    bh.query("TRUNCATE TABLE d.t")
    result = bh.insert("d.t", rows, on_error="skip", block_rows=2)
    assert result == 3
    assert [(one.position, one.row) for one in result.skipped] == [
        (1, (1, 256)),
        (3, "no row"),
        (4, (4,)),
        (5, (5, -1)),
    ]
    assert isinstance(result.skipped[0], SkippedRow)
    assert "256: it is outside 0 to 255" in result.skipped[0].reason
    assert bh.query("SELECT i, v FROM d.t ORDER BY i").rows() == [(0, 1), (2, 2), (6, 3)]


def test_a_time_without_a_zone_is_one_of_the_server_s_zone(bh: ByteHouse) -> None:
    """What that zone skips or puts before 1970 is refused, and not another time in silence."""
    create(bh, v="DateTime", w="DateTime64(3)")
    berlin = {"session_timezone": "Europe/Berlin"}
    rows = [
        (0, datetime(1970, 1, 1, 1), datetime(2299, 12, 31)),
        (1, datetime(2024, 7, 1), TWICE.replace(tzinfo=None, fold=1)),
        (2, "2106-02-07 07:28:15", TWICE.replace(tzinfo=None, fold=0)),
    ]
    assert bh.insert("d.t", rows, settings=berlin) == 3
    shown = "toInt64(v), toInt64(w)"
    assert bh.query(f"SELECT {shown} FROM d.t ORDER BY i").rows() == [
        (0, 10413702000),
        (1719784800, 1729992600),
        (2**32 - 1, 1729989000),
    ]
    for value in (datetime(1970, 1, 1), date(1970, 1, 1), datetime(2024, 3, 31, 2, 30)):
        result = bh.insert("d.t", [(value,)], columns=["v"], on_error="skip", settings=berlin)
        assert (result, len(result.skipped)) == (0, 1), value


def test_a_zone_that_cannot_be_read_is_asked_for(bh: ByteHouse) -> None:
    """The error names the argument that gives it."""
    create(bh, v="DateTime")
    with pytest.raises(InsertFailed, match="column_types=") as caught:
        bh.insert("d.t", [(1, NOON)], settings={"session_timezone": "Nowhere"})
    assert "nothing was sent" in caught.value.message


def test_rows_without_columns_are_refused(bh: ByteHouse) -> None:
    """Each would be lost: the engine takes no row without a value, and no column twice."""
    create(bh, v="UInt8")
    for data, columns in (([{}], None), ([(1,)], []), ([(1, 2)], ["v", "v"])):
        with pytest.raises(InvalidArgument, match="Rows need columns"):
            bh.insert("d.t", data, columns=columns)


def test_a_first_row_that_is_none_is_no_end(bh: ByteHouse) -> None:
    """The rows after it are inserted, or it is refused."""
    create(bh, v="UInt8")
    rows: list[Any] = [None, (1, 2)]
    with pytest.raises(InsertFailed, match="row 0 could not be inserted"):
        bh.insert("d.t", rows)
    assert bh.insert("d.t", iter(rows), on_error="skip") == 1
    assert bh.query("SELECT i, v FROM d.t").rows() == [(1, 2)]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=3), inner, max_size=2),
    ),
    max_leaves=4,
)
COLUMN_TYPES = [
    "Int8", "UInt64", "Float64", "Nullable(Float32)", "Decimal(9, 2)", "String", "Nullable(String)",
    "Date", "DateTime64(6, 'UTC')", "Array(Nullable(Int32))", "Map(String, Float64)",
    "Tuple(Int16, Nullable(String))", "LowCardinality(String)", "Bool",
]  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns=st.lists(st.sampled_from(COLUMN_TYPES), min_size=1, max_size=3), data=st.data())
def test_any_value_comes_back_equal_or_is_refused(
    bh: ByteHouse, columns: list[str], data: st.DataObject
) -> None:
    """Whatever its Python type, and whatever the type of the column."""
    rows = data.draw(st.lists(st.tuples(*[VALUES] * len(columns)), max_size=30))
    create(bh, **{f"c{at}": type_ for at, type_ in enumerate(columns)})
    numbered = [(at, *row) for at, row in enumerate(rows)]
    result = bh.insert("d.t", numbered, on_error="skip")
    stored = bh.query("SELECT * FROM d.t ORDER BY i").rows()
    skipped = {one.position for one in result.skipped}
    assert result == len(stored) == len(rows) - len(skipped)
    for row in stored:
        for type_, given_, found in zip(columns, rows[row[0]], row[1:], strict=True):
            assert equal(given_, found, type_), (type_, given_, found)


def equal(given_: Any, found: Any, type_: str) -> bool:
    """Return whether a stored value is the given one."""
    if isinstance(given_, list | tuple | dict):
        ordered = [*given_.items()] if isinstance(given_, dict) else given_
        others = [*found.items()] if isinstance(found, dict) else found
        return len(ordered) == len(others) and all(
            equal(one, other, type_) for one, other in zip(ordered, others, strict=True)
        )
    match given_, found:
        case float(), None:  # JSON has neither nan nor infinity
            given_ = given_ if math.isfinite(given_) else None
        case float(), float() if "Float32" in type_:
            given_ = found if math.isclose(given_, found, rel_tol=1e-7, abs_tol=1e-45) else given_
        case float(), Decimal():
            given_ = Decimal(repr(given_))
        case bytes(), str():
            found = found.encode("utf-8", "surrogateescape")
        case str(), _ if not isinstance(found, str):
            given_ = type(found)({"true": True, "false": False}.get(given_.lower(), given_))
        case date(), date():
            given_, found = _moment(given_), _moment(found)
    return bool(given_ == found)


def _moment(value: date) -> datetime:
    """Return a date, or a moment without a time zone, as a moment."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
