"""The generated client: it takes whatever the service sends, and gives it back as it came."""

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse_raw import models
from bytehouse_raw.api.databases import create_table, list_databases
from bytehouse_raw.api.queries import submit_sync_query
from bytehouse_raw.operations import DATA_KEY, OPERATIONS, ROLE_HEADER
from bytehouse_raw.types import UNSET, Model, OpenEnum, Timestamp, encode
from tests.support.cases import cases

CLASSES = [getattr(models, name) for name in models.__all__]
MODELS: list[type[Model]] = [one for one in CLASSES if issubclass(one, Model)]
ENUMS: list[type[OpenEnum]] = [one for one in CLASSES if issubclass(one, OpenEnum)]

MOMENT = "2020-11-23T09:23:55.840932013Z"
NAMES = sorted({name for model in MODELS for name in model._fields})

scalars = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just(MOMENT)
present = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=6)
    ),
    max_leaves=20,
)


def objects_of(model: type[Model], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for JSON objects with many of a model's names in them."""
    names = st.sampled_from([*model._fields, "unheardOf"]) | st.text()
    return st.tuples(st.just(model), st.dictionaries(names, values, max_size=12))


def copies(value: object) -> Iterator[object]:
    """Yield a value copied in every way there is."""
    yield copy.copy(value)
    yield copy.deepcopy(value)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.loads(pickle.dumps(value, protocol))


@given(st.sampled_from(MODELS).flatmap(lambda model: objects_of(model, present)))
def test_what_is_decoded_encodes_to_itself(case: tuple[type[Model], dict[str, Any]]) -> None:
    """Any object of any model comes back as it came, whatever its fields hold."""
    model, source = case
    assert model.from_dict(source).to_dict() == source


@given(st.sampled_from(MODELS).flatmap(lambda model: objects_of(model, present | st.none())))
def test_decoding_never_raises(case: tuple[type[Model], dict[str, Any]]) -> None:
    """Nulls and odd types do no harm to a model, its repr, its equality and its JSON."""
    model, source = case
    decoded = model.from_dict(source)
    assert decoded == model.from_dict(source)
    assert repr(decoded).startswith(model.__name__)
    json.dumps(decoded.to_dict())


@cases("value", [None, True, 1.5, 2**70, "", "word", [], [None, 1], {}, {"a": None}])
def test_a_field_of_any_type_is_kept(value: object) -> None:
    """Every field of every model keeps every kind of value."""
    for model in MODELS:
        decoded = model.from_dict(dict.fromkeys(model._fields, value))
        for name, attribute in model._fields.items():
            assert encode(getattr(decoded, attribute, None)) == value or (value == {"a": None}), (
                name
            )


def test_absent_is_none_and_not_sent() -> None:
    """What was not in the answer is None, and an encoded object has no key for it."""
    column = models.Column(name="c", type="UInt8")
    assert column.comment is None
    assert column.to_dict() == {"name": "c", "type": "UInt8"}
    assert "comment" not in repr(column)


def test_null_is_sent_where_it_means_something() -> None:
    """A nullable field tells null from absent."""
    request = models.UpdateWarehouseRequest(auto_suspend=None)
    assert request.description is UNSET
    assert request.to_dict() == {"autoSuspend": None}
    assert models.UpdateWarehouseRequest.from_dict({"autoSuspend": None}) == request


def test_unknown_fields_are_found_by_name() -> None:
    """A field that the specification does not name is as reachable as one that it names."""
    database = models.Database.from_dict({"name": "sales", "flavour": "red"})
    assert database.additional_properties == {"flavour": "red"}
    assert (database["flavour"], database["name"]) == ("red", "sales")
    assert "flavour" in database
    assert "description" not in database
    with pytest.raises(KeyError):
        database["description"]


def test_nested_models_and_lists_are_typed() -> None:
    """Objects inside of objects and lists are models too."""
    source = {DATA_KEY: [{"createdBy": {"id": 2**62}, "createdAt": MOMENT}, None, 3]}
    answer = models.ListDatabasesResponse.from_dict(source)
    assert answer.data is not None
    first = answer.data[0]
    assert first.created_by == models.UserReference(id=2**62)
    assert isinstance(first.created_at, Timestamp)
    assert answer[DATA_KEY][1:] == [None, 3]


def test_a_model_is_imported_when_it_is_asked_for() -> None:
    """Importing the models imports none; asking for one brings those in its fields along."""
    program = (
        "import sys; from bytehouse_raw import models; models.Database;"
        "print(*sorted(n.rsplit('.')[-1] for n in sys.modules if 'bytehouse_raw.models.' in n))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().split() == ["database", "user_reference"]


def test_what_is_read_twice_is_the_same_and_can_be_changed() -> None:
    """What is done to a nested model or list is in the JSON."""
    table = models.Table.from_dict({"columns": [{"name": "a"}], "ttl": {"column": "d"}})
    assert table.columns is not None
    assert table.ttl is not None
    table.columns.append(models.Column(name="b", type="UInt8"))
    table.columns[0].name = "c"
    table.ttl.value = 7
    assert table.to_dict() == {
        "columns": [{"name": "c"}, {"name": "b", "type": "UInt8"}],
        "ttl": {"column": "d", "value": 7},
    }


def test_every_field_can_be_set() -> None:
    """String, timestamp, model, extra and null replace what came, and None takes it away."""
    table = models.Table.from_dict({"name": "t", "uuid": "u", "createdAt": MOMENT, "more": 1})
    table.name, table.uuid, table.created_at = "s", None, Timestamp.decode("2021-01-01T00:00:00Z")
    table.ttl = models.TTL(column="d")
    table.additional_properties["most"] = 2
    assert table.to_dict() == {
        "name": "s",
        "ttl": {"column": "d"},
        "createdAt": "2021-01-01T00:00:00Z",
        "more": 1,
        "most": 2,
    }


@cases("model", MODELS)
def test_every_model_is_an_attrs_class(model: Any) -> None:
    """Attrs and typing find its fields, and `vars` has the same for encoders that know neither."""
    decoded = model.from_dict({**dict.fromkeys(model._fields, 5), "unheardOf": [1]})
    names = [*model._fields.values(), "additional_properties"]
    assert [field.name for field in attrs.fields(model)] == names
    assert set(names) <= set(get_type_hints(model))
    assert attrs.evolve(decoded) == decoded
    assert attrs.evolve(decoded, additional_properties={}) != decoded
    assert list(attrs.asdict(decoded)) == list(vars(decoded)) == names
    json.dumps(vars(decoded))


def test_models_match_by_position_and_by_keyword() -> None:
    """A pattern may name fields, or take them in their order."""
    match models.Column.from_dict({"name": "c", "type": "UInt8"}):
        case models.Column(name, type, nullable=None):
            assert (name, type) == ("c", "UInt8")
        case _:
            pytest.fail("no match")


def test_each_field_is_explained_by_help() -> None:
    """What the specification says of a field is in the docstring of its class."""
    assert "order_by: Sort key." in str(models.Table.__doc__)


@given(st.sampled_from(MODELS).flatmap(lambda model: objects_of(model, present)))
def test_what_was_decoded_is_never_written_to(case: tuple[type[Model], dict[str, Any]]) -> None:
    """Neither reading nor setting changes the JSON object that a model came from."""
    model, source = case
    before = copy.deepcopy(source)
    decoded = model.from_dict(source)
    assert (repr(decoded), decoded.to_dict()) is not None
    for name in model._fields.values():
        setattr(decoded, name, "x")
    decoded.additional_properties["unheardOf"] = "x"
    assert source == before


def test_no_list_and_no_object_is_shared_with_what_was_decoded() -> None:
    """What is done to lists and to unknown fields stays with the model."""
    source = {"orderByKeys": ["a"], "columns": [{"name": "a"}], "more": {"deep": [1]}}
    before = copy.deepcopy(source)
    table = models.Table.from_dict(source)
    assert table.order_by is not None
    assert table.columns is not None
    table.order_by.append("b")
    table.columns.clear()
    table.additional_properties["more"]["deep"].append(2)
    assert source == before
    assert table.to_dict() == {"orderByKeys": ["a", "b"], "columns": [], "more": {"deep": [1, 2]}}


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_is_set_apart(copied: Callable[[models.Table], models.Table]) -> None:
    """Setting a field of a copy leaves the original as it was."""
    original = models.Table.from_dict({"name": "t", "ttl": {"column": "d"}, "more": 1})
    assert original.ttl is not None
    other = copied(original)
    other.name, other.ttl, other.additional_properties = "s", None, {}
    assert original.to_dict() == {"name": "t", "ttl": {"column": "d"}, "more": 1}
    assert other.to_dict() == {"name": "s"}


def test_a_model_made_by_hand_takes_its_fields_and_no_others() -> None:
    """What is missing or unknown is named."""
    with pytest.raises(TypeError, match="'order_by'"):
        models.CreateTableRequest()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="nmae"):
        models.Column(name="c", type="UInt8", nmae="c")  # type: ignore[call-arg]


def test_a_secret_is_in_no_repr() -> None:
    """A key just made shows neither under its likely name nor under another."""
    made = models.CreatedApiKey.from_dict({"id": "k", "apiKey": "s3cret", "token": "s3cret"})
    assert "s3cret" not in repr(made)
    assert (made.api_key, made["token"]) == ("s3cret", "s3cret")


@cases("copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_models_can_be_copied(copied: Callable[[Model], Model]) -> None:
    """A copied or pickled model equals the original."""
    source = {"name": "x", "status": "NEW", "createdAt": MOMENT, "more": [1]}
    for model in MODELS:
        decoded = model.from_dict(source)
        assert copied(decoded) == decoded


def test_unset_stays_the_one_it_is() -> None:
    """UNSET is recognised by identity after any copy, and is false."""
    assert all(copied is UNSET for copied in copies(UNSET))
    assert not UNSET
    assert repr(UNSET) == "UNSET"


@given(st.sampled_from(ENUMS), st.text())
def test_an_unknown_enum_value_is_kept(enum: type[OpenEnum], text: str) -> None:
    """A value is a member that equals its text, and says whether the specification lists it."""
    member = enum(text)
    assert member == text == str(member) == member.value
    assert hash(member) == hash(text)
    assert member.is_known == (text in list(enum))
    assert json.dumps(member) == json.dumps(text)
    for copied in copies(member):
        assert isinstance(copied, enum)
        assert copied == member


def test_a_known_enum_value_is_its_member() -> None:
    """A listed value is the member itself."""
    assert models.QueryMode.decode("ansi_sql") is models.QueryMode.ANSI_SQL
    assert models.QueryMode.ANSI_SQL.is_known


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),
    st.integers(0, 999),
    st.sampled_from(["Z", "+00:00", "+08:00", "-03:30"]),
)
def test_nanoseconds_survive(moment: datetime, below: int, offset: str) -> None:
    """A moment comes back to the letter, from JSON, a copy or a pickle."""
    text = f"{moment.isoformat(timespec='microseconds')}{below:03}{offset}"
    decoded = Timestamp.decode(text)
    assert isinstance(decoded, Timestamp)
    for one in (decoded, *copies(decoded)):
        assert isinstance(one, Timestamp)
        assert one.nanosecond == moment.microsecond * 1000 + below
        assert encode(one) == str(one) == text
        assert one == datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "nanosecond"),
    [
        ("2020-11-23T09:23:55Z", 0),
        ("2020-11-23T09:23:55.5Z", 500_000_000),
        ("2020-11-23T09:23:55.000000001+08:00", 1),
        ("2020-11-23T09:23:55.999999999Z", 999_999_999),
    ],
)
def test_the_fraction_is_in_nanoseconds(text: str, nanosecond: int) -> None:
    """However many digits a fraction has, `nanosecond` is in nanoseconds."""
    assert Timestamp.decode(text).nanosecond == nanosecond


