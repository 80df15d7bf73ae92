"""What comes out goes in: every output of every type, but for the guide's table of exceptions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from bytehouse import ByteHouse, InvalidArgument
from tests.sql.test_insert_values import NESTINGS, TWICE, TYPES

# Statements of hundreds of columns take their time where other programs run too.
pytestmark = pytest.mark.timeout(240)
GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"
EXACTLY = (
    "SETTINGS output_format_json_quote_denormals = 1, output_format_json_quote_64bit_integers = 0"
)
NULL = "\\N"
OUTPUTS: dict[str, Callable[[Any, Path], Any]] = {
    "rows": lambda result, _: result.rows(),
    "mappings": lambda result, _: list(result.mappings()),
    "Arrow": lambda result, _: result.to_arrow(),
    "pandas": lambda result, _: result.to_pandas(),
    "pandas, nullable": lambda result, _: result.to_pandas(dtype_backend="numpy_nullable"),
    "pandas, Arrow": lambda result, _: result.to_pandas(dtype_backend="pyarrow"),
    "polars": lambda result, _: result.to_polars(),
    "CSV": lambda result, folder: _file(result.to_csv, folder / "rows.csv", null=NULL),
    "Parquet": lambda result, folder: _file(result.to_parquet, folder / "rows.parquet"),
}


def _file(write: Callable[..., object], path: Path, **options: str) -> Path:
    write(path, **options)
    return path


# Types that need a setting of the engine, or an expression, to be there.
MORE: dict[str, Sequence[str]] = {
    "Time": ["CAST('12:34:56', 'Time')", "CAST('-999:59:59', 'Time')"],
    "Time64(3)": ["CAST('999:59:59.999', 'Time64(3)')"],
    "Array(Nullable(Time64(9)))": ["[CAST('12:34:56.123456789', 'Time64(9)'), NULL]"],
    "BFloat16": ["toBFloat16(3.14159)", "toBFloat16(1e38)", "toBFloat16(1e-39)"],
    "Tuple(x Nullable(Float64), y Array(BFloat16))": [
        "(nan, [toBFloat16(-0.1), inf])",
        "(NULL, [])",
    ],
    "JSON": [
        """'{"a": 5, "b": {"c": [1, 2, null]}, "d": 1.5, "e": 9007199254740993, "f": "x y",'
           || '"g": [{"x": 1}, {"y": "z"}], "h": [1, "x"], "l": true}'""",
        "'{}'",
    ],
    "Array(JSON)": ["""['{"a": 5}', '{"b": "x\\'y"}']"""],
    "Map(String, Tuple(JSON, Int8))": ["""map('k', ('{"a": [0.5]}', 1))"""],
    "Map(Decimal(76, 20), String)": ["map(toDecimal256('-12345678901234567890.5', 20), 'a')"],
    "Map(Float64, String)": ["map(0.5::Float64, 'a', 1e300, 'b')"],
    "Map(DateTime64(9, 'UTC'), Bool)": [
        "map(toDateTime64('2024-01-01 00:00:00.123456789', 9, 'UTC'), true)"
    ],
    "Map(Array(UInt8), String)": ["map([1, 2]::Array(UInt8), 'a')"],
    "Map(Tuple(UInt8, String), String)": ["map((1, 'x,y')::Tuple(UInt8, String), 'a')"],
    "Map(LowCardinality(String), LowCardinality(Nullable(String)))": ["map('a', NULL, 'b', 'c')"],
    "Map(Int256, UInt256)": [f"map(toInt256('-{2**255}'), toUInt256('{2**256 - 1}'))"],
    "MultiPolygon": ["[[[(0.5, 1.5), (2., 3.)]]]"],
    "Tuple(`a b` Int64, `c.d` Array(Tuple(x UInt8, y Nullable(Float64))))": [
        "(1, [(1, 0.5), (2, NULL)])"
    ],
    "Array(Array(Nullable(Decimal(76, 2))))": ["[[NULL, 1.5], []]"],
    "Array(Map(String, Array(Nullable(UInt64))))": [f"[map('a', [NULL, {2**64 - 1}]), map()]"],
    "Nullable(String)": [
        "''",
        "NULL",
        "repeat('x', 200000)",
        "'NULL'",
        "'nan'",
        "' x '",
        "'a\\rb'",
        "'\"'",
        "'[1]'",
    ],
    "Array(Nullable(String))": [r"['', NULL, 'NULL', '\\N', '\'', '\"', 'a\r\n', '\0']"],
    "Array(String)": ["[unhex('61FF'), unhex('C3BC'), unhex('FF00')]"],
    "Map(String, FixedString(2))": ["map(unhex('61FF'), toFixedString(unhex('62FF'), 2))"],
    "Array(Nullable(Float32))": ["[nan, NULL, -inf, 0.1]"],
    "DateTime64(9)": ["toDateTime64('2262-04-11 23:47:16.854775807', 9)"],
    "SimpleAggregateFunction(sum, UInt64)": ["toUInt64(5)"],
}


