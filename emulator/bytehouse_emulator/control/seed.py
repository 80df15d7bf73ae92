"""Seed an emulator with the objects of a YAML document.

Most entries are the request bodies of the operations that create the objects, and are passed to the
same handlers, so that the same rules apply to both. See `docs/emulator.md` for an example.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, cast

import msgspec
import yaml

import bytehouse_emulator.handlers  # noqa: F401 - it registers them
from bytehouse_emulator.calls.call import HANDLERS, Call
from bytehouse_emulator.emulator import Emulator
from bytehouse_emulator.errors import EmulatorError, invalid
from bytehouse_emulator.iam.users import ACCOUNT_ADMIN, START_KEY, Caller
from bytehouse_emulator.loading.kafka import Produce
from bytehouse_emulator.model.account import FIRST_USER
from bytehouse_emulator.model.mysql_sync import MySqlSync
from bytehouse_emulator.queries.query import Query
from bytehouse_emulator.spec.specification import load_yaml
from bytehouse_emulator.sql.lexer import full_name

_SETTINGS: Final = (
    "date_time_input_format='best_effort', input_format_skip_unknown_fields=0,"
    " input_format_null_as_default=0"
)


class NewRole(msgspec.Struct, forbid_unknown_fields=True):
    """A role to add."""

    name: str
    description: str = ""


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    """A user to add with some roles and an API key, a new one unless it is given."""

    roles: list[str] = []
    id: int = FIRST_USER + 2
    api_key: str = ""


class NewDatabase(msgspec.Struct, forbid_unknown_fields=True):
    """A database to create, its tables, and its status if it mirrors a MySQL database.

    A table is the body of its operation with one more key, `rows`: each a list of values or a
    mapping of columns to values.
    """

    name: str
    description: str = ""
    tables: list[dict[str, Any]] = []
    mysql: MySqlSync | None = None


class Statements(msgspec.Struct, forbid_unknown_fields=True):
    """Statements to run."""

    query: str
    mode: Literal["ansi_sql", "clickhouse_sql"] = "clickhouse_sql"


class Seed(msgspec.Struct, forbid_unknown_fields=True):
    """The objects to create, in the order in which they are created."""

    roles: list[NewRole] = []
    users: list[NewUser] = []
    databases: list[NewDatabase] = []
    statements: list[Statements] = []
    warehouses: list[dict[str, Any]] = []
    grants: list[dict[str, Any]] = []
    connections: list[dict[str, Any]] = []
    jobs: list[dict[str, Any]] = []
    kafka: list[Produce] = []


class _Seeded(msgspec.Struct):
    """A marker that the seed file was applied."""


def read_seed(text: bytes | str) -> Seed:
    """Parse a seed; JSON is YAML too."""
    try:
        document = load_yaml(text)
        # YAML has dates, and keys that are not strings; the operations take JSON.
        return msgspec.json.decode(msgspec.json.encode(document or {}), type=Seed)
    except (yaml.YAMLError, msgspec.MsgspecError, TypeError, ValueError) as error:
        raise invalid("Seed", f"The document is no seed: {error}") from None


def apply_seed_file(emulator: Emulator) -> None:
    """Apply the seed file that an emulator is started with, unless its data have been seeded."""
    path = emulator.settings.seed
    markers = emulator.documents.collection("seeded", _Seeded)
    if path is None or len(markers):
        return
    try:
        apply(emulator, read_seed(path.read_bytes()))
    except EmulatorError as error:
        raise RuntimeError(f"{path}: {error.message}") from None
    markers.put("", _Seeded())


def apply(emulator: Emulator, seed: Seed) -> dict[str, Any]:
    """Create all objects; those before an entry that is refused remain."""
    seeder = _Seeder(emulator)
    for name in Seed.__struct_fields__:
        for index, entry in enumerate(getattr(seed, name)):
            with _prefix_errors(f"{name}[{index}]"):
                getattr(seeder, name)(entry)
    return {"users": seeder.keys, "connections": seeder.ids, "jobs": seeder.job_ids}


class _Seeder:
    """Creates the objects of each kind, with a method for each key of a seed."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.keys: dict[str, str] = {}
        self.ids: dict[str, int] = {}
        self.job_ids: dict[str, int] = {}

    def roles(self, role: NewRole) -> None:
        self._emulator.iam.add_role(role.name, role.description)

    def users(self, user: NewUser) -> None:
        iam = self._emulator.iam
        self.keys[str(user.id)] = iam.add_user(user.id, tuple(user.roles), user.api_key)

    def databases(self, database: NewDatabase) -> None:
        body = {"name": database.name, "description": database.description}
        self._call("create_database", {}, body)
        for index, table in enumerate(database.tables):
            with _prefix_errors(f"tables[{index}]"):
                self._table(database.name, table)
        if database.mysql:
            uuid = self._emulator.catalog.database(database.name)["uuid"]
            self._emulator.mysql_syncs.add(uuid, database.mysql)

    def statements(self, statements: Statements) -> None:
        query = Query(
            id="",
            kind="sync",
            role=ACCOUNT_ADMIN,
            text=statements.query,
            mode=statements.mode,
        )
        ended = self._emulator.queries.submit(query).ended.result()
        if ended.failure:
            raise ended.failure.error()

    def warehouses(self, body: dict[str, Any]) -> None:
        self._call("create_warehouse", {}, body)

    def grants(self, body: dict[str, Any]) -> None:
        self._call("grant_permission", {}, body)

    def connections(self, body: dict[str, Any]) -> None:
        created = self._call("create_connection", {}, body)
        self.ids[body["name"]] = created["data"]["id"]

    def jobs(self, body: dict[str, Any]) -> None:
        """Create a job; `connection` may name one of the seed, whose id is not known beforehand."""
        body = {"state": "PUBLISHED", "sourceSchema": {}} | body
        if name := body.pop("connection", None):
            if name not in self.ids:
                raise invalid("Seed", f"No connection {name!r} is in this seed.")
            body["connectionID"] = self.ids[name]
        self.job_ids[body["name"]] = self._call("create_import_job", {}, body)["data"]["id"]

    def kafka(self, produced: Produce) -> None:
        self._emulator.loading.kafka.produce(produced)

    def _table(self, database: str, body: dict[str, Any]) -> None:
        rows = body.pop("rows", [])
        self._call("create_table", {"db_name": database}, body)
        if not rows:
            return
        if not all(isinstance(row, type(rows[0])) for row in rows):
            raise invalid("Seed", "The rows of a table are all lists, or all mappings.")
        kind = "JSONEachRow" if isinstance(rows[0], dict) else "JSONCompactEachRow"
        name = full_name(database, body["name"])
        sql = f"INSERT INTO {name} SETTINGS {_SETTINGS}"
        with self._emulator.engine.session() as session:
            session.insert(sql, kind, [b"\n".join(map(msgspec.json.encode, rows))])
            if body.get("uniqueKey"):
                session.run(f"OPTIMIZE TABLE {name} FINAL")

    def _call(self, name: str, parameters: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        operation = self._emulator.specification.operations[name]
        if problem := operation.validate_body(body):
            raise invalid("Seed", f"not as {name} takes it: {problem}")
        if unknown := body.keys() - operation.body_properties.keys():
            raise invalid("Seed", f"{name} takes no {', '.join(sorted(unknown))}")
        caller = Caller(FIRST_USER, START_KEY)
        call = Call(self._emulator, name, parameters, body, ACCOUNT_ADMIN, caller)
        # None of those called here is asynchronous or streams its response.
        return cast(dict[str, Any], HANDLERS[name].run(call))


@contextmanager
def _prefix_errors(path: str) -> Iterator[None]:
    """Prefix the message of an error with the entry it is about."""
    try:
        yield
    except EmulatorError as error:
        code = error.code.removeprefix("errbook_")
        raise EmulatorError(error.status, code, f"{path}: {error.message}") from None
