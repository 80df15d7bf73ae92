"""The client's errors are the same under the documented statuses and the conventional ones."""

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

from bytehouse import APIError, AuthenticationError, ByteHouse, Conflict, KafkaConnection, TableSpec
from bytehouse_emulator.testing import RunningEmulator
from bytehouse_raw.operations import OPERATIONS, ROLE_HEADER
from tests.openapi.specs import sample

SPEC = TableSpec("t", {"id": "UInt64"}, order_by="id")
CONFIGURATION = {
    "source": {"type": "KAFKA", "format": "JSON", "properties": {"topic": "t"}},
    "target": {"database": "d", "table": "t"},
}
SEED: dict[str, Any] = {
    "roles": [{"name": "Limited"}],
    "databases": [
        {
            "name": "d",
            "tables": [
                {"name": "t", "columns": [{"name": "id", "type": "UInt64"}], "orderByKeys": ["id"]}
            ],
        }
    ],
    "warehouses": [{"name": "w", "configID": 123451, "status": "down"}],
    "connections": [{"name": "c", "type": "KAFKA", "data": {"brokers": "127.0.0.1:9092"}}],
    "jobs": [
        {"name": name, "connection": "c", "configuration": CONFIGURATION, "state": state}
        for name, state in {"published": "PUBLISHED", "draft": "DRAFT"}.items()
    ],
}


@attrs.frozen
class Filled:
    """An emulator, and the ids of what is in it."""

    emulator: RunningEmulator
    connection: int
    jobs: dict[str, int]

    def client(self, statuses: Any, **settings: Any) -> ByteHouse:
        """Return a client of the emulator as it was, with one kind of statuses."""
        self.emulator.restore("filled")
        # What is in it is older than any call: within three seconds that cannot be distinguished.
        self.emulator.advance_clock(60)
        self.emulator.clear_faults()
        self.emulator.statuses(statuses)
        arguments = {**self.emulator.client_arguments, "max_retries": 0}
        return ByteHouse(**{**arguments, **settings})


@pytest.fixture(scope="module")
def filled(emulator: RunningEmulator) -> Filled:
    """Fill the emulator."""
    made = emulator.seed(SEED)
    with ByteHouse(**emulator.client_arguments) as bh:
        bh.api_keys.create(expires_in="5d")
        bh.queries.execute("SELECT 1", query_id="taken")
    emulator.snapshot("filled")
    return Filled(emulator, int(made["connections"]["c"]), made["jobs"])


@pytest.fixture(params=["documented", "conventional"])
def statuses(request: pytest.FixtureRequest) -> str:
    """Name the kind of statuses."""
    return str(request.param)


@pytest.fixture
def bh(filled: Filled, statuses: str) -> Iterator[ByteHouse]:
    """Return a client of the emulator."""
    with filled.client(statuses) as client:
        yield client


def errors(bh: ByteHouse, **options: Any) -> dict[str, str]:
    """Call every operation, as little as it needs, and return the classes of the errors."""
    found = {}
    for operation in OPERATIONS.values():
        try:
            bh.send(sample(operation), **options)
        except APIError as error:
            found[operation.id] = type(error).__name__
    return found


def test_a_wrong_key_is_told_by_every_operation(filled: Filled, statuses: str) -> None:
    """Whatever the status, the error says that it is the key."""
    with filled.client(statuses, api_key="wrong") as bh:
        assert errors(bh) == dict.fromkeys(OPERATIONS, "AuthenticationError")
        with pytest.raises(AuthenticationError, match="Hint: Check api_key"):
            bh.account.status()


def test_each_operation_has_the_same_errors_under_either_kind(filled: Filled) -> None:
    """What lacks a permission, is invalid or does not exist has one class, whatever the status."""
    found = {}
    for statuses in ("documented", "conventional"):
        with filled.client(statuses) as bh:
            found[statuses] = errors(bh, role="Limited"), errors(bh, role="NoSuchRole"), errors(bh)
    assert found["documented"] == found["conventional"]
    limited, unknown, allowed = found["documented"]
    assert set(limited.values()) == {"PermissionDenied", "InvalidRequest", "NotFound", "Conflict"}
    assert list(limited.values()).count("PermissionDenied") > 30
    takes_role = {o.id for o in OPERATIONS.values() if ROLE_HEADER in o.headers}
    assert {name for name, kind in unknown.items() if kind == "PermissionDenied"} == takes_role
    assert "PermissionDenied" not in allowed.values()
    assert list(allowed.values()).count("NotFound") > 25


CREATES: dict[str, Callable[[ByteHouse], object]] = {
    "create_database": lambda bh: bh.databases.create("d", max_retries=2),
    "create_table": lambda bh: bh.tables.create("d", SPEC, max_retries=2),
    "create_warehouse": lambda bh: bh.warehouses.create("w", config_id=123451, max_retries=2),
    "create_connection": lambda bh: bh.connections.create(
        "c", KafkaConnection(brokers="a:1"), max_retries=2
    ),
    "submit_sync_query": lambda bh: bh.queries.execute("SELECT 1", query_id="taken"),
    "submit_async_query": lambda bh: bh.queries.submit("SELECT 1", query_id="taken"),
}


@pytest.mark.parametrize("operation", CREATES)
def test_what_exists_is_a_conflict(bh: ByteHouse, operation: str) -> None:
    """Be it a 400 or a 409."""
    with pytest.raises(Conflict) as caught:
        CREATES[operation](bh)
    assert caught.value.status in (400, 409)


def test_a_name_or_a_limit_that_is_used_up_is_a_conflict(bh: ByteHouse, filled: Filled) -> None:
    """A user has two keys, and a name belongs to one job."""
    with pytest.raises(Conflict):
        bh.import_jobs.rename(filled.jobs["draft"], "published")
    with pytest.raises(Conflict):
        bh.api_keys.create(expires_in="5d")


def test_a_state_that_does_not_allow_a_call_is_a_conflict(bh: ByteHouse, filled: Filled) -> None:
    """Be it a 422 or a 409: a suspended warehouse, what is in use, a draft."""
    warehouse = bh.warehouses.get("w").id
    for call in (
        lambda: bh.queries.execute("SELECT 1", warehouse=warehouse),
        lambda: bh.query("SELECT 1", warehouse=warehouse),
        lambda: bh.connections.delete(filled.connection),
        lambda: bh.import_jobs.start(filled.jobs["draft"]),
        lambda: bh.warehouses.delete("vw_default"),
    ):
        with pytest.raises(Conflict) as caught:
            call()
        assert caught.value.status in (422, 409)


def test_ensure_finds_what_another_created_first(filled: Filled, bh: ByteHouse) -> None:
    """It reads first; if that comes too early, the refusal of the create is no error."""
    missing = '{"error": {"code": "errbook_X_NotFound", "message": "no"}}'
    for operation in ("get_database", "get_table", "get_warehouse"):
        filled.emulator.fault(operation, status=404, body=missing)
    assert not bh.databases.ensure("d").created
    assert not bh.tables.ensure("d", SPEC).created
    assert not bh.warehouses.ensure("w", config_id=123451).created


@pytest.mark.parametrize("operation", ["create_database", "create_connection", "create_warehouse"])
def test_what_existed_before_a_lost_response_is_a_conflict(
    filled: Filled, bh: ByteHouse, operation: str
) -> None:
    """Under either kind it is not taken for the call's own effect."""
    filled.emulator.fault(operation, drop="before")
    with pytest.raises(Conflict):
        CREATES[operation](bh)
