"""No value and no name changes the statement that it is bound into."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import ByteHouse, ByteHouseError, Identifier, InvalidArgument
from bytehouse._sql.parameters import bind, bind_pyformat
from tests.results.values import examples

HOSTILE = [
    "'",
    "''",
    "\\",
    "\\'",
    "\\\\'",
    "'; DROP TABLE d.kept; --",
    "\\'; DROP TABLE d.kept; --",
    "' OR 1 = 1 --",
    "*/ 1 AS a /*",
    "*/, 1 AS a --",
    "\n, 1 AS a --",
    "`, 1 AS a --",
    '", 1 AS a --',
    "$$, 1 AS a --",
    "$a$, 1 AS a --",
    "\u2019, 1 AS a --",
    "\u201d, 1 AS a --",
    "\uff07 OR 1 = 1 --",
    "\u02bc OR 1 = 1 --",
    "{x}",
    "{x:Identifier}",
    "%(x)s",
    "%",
    "%%",
    "%s",
    "\0",
    "\x00' --",
    "\x1a",
    "\x7f",
    "\r\n",
    "\u2028\u2029\u0085\ufeff\u202e",
    "\U0010ffff\ud7ff",
    "e\u0301 \u00e9 \u212b",
    "😀" * 5,
    "NULL",
    "\\N",
    "\\x27",
    "\\u0027",
    "0x27",
]
STRINGS = st.sampled_from(HOSTILE) | st.text(st.characters(codec="utf-8"), max_size=20)


@examples(8)
@given(strings=st.lists(STRINGS, min_size=20, max_size=20))
def test_any_string_round_trips(lasting: ByteHouse, strings: list[str]) -> None:
    """Alone, in every form of parameter, and in containers."""
    params = {f"t{at}": text for at, text in enumerate(strings)}
    forms = ("{{{}}}", "%({})s", "{{{}:String}}", "[{{{}}}][1]", "map({{{}}}, 1)", "({{{}}}, 1).1")
    for form in forms:
        found = lasting.query(f"SELECT {', '.join(map(form.format, params))}", params=params).one()
        assert [next(iter(v)) if isinstance(v, dict) else v for v in found] == strings
    held = {"list": strings, "tuple": tuple(strings), "map": dict.fromkeys(strings, 1)}
    found = lasting.query("SELECT {list}, {tuple}, {map}", params=held).one()
    assert found == tuple(held.values())


@examples(5)
@given(values=st.lists(st.binary(max_size=20), min_size=20, max_size=20))
def test_any_bytes_round_trip(lasting: ByteHouse, values: list[bytes]) -> None:
    """Bytes that are not UTF-8 arrive too, and can be recovered from the result."""
    params = {f"b{at}": value for at, value in enumerate(values)}
    shown = ", ".join(f"hex({{{name}}})" for name in params)
    found = lasting.query(f"SELECT {shown}", params=params).one()
    assert [bytes.fromhex(text) for text in found] == values
    asked = ", ".join(f"{{{name}}}" for name in params)
    found = lasting.query(f"SELECT {asked}", params=params).one()
    assert [text.encode("utf-8", "surrogateescape") for text in found] == values


@examples(8)
@given(names=st.lists(STRINGS.filter(bool), min_size=10, max_size=10, unique=True))
def test_any_name_can_be_an_identifier(lasting: ByteHouse, names: list[str]) -> None:
    """A column may be called anything."""
    params: dict[str, Any] = {f"n{at}": Identifier(name) for at, name in enumerate(names)}
    made = ", ".join(f"{at} AS {{n{at}}}" for at, _ in enumerate(names))
    asked = ", ".join(f"%(n{at})s" for at, _ in enumerate(names))
    result = lasting.query(f"SELECT {asked} FROM (SELECT {made})", params=params)
    assert [column.name for column in result.columns] == names
    assert result.one() == tuple(range(len(names)))
    typed = ", ".join(f"{{n{at}:Identifier}}" for at, _ in enumerate(names))
    strings = {f"n{at}": name for at, name in enumerate(names)}
    assert bind(f"SELECT {typed}", strings) == bind(f"SELECT {asked}", params)


@pytest.mark.parametrize("name", ["a'b", "a`b", 'a"b', "a b; --", "$$", "ä\u2019"])
def test_a_table_can_have_any_name(live: ByteHouse, name: str) -> None:
    """So can its columns; rows can be inserted and read."""
    params = {"table": Identifier("d", name), "column": Identifier(name)}
    live.query(
        "CREATE TABLE {table} ({column} String) ENGINE = CnchMergeTree ORDER BY {column}",
        params=params,
    )
    assert live.insert(Identifier("d", name), [{name: name}]) == 1
    found = live.query("SELECT {column} FROM {table}", params=params)
    assert found.columns[0].name == name
    assert found.rows() == [(name,)]


FRAGMENTS = st.sampled_from(
    [
        *"' '' \\ \\' \" ` 'b' /* */ /*/ -- # #! $$ $a$ a$a$ $ { } %% {y , ( ) , + -".split(),
        *[
            "1",
            "a",
            "AS",
            ".",
            "\n",
            "\u2018",
            "\u2019",
            "\u201c",
            "\u201d",
            "\u2212",
            ";",
            "1 AS b,",
            ", 2 AS c",
        ],
    ]
)
CLOSING = FRAGMENTS.map(lambda fragment: f"{fragment}, 1 AS a --")


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Generate statements with a parameter between arbitrary fragments."""
    before = draw(st.lists(FRAGMENTS, max_size=4))
    after = draw(st.lists(FRAGMENTS, max_size=4))
    gap = draw(st.sampled_from(["", " "]))
    return gap.join(["SELECT 0 AS o, ", *before, "{x}", *after])


