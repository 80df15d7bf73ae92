"""Answer the operations on import jobs.

The two states, the longest name and the start argument for files are documented. That names are
unique, that a draft cannot be started, that a job runs once at a time and that one which runs can
be neither changed nor deleted is inferred. What a configuration may say: see `_loading/plans.py`.
"""

from __future__ import annotations

from typing import Any, Final

from .._call import Call, operation
from .._catalog import USER
from .._envelope import success
from .._errors import conflict, invalid
from .._iam import ADMINS
from .._loading.configuration import plan, source_type, start_arguments
from .._loading.documents import Connection, Job, name_is_taken
from .._loading.pages import cursor_page
from .connections import check_body, check_entry_name

# These kinds of source need no credentials.
_WITHOUT_CONNECTION: Final = frozenset({"LOCAL", "BYTEHOUSE"})


@operation
def create_import_job(call: Call) -> dict[str, Any]:
    """Keep a job; nothing runs until it is started."""
    loading, now = call.emulator.loading, call.emulator.clock.now()
    with loading.lock:
        job = Job(id=0, name="", state="DRAFT", created_at=now, modified_at=now)
        _define(call, job)
        job.id = loading.numbers.next()
        loading.jobs.put(str(job.id), job)
    return success(_shown(call, job))


@operation
def list_import_jobs(call: Call) -> dict[str, Any]:
    """Answer with a page of jobs."""
    jobs = call.emulator.loading.jobs.all()
    return cursor_page(call, jobs, lambda job: job.id, lambda job: _shown(call, job))


@operation
def get_import_job(call: Call) -> dict[str, Any]:
    """Answer with one job."""
    return success(_shown(call, call.emulator.loading.job(call.number("id"))))


@operation
def update_import_job(call: Call) -> dict[str, Any]:
    """Replace the definition of a job; what is left out is empty from then on."""
    with call.emulator.loading.lock:
        job = _idle(call, "changed")
        _define(call, job)
        _keep(call, job)
    return success()


@operation
def delete_import_job(call: Call) -> dict[str, Any]:
    """Delete a job and its offsets; its executions stay in the list of all."""
    loading = call.emulator.loading
    with loading.lock:
        job = _idle(call, "deleted")
        loading.jobs.delete(str(job.id))
        loading.kafka.forget(job.id)
    return success()


@operation
def rename_import_job(call: Call) -> dict[str, Any]:
    """Give a job another name."""
    with call.emulator.loading.lock:
        job = call.emulator.loading.job(call.number("id"))
        name = call.body.get("name", "")
        _check_name(call, name, job.id)
        job.name = name
        _keep(call, job)
    return success()


@operation
def describe_import_job(call: Call) -> dict[str, Any]:
    """Give a job another description; none at all leaves it empty."""
    with call.emulator.loading.lock:
        job = call.emulator.loading.job(call.number("id"))
        job.description = call.body.get("description", "")
        _keep(call, job)
    return success()


@operation
def get_import_job_start_arguments(call: Call) -> dict[str, Any]:
    """Answer with what a job can be told when it is started: the files, if it loads files."""
    return success(start_arguments(call.emulator.loading.job(call.number("id"))))


@operation
def start_import_job(call: Call) -> dict[str, Any]:
    """Start an execution; that the role must be allowed to insert as well is inferred."""
    loading = call.emulator.loading
    job = loading.job(call.number("id"))
    if job.state == "DRAFT":
        raise conflict("ImportJob", f"The job {job.name!r} is a draft; publish it first.")
    check_body("ImportJob", call.body)
    found = plan(job, call.body)
    connection = _connection(call, job)
    if call.role not in ADMINS:
        access = call.emulator.access
        target = access.table(found.target.database, found.target.table)
        access.require(call.role, "INSERT", target)
    execution = loading.executions.start(job, found, connection, call.body)
    return success(execution.shown())


@operation
def stop_import_job(call: Call) -> dict[str, Any]:
    """Stop the execution that runs; if none does, there is nothing to do."""
    job = call.emulator.loading.job(call.number("id"))
    call.emulator.loading.executions.stop(job.id)
    return success()


def _define(call: Call, job: Job) -> None:
    body = call.body
    check_body("ImportJob", body)
    _check_name(call, body["name"], job.id)
    job.name, job.state = body["name"], body["state"]
    job.description = body.get("description", "")
    # A whole number may come as 0.0.
    job.connection_id = int(body.get("connectionID", 0))
    job.configuration, job.source_schema = body["configuration"], body["sourceSchema"]
    job.schema_file = body.get("schemaFile", "")
    if job.connection_id:
        call.emulator.loading.connection(job.connection_id)


def _check_name(call: Call, name: str, own: int) -> None:
    check_entry_name("ImportJob", name)
    if name_is_taken(name, call.emulator.loading.jobs.all(), own):
        raise conflict("ImportJob", f"The import job {name!r} exists.")


def _keep(call: Call, job: Job) -> None:
    job.modified_at = call.emulator.clock.now()
    call.emulator.loading.jobs.put(str(job.id), job)


def _idle(call: Call, change: str) -> Job:
    job = call.emulator.loading.job(call.number("id"))
    if call.emulator.loading.executions.running(job.id):
        message = f"The job {job.name!r} runs and cannot be {change}; stop it first."
        raise conflict("ImportJob", message)
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


def _shown(call: Call, job: Job) -> dict[str, Any]:
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
        "createdBy": USER,
        "createdAt": job.created_at,
        "lastModifiedAt": job.modified_at,
    }
