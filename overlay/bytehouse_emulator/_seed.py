"""Fill an emulator from a YAML document, so that a test or a demonstration begins with something.

Most entries are the bodies of the operations that would make them, and are carried out by the same
handlers, so that one set of rules holds for both. See `docs/emulator.md` for an example.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, cast

import msgspec
import yaml

from . import _handlers
from ._call import HANDLERS, Call
from ._catalog import full_name
from ._emulator import Emulator
from ._errors import EmulatorError, invalid
from ._iam import ACCOUNT_ADMIN, FIRST_USER, START_KEY, Caller
from ._loading import Produce
from ._mirrors import Mirror
from ._queries import Query

_SETTINGS: Final = (
    "date_time_input_format='best_effort', input_format_skip_unknown_fields=0,"
    " input_format_null_as_default=0"
)


class NewRole(msgspec.Struct, forbid_unknown_fields=True):
    """A role to bring in."""

    name: str
    description: str = ""


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    """A user to bring in, the roles he holds, and his API key: a new one unless it is given."""

    roles: list[str] = []
    id: int = FIRST_USER + 2
    api_key: str = ""


class NewDatabase(msgspec.Struct, forbid_unknown_fields=True):
    """A database to create, its tables, and the MySQL database it is said to mirror.

    A table is the body of its operation with a key more, `rows`: each a list of values or a mapping
    of columns to values.
    """

    name: str
    description: str = ""
    tables: list[dict[str, Any]] = []
    mysql: Mirror | None = None


class Statements(msgspec.Struct, forbid_unknown_fields=True):
    """Statements to run."""

    query: str
    mode: Literal["ansi_sql", "clickhouse_sql"] = "clickhouse_sql"


class Seed(msgspec.Struct, forbid_unknown_fields=True):
    """What an emulator is to begin with, in the order in which it is made."""

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
    """Marks that the seed file was brought in."""


def read_seed(text: bytes | str) -> Seed:
    """Read a seed; JSON is YAML too."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe
        # YAML knows dates, and keys that are no text; JSON is what the operations know.
        return msgspec.json.decode(msgspec.json.encode(document or {}), type=Seed)
    except (yaml.YAMLError, msgspec.MsgspecError, TypeError, ValueError) as error:
        raise invalid("Seed", f"The document is no seed: {error}") from None


class SeedFile:
    """The seed that an emulator is started with."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def apply_once(self, emulator: Emulator) -> None:
        """Bring it in, unless that was done already in these data."""
        marks = emulator.state.collection("seeded", _Seeded)
        if len(marks):
            return
        try:
            apply(emulator, read_seed(self._path.read_bytes()))
        except EmulatorError as error:
            raise RuntimeError(f"{self._path}: {error.message}") from None
        marks.put("", _Seeded())


def apply(emulator: Emulator, seed: Seed) -> dict[str, Any]:
    """Make everything; what came before an entry that is refused stays made."""
    _handlers.load()
    seeding = _Seeding(emulator)
    for name in Seed.__struct_fields__:
        for place, entry in enumerate(getattr(seed, name)):
            with _at(f"{name}[{place}]"):
                getattr(seeding, name)(entry)
    return {"users": seeding.keys, "connections": seeding.ids, "jobs": seeding.job_ids}


class _Seeding:
    """Makes the entries of each kind, by the methods that are named like the keys of a seed."""

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
        for place, table in enumerate(database.tables):
            with _at(f"tables[{place}]"):
                self._table(database.name, table)
        if database.mysql:
            uuid = self._emulator.catalog.database(database.name)["uuid"]
            self._emulator.mirrors.add(uuid, database.mysql)

    def statements(self, statements: Statements) -> None:
        query = Query(id="", kind="sync", role=ACCOUNT_ADMIN, text=statements.query,
                      mode=statements.mode)  # fmt: skip
        ended = self._emulator.queries.submit(query).ended.result()
        if ended.failure:
            raise ended.failure.error()

    def warehouses(self, body: dict[str, Any]) -> None:
        self._call("create_warehouse", {}, body)

    def grants(self, body: dict[str, Any]) -> None:
        self._call("grant_permission", {}, body)

    def connections(self, body: dict[str, Any]) -> None:
        made = self._call("create_connection", {}, body)
        self.ids[body["name"]] = made["data"]["id"]

    def jobs(self, body: dict[str, Any]) -> None:
        """Make a job; `connection` may name one of the seed, whose id nobody knows beforehand."""
        body = {"state": "PUBLISHED", "sourceSchema": {}} | body
        if name := body.pop("connection", None):
            if name not in self.ids:
                raise invalid("Seed", f"No connection {name!r} is in this seed.")
            body["connectionID"] = self.ids[name]
        self.job_ids[body["name"]] = self._call("create_import_job", {}, body)["data"]["id"]

    def kafka(self, given: Produce) -> None:
        self._emulator.loading.kafka.produce(given)

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
            session.insert(sql, kind, b"\n".join(map(msgspec.json.encode, rows)))
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
        # None of those called here is asynchronous or streams its answer.
        return cast(dict[str, Any], HANDLERS[name](call))


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Say in an error which entry it is about."""
    try:
        yield
    except EmulatorError as error:
        code = error.code.removeprefix("errbook_")
        raise EmulatorError(error.status, code, f"{place}: {error.message}") from None