def test_a_calculated_time_is_whole() -> None:
    """A sum is an aware moment to the microsecond, and can be printed and copied."""
    later = Timestamp.decode(MOMENT) + timedelta(seconds=1)
    assert later == datetime(2020, 11, 23, 9, 23, 56, 840932, UTC)
    assert later.nanosecond == 840_932_000
    assert str(later) == "2020-11-23T09:23:56.840932+00:00"
    assert all(copied == later for copied in copies(later))


@cases("value", ["", "yesterday", "2020-11-23T09:23:55", "2020-13-01T00:00:00Z", 5, None])
def test_what_is_no_timestamp_is_kept(value: object) -> None:
    """Text without an offset, or that is no time at all, stays what it is."""
    assert Timestamp.decode(value) is value


def test_a_plan_leaves_out_what_is_absent() -> None:
    """An argument that is None is not in the request; another is text under its wire name."""
    plan = list_databases.plan(limit=10, x_user_active_role="AccountAdmin")
    assert plan.operation.id == "list_databases"
    assert (plan.path, plan.body) == ({}, None)
    assert plan.query == {"limit": "10"}
    assert plan.headers == {ROLE_HEADER: "AccountAdmin"}
    assert plan.decode({DATA_KEY: []}) == models.ListDatabasesResponse(data=[])


def test_a_plan_carries_path_and_body() -> None:
    """Values for the route template are apart from it; the body is a JSON object."""
    body = models.CreateTableRequest(
        name="t", columns=[models.Column(name="c", type="UInt8")], order_by=["c"]
    )
    plan = create_table.plan("db/1", body=body)
    assert plan.operation is OPERATIONS["create_table"]
    assert "{db_name}" in plan.operation.path
    assert plan.path == {"db_name": "db/1"}
    assert plan.body == {
        "name": "t",
        "columns": [{"name": "c", "type": "UInt8"}],
        "orderByKeys": ["c"],
    }


@pytest.mark.parametrize("mode", ["ansi_sql", models.QueryMode.ANSI_SQL, "another"])
def test_an_enum_may_be_given_as_a_string(mode: models.QueryMode | str) -> None:
    """A plain string stands for an enum's member, listed or not."""
    body = models.SubmitSyncQueryRequest.from_dict({"query": "select 1"})
    body.mode = mode
    assert submit_sync_query.plan(body=body).body == {"query": "select 1", "mode": str(mode)}
