"""Whether every value of one ClickHouse type is a value of another."""

from hypothesis import given
from hypothesis import strategies as st

from bytehouse._types.parse import holds_every_value, parse_type
from tests.support.cases import cases

INTEGERS = {
    f"{sign}Int{bits}": range(-(2 ** (bits - 1)), 2 ** (bits - 1)) if not sign else range(2**bits)
    for sign in ("", "U")
    for bits in (8, 16, 32, 64, 128, 256)
}


@cases("wider", INTEGERS)
def test_an_integer_holds_another_if_its_range_does(wider: str) -> None:
    """Widening is what the ranges say."""
    new = INTEGERS[wider]
    for narrower, old in INTEGERS.items():
        holds = old[0] >= new[0] and old[-1] <= new[-1]
        assert holds_every_value(parse_type(wider)[0], parse_type(narrower)[0]) == holds, narrower


@cases(
    ("wider", "narrower", "holds"),
    [
        ("Float64", "Int32", True),
        ("Float64", "Int64", False),
        ("Float32", "Float64", False),
        ("String", "DateTime", True),
        ("String", "Array(Int8)", False),
        ("Decimal(12, 3)", "Decimal(10, 2)", True),
        ("Decimal(12, 4)", "Decimal(12, 2)", False),
        ("DateTime64(6)", "DateTime64(3)", True),
        ("DateTime64(9)", "DateTime64(6)", False),
        ("DateTime64(3)", "DateTime64(6)", False),
        ("DateTime('UTC')", "DateTime", True),
        ("Enum8('a'=1,'b'=2)", "Enum('a')", True),
        ("Enum8('a'=1)", "Enum('a','b')", False),
        ("Enum8('a'=2)", "Enum('a')", False),
        ("LowCardinality(String)", "String", True),
        ("String", "LowCardinality(String)", True),
        ("Array(Int64)", "Array(Int32)", True),
        ("Array(Int32)", "Array(Nullable(Int32))", False),
        ("Array(Nullable(Int32))", "Array(Int32)", True),
        ("Map(String, Int64)", "Map(String, Int32)", True),
        ("Tuple(a Int64)", "Tuple(a Int32)", True),
        ("Tuple(b Int64)", "Tuple(a Int32)", False),
        ("Int8", "Date", False),
        ("Something(New)", "Something(Old)", False),
    ],
)
def test_a_type_holds_another_only_if_that_is_sure(wider: str, narrower: str, holds: bool) -> None:
    """What is not known to be wide enough counts as a loss."""
    assert holds_every_value(parse_type(wider)[0], parse_type(narrower)[0]) == holds


@given(st.text(alphabet="aInt8(),'` =1\\", max_size=30))
def test_any_string_can_be_parsed_as_a_type(text: str) -> None:
    """A string that is not a type stays itself, and equals itself."""
    assert parse_type(text) == parse_type(text)