@attrs.frozen
class Case:
    """A value that does not come back.

    Attributes:
        type: Type of its column.
        value: Its SQL expression.
        becomes: What the engine shows of it when it has gone back; None if it is refused.
        settings: Those of the statement that reads it.
    """

    type: str
    value: str
    becomes: str | None
    settings: str = EXACTLY


BARE = ""
# By the first cell of their row in the guide.
CASES: dict[str, Sequence[Case]] = {
    "nan, inf, -inf without `output_format_json_quote_denormals = 1`, in a Nullable column": [
        Case("Nullable(Float64)", "nan", "NULL", BARE),
        Case("Array(Nullable(Float32))", "[-inf]", "[NULL]", BARE),
    ],
    "the same in a column that is not Nullable": [
        Case("Float64", "inf", None, BARE),
        Case("Map(String, BFloat16)", "map('a', nan)", None, BARE),
    ],
    "-0.0": [Case("Float64", "-0.0", "0"), Case("Array(Float32)", "[-0.0]", "[0]")],
    "a time in the hour that its zone repeats, if it is the second": [
        Case("DateTime('Europe/Berlin')", "toDateTime(1729992600, 'Europe/Berlin')", "1729989000"),
    ],
    "nanoseconds in a column with a time past 2262": [
        Case(
            "DateTime64(8, 'UTC')",
            "toDateTime64('2299-01-02 03:04:05.12345678', 8, 'UTC')",
            "2299-01-02 03:04:05.12345600",
        ),
    ],
    "a Map with a key twice": [Case("Map(String, UInt8)", "map('a', 1, 'a', 2)", "{'a':2}")],
    "integers in JSON without `output_format_json_quote_64bit_integers = 0`": [
        Case("JSON", """'{"a": 5}'""", '{"a":"5"}', BARE),
    ],
    "whole floats in JSON": [Case("JSON", """'{"a": 5.0}'""", '{"a":5}')],
    "dates and times in JSON": [
        Case("JSON", """'{"a": "2024-05-06"}'""", '{"a":"2024-05-06"}'),
    ],
    "a string that is the `null` of the file": [Case("Nullable(String)", "'\\\\N'", "NULL")],
    "a string that is not UTF-8, outside of containers": [
        Case("String", "unhex('61FF')", None),
        Case("FixedString(2)", "unhex('61FF')", None),
    ],
    "Variant, Dynamic, AggregateFunction, JSON with declared paths": [
        Case("Variant(String, UInt64)", "5::UInt64", None),
        Case("Dynamic", "'5'", None),
        Case("AggregateFunction(sum, UInt64)", "arrayReduce('sumState', [5::UInt64])", None),
        Case("JSON(a UInt8)", """'{"a": 5}'""", None),
    ],
}


def exceptions() -> dict[str, tuple[frozenset[str], bool]]:
    """Return the rows of the guide's table: from which outputs, and whether refused."""
    _, _, after = GUIDE.read_text("utf-8").partition("| value | from | goes back as |\n")
    found = {}
    for line in after.splitlines()[1:]:
        if not line.startswith("|"):
            break
        value, sources, becomes = (cell.strip() for cell in line.strip("|").split("|"))
        names = set(OUTPUTS) if sources == "every output" else set(sources.split(", "))
        families = {name for name in OUTPUTS if name.partition(",")[0] in names}
        found[value] = frozenset(families), becomes.startswith("refused")
    return found


@pytest.fixture
def session(lasting: ByteHouse) -> Iterator[Any]:
    """Return a session in which every type can be had."""
    with lasting.session() as session:
        for setting in ("enable_time_time64_type", "allow_suspicious_variant_types"):
            session.execute(f"SET {setting} = 1")
        yield session


