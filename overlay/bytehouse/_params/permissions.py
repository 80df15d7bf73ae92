"""Kinds of objects that permissions are about, and actions that they permit."""

from __future__ import annotations

from .._core.enums import NamedEnum


class ObjectKind(NamedEnum):
    """Kinds of objects. The API's docs name none: the vendor's console has these kinds
    (documented), and their spelling here is inferred."""

    ACCOUNT = "ACCOUNT"
    DATABASE = "DATABASE"
    TABLE = "TABLE"
    VIEW = "VIEW"
    MATERIALIZED_VIEW = "MATERIALIZED_VIEW"
    DICTIONARY = "DICTIONARY"
    VIRTUAL_WAREHOUSE = "VIRTUAL_WAREHOUSE"


class Action(NamedEnum):
    """Actions that a role may be permitted. The API's docs name none: all spellings are inferred.

    The vendor's console has the actions on data (ALTER to TRUNCATE), for the account, a database or
    what is in one; VIEW, USE and ALL, for a virtual warehouse; and the rights to create databases
    and to load data, for the account (all of these documented). That ALL exists for data, and the
    last three, which are for the account, are inferred.
    """

    ALTER = "ALTER"
    CREATE = "CREATE"
    DROP = "DROP"
    GET = "GET"
    INSERT = "INSERT"
    OPTIMIZE = "OPTIMIZE"
    SELECT = "SELECT"
    SHOW = "SHOW"
    TRUNCATE = "TRUNCATE"
    VIEW = "VIEW"
    USE = "USE"
    ALL = "ALL"
    CREATE_DATABASE = "CREATE DATABASE"
    MANAGE_DATA_LOADING = "MANAGE DATA LOADING"
    CREATE_VIRTUAL_WAREHOUSE = "CREATE VIRTUAL WAREHOUSE"
    MANAGE_ROLES = "MANAGE ROLES"
    VIEW_USAGE = "VIEW USAGE"
