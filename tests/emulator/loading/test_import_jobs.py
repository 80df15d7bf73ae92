"""Import jobs are stored and changed, and started only if they can run."""

from __future__ import annotations

from typing import Any

import pytest

from bytehouse_raw.operations import ROLE_HEADER
from tests.emulator.loading.loader import Loader


def test_a_job_goes_through_its_life(api: Loader) -> None:
    """Create, read, rename, describe, replace, list and delete agree with each other."""
    body = api.definition({"type": "LOCAL"}, description="first")
    number = api.ok("create_import_job", body)["data"]["id"]
    api.ok("rename_import_job", {"name": "renamed"}, id=number)
    api.ok("describe_import_job", {"description": "second"}, id=number)
    job = api.ok("get_import_job", id=number)["data"]
    assert (job["name"], job["description"], job["state"]) == ("renamed", "second", "PUBLISHED")
    assert job["configuration"] == body["configuration"]
    api.ok("update_import_job", body | {"configuration": {}, "state": "DRAFT"}, id=number)
    job = api.ok("list_import_jobs")["data"][0]
    assert (job["id"], job["configuration"], job["state"]) == (number, {}, "DRAFT")
    api.ok("delete_import_job", id=number)
    for operation, sent in [
        ("get_import_job", None),
        ("update_import_job", body),
        ("delete_import_job", None),
        ("rename_import_job", {"name": "x"}),
        ("describe_import_job", {}),
        ("get_import_job_start_arguments", None),
        ("start_import_job", {}),
        ("stop_import_job", None),
        ("list_import_job_executions", None),
    ]:
        assert api.fails(operation, sent, id=number) == (404, "ImportJob_NotFound")


def test_names_are_unique(api: Loader) -> None:
    """A second job of one name is refused, by create, update and rename."""
    first, second = api.local("a.csv"), api.local("b.csv")
    taken = api.ok("get_import_job", id=first)["data"]["name"]
    body = api.definition({}, name=taken)
    assert api.fails("create_import_job", body) == (400, "ImportJob_AlreadyExists")
    assert api.fails("update_import_job", body, id=second) == (400, "ImportJob_AlreadyExists")
    rename = {"name": taken}
    assert api.fails("rename_import_job", rename, id=second) == (400, "ImportJob_AlreadyExists")
    api.ok("rename_import_job", rename, id=first)


@pytest.mark.parametrize("name", ["", " ", "x" * 129, None])
def test_a_name_must_be_there_and_short(api: Loader, name: str | None) -> None:
    """1 to 128 characters, for rename too, where the docs do not require it."""
    job = api.local("a.csv")
    body = {} if name is None else {"name": name}
    assert api.fails("rename_import_job", body, id=job) == (400, "ImportJob_Invalid")


def test_a_draft_cannot_be_started(api: Loader) -> None:
    """It can once it is published."""
    api.table("id Int32")
    name = api.file("a.csv", "id\n1\n")
    job = api.local(name)
    given = {"name", "description", "connectionID", "configuration", "sourceSchema", "state"}
    body = {k: v for k, v in api.ok("get_import_job", id=job)["data"].items() if k in given}
    api.ok("update_import_job", body | {"state": "DRAFT"}, id=job)
    assert api.fails("start_import_job", {}, id=job) == (422, "ImportJob_IllegalState")
    api.ok("update_import_job", body, id=job)
    assert api.run(job)["status"] == "FINISHED"


def test_the_start_arguments_name_the_files(api: Loader) -> None:
    """What a job returns there, it accepts when it is started; those of the start override."""
    table = api.table("id Int32")
    first, second = api.file("a.csv", "id\n1\n"), api.file("b.csv", "id\n2\n")
    job = api.local(first)
    arguments = api.ok("get_import_job_start_arguments", id=job)["data"]
    assert arguments == {"source.properties.fileNames": first}
    execution = api.run(job, {"source.properties.fileNames": second})
    assert execution["arguments"] == {"source.properties.fileNames": second}
    assert api.rows(f"SELECT id FROM {table}") == [[2]]


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ({}, 501),
        ({"type": "LOCAL"}, 501),
        ({"type": "LOCAL", "format": "CSV"}, 400),
        ({"type": "LOCAL", "format": "AVRO", "properties": {"fileNames": "a"}}, 501),
        ({"type": "LOCAL", "format": "CSV", "properties": {"fileNames": "a", "skip": 1}}, 501),
        ({"type": "LOCAL", "format": "CSV", "properties": {"fileNames": "/etc/passwd"}}, 400),
        ({"type": "LOCAL", "format": "CSV", "properties": {"fileNames": "x/../../a"}}, 400),
        ({"type": "MYSQL", "format": "JSON"}, 501),
        ({"type": "S3", "format": "CSV", "properties": {"fileNames": "a"}}, 400),
        ({"type": "KAFKA", "format": "PROTOBUF", "properties": {"topic": "a"}}, 501),
    ],
)
def test_what_cannot_run_is_refused(api: Loader, source: dict[str, Any], status: int) -> None:
    """It can be created; its start is refused with what is not modelled or wrong."""
    api.table("id Int32")
    job = api.job(source)
    assert api.fails("start_import_job", {}, id=job)[0] == status
    assert api.ok("list_import_job_executions", id=job)["data"] == []


def test_an_unknown_start_argument_is_refused(api: Loader) -> None:
    """It is not passed over in silence."""
    api.table("id Int32")
    job, body = api.local("a.csv"), {"source.properties.skipRows": "1"}
    assert api.fails("start_import_job", body, id=job) == (501, "Emulator_NotModelled")


def test_a_missing_target_is_refused(api: Loader) -> None:
    """The table must be there when the job is started, and be one that holds rows."""
    job = api.local("a.csv")
    assert api.fails("start_import_job", {}, id=job) == (404, "Table_NotFound")
    api.rows(f"CREATE VIEW {api.database}.t AS SELECT 1 AS id; SELECT 1")
    assert api.fails("start_import_job", {}, id=job) == (400, "ImportJob_Invalid")


@pytest.mark.usefixtures("fresh")
def test_a_role_must_be_allowed_to_insert(api: Loader) -> None:
    """The right to load data is no right to write to any table."""
    api.table("id Int32")
    job = api.local(api.file("a.csv", "id\n1\n"))
    role = {ROLE_HEADER: "Analyst"}
    assert api.fails("start_import_job", {}, id=job, headers=role) == (403, "Auth_PermissionDenied")
    api.grant("MANAGE DATA LOADING", "ACCOUNT", "")
    assert api.fails("start_import_job", {}, id=job, headers=role) == (403, "Auth_PermissionDenied")
    api.grant("INSERT", "DATABASE", api.database)
    api.ok("start_import_job", {}, id=job, headers=role)
