"""The permissions of roles on the account, databases, tables and virtual warehouses.

The vendor's console documents the model and most of the actions: data permissions (ALTER, CREATE,
DROP, GET, INSERT, OPTIMIZE, SELECT, SHOW, TRUNCATE) on the account, on a database and on what is in
one; VIEW, USE and ALL on a virtual warehouse; the right to create databases and the right to load
data. AccountAdmin and SystemAdmin may do everything. How the API spells these, which of them an
operation asks for, and what else is here is inferred: VIEW USAGE, MANAGE ROLES, CREATE VIRTUAL
WAREHOUSE, and that ALL covers every action.

A grant on a database covers what is in it, one on the account covers everything. Any other role may
do nothing until it is granted something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import msgspec

from bytehouse_emulator.errors import EmulatorError, invalid, not_found, permission_denied
from bytehouse_emulator.iam.users import ADMINS, Iam
from bytehouse_emulator.model.account import ACCOUNT_ID
from bytehouse_emulator.model.catalog import object_type
from bytehouse_emulator.model.warehouses import Warehouses
from bytehouse_emulator.sql.engine import Engine
from bytehouse_emulator.sql.lexer import quote_string
from bytehouse_emulator.storage.documents import DocumentStore

DATA_ACTIONS: Final = frozenset(
    "ALTER CREATE DROP GET INSERT OPTIMIZE SELECT SHOW TRUNCATE".split()
)
_WAREHOUSE_ACTIONS: Final = frozenset({"VIEW", "USE"})
_ACCOUNT_ACTIONS: Final = frozenset(
    {
        "CREATE DATABASE",
        "CREATE VIRTUAL WAREHOUSE",
        "MANAGE DATA LOADING",
        "MANAGE ROLES",
        "VIEW USAGE",
    }
)
_ALL: Final = "ALL"
_OBJECTS: Final = frozenset({"TABLE", "VIEW", "MATERIALIZED_VIEW", "DICTIONARY"})
ACTIONS: Final = {
    "ACCOUNT": DATA_ACTIONS | _WAREHOUSE_ACTIONS | _ACCOUNT_ACTIONS | {_ALL},
    "DATABASE": DATA_ACTIONS | {_ALL},
    **dict.fromkeys(_OBJECTS, DATA_ACTIONS | {_ALL}),
    "VIRTUAL_WAREHOUSE": _WAREHOUSE_ACTIONS | {_ALL},
}
# Any action on an object includes seeing it.
_IMPLIED_BY: Final = {
    "SHOW": DATA_ACTIONS | {"CREATE DATABASE"},
    "VIEW": frozenset({"USE"}),
}


class Resource(NamedTuple):
    """An object of permissions; `path` has its own key before those of what contains it."""

    kind: str
    name: str
    path: tuple[str, ...]


ACCOUNT: Final = Resource("ACCOUNT", ACCOUNT_ID, ("account",))


class Permission(msgspec.Struct):
    """An action that a role may perform on an object."""

    role: str
    object: str
    action: str
    grant_option: bool = False


class Permissions:
    """The permissions of the roles, and the resources they are about."""

    def __init__(
        self, documents: DocumentStore, engine: Engine, iam: Iam, warehouses: Warehouses
    ) -> None:
        self._engine = engine
        self._iam = iam
        self._warehouses = warehouses
        self._permissions = documents.collection("permission", Permission)

    def allows(self, role: str, action: str, resource: Resource, *, granting: bool = False) -> bool:
        """Return whether a role may perform an action, or grant it to others."""
        if role in ADMINS:
            return True
        enough = {action, _ALL} if granting else {action, _ALL} | _IMPLIED_BY.get(action, set())
        return any(
            p.role == role
            and p.object in resource.path
            and p.action in enough
            and (p.grant_option or not granting)
            for p in self._permissions.all()
        )

    def require(self, role: str, action: str, resource: Resource) -> None:
        """Refuse an action that a role may not perform."""
        if not self.allows(role, action, resource):
            wider = {
                "VIRTUAL_WAREHOUSE": " or on ACCOUNT",
                "ACCOUNT": "",
                "DATABASE": " or ACCOUNT",
            }
            raise permission_denied(
                f"The role {role!r} lacks the permission {action} on {resource.kind}"
                f" {resource.name!r}. AccountAdmin and SystemAdmin can grant it there"
                f"{wider.get(resource.kind, ', on its DATABASE or on ACCOUNT')}."
            )

    def sees(self, role: str, action: str) -> Callable[[Iterable[str]], bool]:
        """Return what says of an object, given its key and those of what is around or in it,
        whether a role sees it in a list: whether it may perform an action on one of these.

        Args:
            role: The role.
            action: `SHOW`, or `VIEW` for virtual warehouses.
        """
        if role in ADMINS:
            return lambda _: True
        enough = {action, _ALL} | _IMPLIED_BY[action]
        granted = {
            p.object for p in self._permissions.all() if p.role == role and p.action in enough
        }
        everything = ACCOUNT.path[0] in granted
        return lambda keys: everything or not granted.isdisjoint(keys)

    # Objects

    def database(self, name: str) -> Resource:
        """Return a database; one that does not exist is covered by the account alone."""
        return self._covered(name.lower(), self._engine.rows(_database(name)))

    def table(self, database: str, name: str) -> Resource:
        """Return a table, view or dictionary; a missing one is covered by its database."""
        rows = self._engine.rows(
            f"{_database(database)} UNION ALL SELECT toString(uuid) AS uuid, engine FROM"
            f" system.tables WHERE database = {quote_string(database.lower())}"
            f" AND name = {quote_string(name)}"
        )
        parent = self._covered(database.lower(), [row for row in rows if not row["engine"]])
        full = f"{parent.name}.{name}"
        for row in rows:
            if row["engine"]:
                path = (f"table:{row['uuid']}", *parent.path)
                return Resource(object_type(row["engine"]), full, path)
        return Resource("TABLE", full, parent.path)

    def _covered(self, name: str, rows: Iterable[dict[str, str]]) -> Resource:
        own = tuple(f"database:{row['uuid']}" for row in rows)
        return Resource("DATABASE", name, (*own, *ACCOUNT.path))

    def warehouse(self, warehouse_id: str) -> Resource:
        """Return a virtual warehouse."""
        own = f"warehouse:{warehouse_id}"
        return Resource("VIRTUAL_WAREHOUSE", warehouse_id, (own, *ACCOUNT.path))

    def find(self, kind: str, resource_id: str) -> Resource:
        """Return the resource that a request names by kind and id; 404 if there is none.

        What an id is, is not documented. A uuid and a name (`database.table` for what is in a
        database) are both accepted here, for the account its id, `*` or nothing.
        """
        kind = kind.upper()
        if kind not in ACTIONS:
            raise _without_effect("SecureObjectTypeName", kind, ACTIONS)
        found = self._find(kind, resource_id)
        if found is None or found.kind != kind or (found.path == ACCOUNT.path and found != ACCOUNT):
            raise not_found(kind.title().replace("_", ""), resource_id)
        return found

    def _find(self, kind: str, resource_id: str) -> Resource | None:
        if kind == "ACCOUNT":
            return ACCOUNT if resource_id in {ACCOUNT_ID, "*", ""} else None
        if kind == "VIRTUAL_WAREHOUSE":
            found = self._warehouses.find(resource_id)
            return self.warehouse(found.id) if found else None
        value = quote_string(resource_id)
        if kind == "DATABASE":
            sql = f"SELECT name FROM system.databases WHERE toString(uuid) = {value}"
            rows = self._engine.rows(sql)
            return self.database(rows[0]["name"] if rows else resource_id)
        database, _, name = resource_id.partition(".")
        rows = self._engine.rows(
            f"SELECT database, name FROM system.tables WHERE toString(uuid) = {value}"
            f" OR (database = {quote_string(database.lower())} AND name = {quote_string(name)})"
        )
        return self.table(rows[0]["database"], rows[0]["name"]) if rows else None

    # Grants

    def grant(self, role: str, action: str, resource: Resource, *, option: bool) -> None:
        """Grant a permission; of one that exists the grant option is changed."""
        self._require_changeable(role)
        self._require_action(action, resource)
        permission = Permission(role, resource.path[0], action, option)
        self._permissions.put(_key(permission), permission)

    def revoke(self, role: str, action: str, resource: Resource) -> None:
        """Revoke a permission; what a wider one includes stays permitted."""
        self._require_changeable(role)
        self._require_action(action, resource)
        if not self._permissions.delete(_key(Permission(role, resource.path[0], action))):
            raise not_found("Permission", f"{action} on {resource.kind} {resource.name} of {role}")

    def on(self, role: str, resource: Resource) -> list[tuple[str, bool]]:
        """Return the actions granted to a role on an object itself, each with its grant option."""
        self._iam.require_role(role)
        if role in ADMINS:
            return [(action, True) for action in sorted(ACTIONS[resource.kind] - {_ALL})]
        return [
            (p.action, p.grant_option)
            for p in self._permissions.all()
            if p.role == role and p.object == resource.path[0]
        ]

    def delete_all(self, resource: Resource) -> None:
        """Delete the permissions on a deleted object, whose id may be used again."""
        for permission in self._permissions.all():
            if permission.object == resource.path[0]:
                self._permissions.delete(_key(permission))

    def _require_changeable(self, role: str) -> None:
        self._iam.require_role(role)
        if role in ADMINS:
            message = (
                f"What the predefined role {role!r} may do cannot be changed: it is everything."
            )
            raise invalid("Permission", message)

    def _require_action(self, action: str, resource: Resource) -> None:
        if action not in ACTIONS[resource.kind]:
            raise _without_effect("ActionName", action, ACTIONS[resource.kind])


def _without_effect(what: str, name: str, known: Iterable[str]) -> EmulatorError:
    return invalid(
        "Permission",
        f"{what} {name[:40]!r} would have no effect in this emulator, whose names are inferred:"
        f" {', '.join(sorted(known))}.",
    )


def _database(name: str) -> str:
    return (
        "SELECT toString(uuid) AS uuid, '' AS engine FROM system.databases"
        f" WHERE name = {quote_string(name.lower())}"
    )


def _key(permission: Permission) -> str:
    return msgspec.json.encode([permission.role, permission.object, permission.action]).decode()