def outcome(bh: ByteHouse, template: str, value: str) -> Any:
    """Return the outcome of a statement with a value."""
    try:
        results = [list(one) for one in bh.query(template, params={"x": value}).results()]
    except InvalidArgument:
        return "not sent"
    except ByteHouseError:
        return "refused"
    return [
        [[("the value",) if v == value else v for v in row] for row in rows] for rows in results
    ]


@examples(40)
@given(template=templates(), value=st.sampled_from(HOSTILE) | CLOSING)
def test_no_value_changes_what_a_statement_does(
    lasting: ByteHouse, template: str, value: str
) -> None:
    """A statement is refused for all values or none, and its other results stay the same."""
    expected = outcome(lasting, template, "harmless")
    assert outcome(lasting, template, value) == expected


@pytest.mark.parametrize(
    "closed",
    ["'{x}'", '"{x}"', "`{x}`", "-- {x}\n", "# {x}\n", "/* {x} */", "/* /* */ {x} */", "$$ {x} $$",
     "$a$ {x} $a$", "'\\'{x}'", "'''{x}'", "\u2018{x}\u2019", "\u201c{x}\u201d", "a$b$ '{x}'"],
)  # fmt: skip
def test_quoted_text_has_no_parameters(closed: str) -> None:
    """Neither strings, names, comments nor here-documents, closed or not, in either form."""
    for text in (closed, closed[: closed.rindex("}") + 1]):
        for form in (text, text.replace("{x}", "%(x)s")):
            with pytest.raises(InvalidArgument, match="no parameter x"):
                bind(f"SELECT 1 {form}", {"x": "y"})
    assert bind(f"SELECT 1 {closed} {{y}}", {"y": 5}) == f"SELECT 1 {closed} 5"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT %(x)s", "SELECT 'it''s'"),
        ("SELECT 5 %% 3, '100%%', '%(x)s' -- %%", "SELECT 5 % 3, '100%', '%(x)s' -- %"),
        ("SELECT {x}, {a:%(x)s}, %s %d", "SELECT {x}, {a:'it''s' }, %s %d"),
        ("SELECT %%(x)s", "SELECT %(x)s"),
        ("SELECT %%%(x)s", "SELECT % 'it''s'"),
    ],
)
def test_pyformat(sql: str, expected: str) -> None:
    """A doubled percent sign is one; braces have no meaning."""
    assert bind_pyformat(sql, {"x": "it's", "unused": 1}) == expected


@pytest.mark.parametrize(
    ("type_", "written"),
    [
        ("Enum8('a}' = 1)", "Enum8('a}' = 1)"),
        ("Enum8('it\\'s' = 1, 'b''c' = 2)", "Enum8('it\\'s' = 1, 'b''c' = 2)"),
        ("DateTime64(3, 'Asia/Tokyo')", "DateTime64(3, 'Asia/Tokyo')"),
        ('Tuple(`a}` Int8, "b{" String) ', 'Tuple(`a}` Int8, "b{" String)'),
    ],
)
def test_a_type_may_have_strings_and_names(type_: str, written: str) -> None:
    """Quotes and braces in a type end where they end for the engine."""
    assert bind(f"SELECT {{x: {type_}}}", {"x": "a"}) == f"SELECT CAST('a' AS {written})"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("'a'{x}'b'", "'a' 'v' 'b'"),
        ("{x}{x}", "'v'  'v'"),
        ("%(x)s%(x)s", "'v'  'v'"),
        ("1{n}2", "1 5 2"),
        ("{n}.1, 1.{n}, {x}.1", "5 .1, 1. 5, 'v'.1"),
        ("{i}.{i}, d.{i}", "`a`.`a`, d.`a`"),
        ("f{x}", "f 'v'"),
        ("-{n}+({n})", "-5+(5)"),
    ],
)
def test_a_value_does_not_merge_with_its_neighbours(sql: str, expected: str) -> None:
    """Two adjacent strings would be one."""
    params = {"x": "v", "n": 5, "i": Identifier("a")}
    used = {name: v for name, v in params.items() if f"{{{name}}}" in sql or f"({name})" in sql}
    assert bind(sql, used) == expected


def test_parameters_are_found_in_linear_time() -> None:
    """Malicious statements do not make the search slow."""
    for text in (
        "{x:" + "''" * 50_000,
        "/*" * 50_000,
        "{x:`" * 20_000,
        "$a" * 50_000,
        "{x " * 50_000,
    ):
        with pytest.raises(InvalidArgument):
            bind(text, {"y": 1})


def nested(depth: int) -> list[Any]:
    """Return lists inside each other."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def itself() -> list[Any]:
    """Return a list that holds itself."""
    value: list[Any] = []
    value.append({"a": value})
    return value


@pytest.mark.parametrize("sql", ["SELECT {x}", "SELECT {x:String}"])
@pytest.mark.parametrize("make_value", [lambda: nested(100_000), itself], ids=["deep", "itself"])
def test_a_value_without_an_end_is_refused(sql: str, make_value: Any) -> None:
    """Nested deeper than Python follows, or holding itself."""
    value = make_value()
    try:
        with pytest.raises(InvalidArgument, match="x"):
            bind(sql, {"x": value})
        with pytest.raises(InvalidArgument):
            bind_pyformat("SELECT %(x)s", {"x": value})
    finally:
        while value and isinstance(value[0], list):  # freeing it at once would recurse as deep
            value = value[0]