def create(session: Any, types: Mapping[str, str]) -> None:
    """Make the tables `source` and `back` with these columns."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in types.items())
    for table in ("source", "back"):
        session.execute(
            f"CREATE OR REPLACE TABLE d.{table} (i Int32, {columns}) ENGINE = MergeTree ORDER BY i"
        )


def go_back(bh: ByteHouse, output: str, folder: Path, settings: str) -> Any:
    """Insert what an output gives of `source` into `back`; return what was skipped."""
    bh.query("TRUNCATE TABLE d.back")
    result = bh.query(f"SELECT * FROM d.source ORDER BY i {settings}")
    data = OUTPUTS[output](result, folder)
    return bh.insert("d.back", data, null=NULL, on_error="skip").skipped


def compare(bh: ByteHouse, types: Mapping[str, str], folder: Path) -> int:
    """Fail with the columns that an output does not bring back; return how many values it does."""
    hashes = ", ".join(f"groupBitXor(cityHash64(i, {name}))" for name in types)
    before = bh.query(f"SELECT count(), {hashes} FROM d.source").one()
    for output in OUTPUTS:
        assert [row.reason for row in go_back(bh, output, folder, EXACTLY)] == [], output
        after = bh.query(f"SELECT count(), {hashes} FROM d.back").one()
        assert before[0] == after[0]
        pairs = zip(types.values(), before[1:], after[1:], strict=True)
        assert [type_ for type_, one, other in pairs if one != other] == [], output
    return int(before[0]) * len(types) * len(OUTPUTS)


def _is_exception(value: Any) -> bool:
    if isinstance(value, str) and len(value) > 1000:
        return True  # once is enough, below
    return (isinstance(value, float) and value == 0 and math.copysign(1, value) < 0) or (
        value == TWICE and value.fold == 1
    )


@pytest.mark.slow
def test_every_value_of_every_output_goes_back(
    lasting: ByteHouse, session: Any, tmp_path: Path
) -> None:
    """The engine finds those equal that it gave, at the bounds of each type and in nestings."""
    held = {
        type_: [value for value, _ in values if not _is_exception(value)]
        for type_, (values, _) in TYPES.items()
    }
    types, columns = {}, []
    for at, (type_, values) in enumerate(held.items()):
        for name in ("v", "b", "u"):
            form, _, nest = NESTINGS.get(name, ("{}", "", lambda value: value))
            types[f"{name}{at}"] = form.format(type_)
            columns.append([nest(value) for value in values])
    most = max(map(len, columns))
    create(session, types)
    rows = [(i, *(column[i % len(column)] for column in columns)) for i in range(most)]
    lasting.insert("d.source", rows)
    count = compare(lasting, types, tmp_path)
    print(f"{count} values of {len(types)} types went out and back")  # noqa: T201
    assert count > 7_000


def test_every_value_of_rarer_types_goes_back(
    lasting: ByteHouse, session: Any, tmp_path: Path
) -> None:
    """JSON, times of day, keys of every type, bytes in containers, long strings."""
    types = {f"c{at}": type_ for at, type_ in enumerate(MORE)}
    create(session, types)
    for i in range(max(map(len, MORE.values()))):
        values = ", ".join(found[i % len(found)] for found in MORE.values())
        session.execute(f"INSERT INTO d.source SELECT {i}, {values}")
    count = compare(lasting, types, tmp_path)
    print(f"{count} values of {len(types)} types went out and back")  # noqa: T201
    assert count > 2_000


@pytest.mark.filterwarnings("ignore::bytehouse.LostValuesWarning")
def test_the_exceptions_are_those_of_the_guide(
    lasting: ByteHouse, session: Any, tmp_path: Path
) -> None:
    """Each row of its table is true, from each output: it differs there, and nowhere else."""
    table = exceptions()
    assert list(table) == list(CASES)
    assert {row for row, (_, refused) in table.items() if refused} == {
        row for row, cases in CASES.items() if all(case.becomes is None for case in cases)
    }
    for settings in (EXACTLY, BARE):
        cases = [
            (row, case)
            for row, several in CASES.items()
            for case in several
            if case.settings == settings
        ]
        changed = [(row, case) for row, case in cases if case.becomes is not None]
        create(session, {f"c{at}": case.type for at, (_, case) in enumerate(changed)})
        values = ", ".join(case.value for _, case in changed)
        session.execute(f"INSERT INTO d.source SELECT 1, {values}")
        for output in OUTPUTS:
            assert [row.reason for row in go_back(lasting, output, tmp_path, settings)] == []
            for at, (row, case) in enumerate(changed):
                differs = becomes_as_told(lasting, f"c{at}", case, settings)
                assert differs == (output in table[row][0]), (row, case, output)
        for row, case in cases:
            if case.becomes is None:
                create(session, {"v": case.type})
                session.execute(f"INSERT INTO d.source SELECT 1, {case.value}")
                refusing = {out for out in OUTPUTS if is_refused(lasting, out, case, tmp_path)}
                assert refusing == table[row][0], (row, case)


def becomes_as_told(bh: ByteHouse, name: str, case: Case, settings: str) -> bool:
    """Return whether a value came back as the case says, and not as it was."""
    hashed = f"SELECT cityHash64({name}) FROM d."
    if bh.query(hashed + "back").one() == bh.query(hashed + "source").one():
        return False
    shown = f"toUnixTimestamp({name})" if case.type.startswith("DateTime(") else name
    text = bh.query(f"SELECT ifNull(toString({shown}), 'NULL') FROM d.back {settings}")
    assert text.scalar() == case.becomes, case
    return True


def is_refused(bh: ByteHouse, output: str, case: Case, folder: Path) -> bool:
    """Return whether a value is refused, by an error that names its column."""
    try:
        reasons = [row.reason for row in go_back(bh, output, folder, case.settings)]
    except InvalidArgument as error:
        reasons = [error.message]
    return any("column" in reason for reason in reasons)
