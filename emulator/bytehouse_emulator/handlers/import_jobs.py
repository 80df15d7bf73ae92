"""Import jobs.

The two states, the maximum length of names and the start argument for files are documented. That
names are unique, that a draft cannot be started, that a job has one execution at a time and that a
running job can be neither changed nor deleted is inferred. For the configuration see
`loading/plans.py`.
"""

from __future__ import annotations

from typing import Any, Final

from bytehouse_emulator.calls.authorization import manage_loading
from bytehouse_emulator.calls.call import Call, operation
from bytehouse_emulator.calls.envelope import success
from bytehouse_emulator.calls.pagination import cursor_page
from bytehouse_emulator.calls.validation import check_storable, check_title
from bytehouse_emulator.errors import illegal_state, invalid
from bytehouse_emulator.iam.users import ADMINS
from bytehouse_emulator.loading.configuration import plan, source_type, start_arguments
from bytehouse_emulator.loading.documents import Connection, Job, require_free_name
from bytehouse_emulator.model.account import CREATOR

# These types of source need no credentials.
_WITHOUT_CONNECTION: Final = frozenset({"LOCAL", "BYTEHOUSE"})


@operation(manage_loading)
def create_import_job(call: Call) -> dict[str, Any]:
    """Create a job; nothing runs until it is started."""
    loading, now = call.emulator.loading, call.emulator.clock.now()
    with loading.lock:
        job = Job(id=0, name="", state="DRAFT", created_at=now, modified_at=now)
        _define(call, job)
        job.id = loading.ids.next()
        loading.jobs.put(str(job.id), job)
    return success(_describe(call, job))


@operation(manage_loading)
def list_import_jobs(call: Call) -> dict[str, Any]:
    """Return a page of jobs."""
    jobs = call.emulator.loading.jobs.all()
    return cursor_page(call, jobs, lambda job: job.id, lambda job: _describe(call, job))


@operation(manage_loading)
def get_import_job(call: Call) -> dict[str, Any]:
    """Return one job."""
    return success(_describe(call, call.emulator.loading.job(call.integer("id"))))


@operation(manage_loading)
def update_import_job(call: Call) -> dict[str, Any]:
    """Replace the definition of a job; what the body lacks is empty afterwards."""
    with call.emulator.loading.lock:
        job = _require_idle(call, "changed")
        _define(call, job)
        _store(call, job)
    return success()


@operation(manage_loading)
def delete_import_job(call: Call) -> dict[str, Any]:
    """Delete a job and its offsets, not its executions."""
    loading = call.emulator.loading
    with loading.lock:
        job = _require_idle(call, "deleted")
        loading.jobs.delete(str(job.id))
        loading.kafka.forget(job.id)
    return success()


@operation(manage_loading)
def rename_import_job(call: Call) -> dict[str, Any]:
    """Rename a job."""
    with call.emulator.loading.lock:
        job = call.emulator.loading.job(call.integer("id"))
        name = call.body.get("name", "")
        _check_name(call, name, job.id)
        job.name = name
        _store(call, job)
    return success()


@operation(manage_loading)
def describe_import_job(call: Call) -> dict[str, Any]:
    """Replace the description of a job, "" if the body lacks one."""
    with call.emulator.loading.lock:
        job = call.emulator.loading.job(call.integer("id"))
        job.description = call.body.get("description", "")
        _store(call, job)
    return success()


@operation(manage_loading)
def get_import_job_start_arguments(call: Call) -> dict[str, Any]:
    """Return the start arguments of a job: the files, if it loads files."""
    return success(start_arguments(call.emulator.loading.job(call.integer("id"))))


@operation(manage_loading)
def start_import_job(call: Call) -> dict[str, Any]:
    """Start an execution; that the role must be allowed to insert as well is inferred."""
    loading = call.emulator.loading
    job = loading.job(call.integer("id"))
    if job.state == "DRAFT":
        raise illegal_state("ImportJob", f"The job {job.name!r} is a draft; publish it first.")
    check_storable("ImportJob", call.body)
    found = plan(job, call.body)
    connection = _connection(call, job)
    warehouse = found.target.warehouse
    if warehouse:
        call.emulator.warehouses.require_id(warehouse)
    if call.role not in ADMINS:
        permissions = call.emulator.permissions
        if warehouse:
            permissions.require(call.role, "USE", permissions.warehouse(warehouse))
        target = permissions.table(found.target.database, found.target.table)
        permissions.require(call.role, "INSERT", target)
    execution = loading.executions.start(job, found, connection, call.body)
    return success(execution.describe())


@operation(manage_loading)
def stop_import_job(call: Call) -> dict[str, Any]:
    """Stop the running execution, if there is one."""
    job = call.emulator.loading.job(call.integer("id"))
    call.emulator.loading.executions.stop(job.id)
    return success()


def _define(call: Call, job: Job) -> None:
    body = call.body
    check_storable("ImportJob", body)
    _check_name(call, body["name"], job.id)
    job.name, job.state = body["name"], body["state"]
    job.description = body.get("description", "")
    # A whole number may come as 0.0.
    job.connection_id = int(body.get("connectionID", 0))
    job.configuration, job.source_schema = body["configuration"], body["sourceSchema"]
    job.schema_file = body.get("schemaFile", "")
    if job.connection_id:
        call.emulator.loading.connection(job.connection_id)


def _check_name(call: Call, name: str, own_id: int) -> None:
    check_title("ImportJob", name)
    require_free_name("ImportJob", name, call.emulator.loading.jobs.all(), own_id)


def _store(call: Call, job: Job) -> None:
    job.modified_at = call.emulator.clock.now()
    call.emulator.loading.jobs.put(str(job.id), job)


def _require_idle(call: Call, change: str) -> Job:
    job = call.emulator.loading.job(call.integer("id"))
    if call.emulator.loading.executions.running(job.id):
        message = f"The job {job.name!r} runs and cannot be {change}; stop it first."
        raise illegal_state("ImportJob", message)
    return job


def _connection(call: Call, job: Job) -> Connection | None:
    kind = source_type(job).upper()
    if not job.connection_id:
        if kind not in _WITHOUT_CONNECTION:
            raise invalid("ImportJob", f"A job that reads from {kind} needs a connectionID.")
        return None
    connection = call.emulator.loading.connection(job.connection_id)
    if connection.type != kind:
        message = f"The job reads from {kind}, and its connection is to {connection.type}."
        raise invalid("ImportJob", message)
    return connection


def _describe(call: Call, job: Job) -> dict[str, Any]:
    running = call.emulator.loading.executions.running(job.id)
    return {
        "id": job.id,
        "name": job.name,
        "description": job.description,
        "connectionID": job.connection_id,
        "configuration": job.configuration,
        "sourceSchema": job.source_schema,
        "schemaFile": job.schema_file,
        "state": job.state,
        "status": "RUNNING" if running else "IDLE",
        "createdBy": CREATOR,
        "createdAt": job.created_at,
        "lastModifiedAt": job.modified_at,
    }
