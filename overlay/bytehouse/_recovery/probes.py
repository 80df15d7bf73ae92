"""Which probes resolve a call whose response was lost, and the verdict on what each returns. No
input or output here: `send` sends the probes.

A response is lost after a broken connection, a time-out, a gateway's 502, 503 or 504, or a success
with a truncated body. What was asked for may have been done, may still be running, or may never
have arrived. The table at the end names the probes of each operation. The outcome is one of these:

DONE        The state is as asked for. The call returns what its lost response would have held.
NOT_DONE    It is not, and sending again is as safe as the call itself: the object has one name, so
            it can be created once only and deleted once only.
RUNNING     A statement still runs: the probe is repeated, until the deadline.
FAILED      A statement failed.
CONFLICT    What a create was to create existed before, or is not as asked for.
UNCLEAR     None of these is certain. The call raises `OutcomeUnknown` with what was found.

**Was it created by this call?** The time of creation says so, compared with the ``Date`` of the
response that shows it, so that this machine's clock does not matter. What was created before the
call was first sent existed before. What has been created since is this call's: someone else may
have created an equal object in the same seconds, which cannot be distinguished, and then there is
one as asked for nevertheless. Where the service gives no time of creation, the outcome is UNCLEAR.

**Why not send everything again?** A request may be delayed on its way and arrive late. An import
job that is started, a connection or a job that is created (that their names can be used once only
is inferred) and a statement might then take effect twice. A partition that is deleted again might
have been filled in between. These are sent once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bytehouse_raw import models
from bytehouse_raw.api.data_loading import (
    get_connection,
    get_import_job,
    list_connections,
    list_import_job_executions,
    list_import_jobs,
)
from bytehouse_raw.api.databases import get_database, get_table, list_partitions
from bytehouse_raw.api.iam import list_api_keys, list_assignments, list_permissions
from bytehouse_raw.api.queries import get_async_query_result, get_async_query_status
from bytehouse_raw.api.statistics import get_query_statistics
from bytehouse_raw.api.virtual_warehouse import get_warehouse
from bytehouse_raw.operations import DATA_KEY
from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model

from .._api.lists import extract_list
from .._api.status import Phase, phase_of
from .._params.warehouses import differences
from .._tables.diff import diff
from .model import TOLERANCE, Observation, Outcome, Probe, Verdict


def probes_for(plan: Plan[Any]) -> tuple[Probe, ...]:
    """Return the probes that may resolve a call, in the order to send them; none if nothing can."""
    make = _PROBES.get(plan.operation.id)
    return make(plan) if make else ()


_MakeProbes = Callable[[Plan[Any]], tuple[Probe, ...]]
_INCONCLUSIVE = Verdict(Outcome.UNCLEAR, "the response to a probe is inconclusive")


# Creating objects.


def _created(
    what: str,
    created: object,
    differences: list[str],
    observed: Observation,
    document: Mapping[str, Any],
) -> Verdict:
    """Judge an object that exists after a create."""
    if observed.acknowledged:
        return Verdict(Outcome.DONE, f"{what} exists", document)
    new = observed.is_new(created)
    if new is False:
        return Verdict(Outcome.CONFLICT, f"{what} existed before")
    if new is None:
        return Verdict(
            Outcome.UNCLEAR,
            f"{what} exists, and whether it existed before is not known",
        )
    if differences:
        return Verdict(Outcome.CONFLICT, f"{what} exists and differs: {'; '.join(differences)}")
    return Verdict(Outcome.DONE, f"{what} exists", document)


def _differences(body: Mapping[str, Any], live: Model, *names: str) -> list[str]:
    """Return the settings that are not as asked for, of those that are given on both sides."""
    fields = live.to_dict()
    return [
        f"{name} is {fields[name]!r}"
        for name in names
        if body.get(name) is not None and fields.get(name) not in (None, body[name])
    ]


def _create_database(plan: Plan[Any]) -> tuple[Probe, ...]:
    body = plan.body or {}
    name = str(body.get("name")).lower()

    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return Verdict(Outcome.NOT_DONE, f"there is no database {name}")
        if (live := observed.live) is None:
            return _INCONCLUSIVE
        differing = _differences(body, live, "description")
        document = {DATA_KEY: {"uuid": live.uuid}}
        return _created(f"the database {name}", live.created_at, differing, observed, document)

    return (Probe(get_database.plan(name), judge),)


def _create_table(plan: Plan[Any]) -> tuple[Probe, ...]:
    wanted = models.CreateTableRequest.from_dict(plan.body or {})
    name = str(wanted.name)

    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return Verdict(Outcome.NOT_DONE, f"there is no table {name}")
        if (live := observed.live) is None:
            return _INCONCLUSIVE
        differing = [str(change) for change in diff(wanted, live).changes]
        document = {DATA_KEY: {"uuid": live.uuid}}
        return _created(f"the table {name}", live.created_at, differing, observed, document)

    return (Probe(get_table.plan(plan.path["db_name"], name), judge),)


def _create_warehouse(plan: Plan[Any]) -> tuple[Probe, ...]:
    wanted = models.CreateWarehouseRequest.from_dict(plan.body or {})
    name = str(wanted.name)

    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return Verdict(Outcome.NOT_DONE, f"there is no warehouse {name}")
        live = models.Warehouse.from_dict(observed.value.to_dict())
        differing = [str(each) for each in differences(wanted, live)]
        document = {key: live[key] for key in ("name", "vwID") if key in live}
        return _created(f"the warehouse {name}", live.created_at, differing, observed, document)

    return (Probe(get_warehouse.plan(name), judge),)


def _create_entry(what: str, listing: Plan[Any], *compared: str) -> _MakeProbes:
    """Probe a list for an object by its name, as the service chooses its id."""

    def probes(plan: Plan[Any]) -> tuple[Probe, ...]:
        body = plan.body or {}
        name = body.get("name")

        def judge(observed: Observation) -> Verdict:
            named = [entry for entry in _models(observed) if _field(entry, "name") == name]
            if len(named) != 1:
                finding = f"{len(named) or 'no'} {what}{'s' if named else ''} named {name!r}"
                return Verdict(Outcome.UNCLEAR, f"{finding} found")
            live = named[0]
            document = {DATA_KEY: live.to_dict()}
            differing = _differences(body, live, *compared)
            return _created(
                f"a {what} named {name!r}",
                _field(live, "created_at"),
                differing,
                observed,
                document,
            )

        return (Probe(listing, judge),)

    return probes


# Deleting objects.


def _deleted(what: str, target: Callable[[Plan[Any]], Plan[Any]]) -> _MakeProbes:
    """Probe whether an object that was to be deleted still exists."""

    def probes(plan: Plan[Any]) -> tuple[Probe, ...]:
        def judge(observed: Observation) -> Verdict:
            if observed.absent:
                return Verdict(Outcome.DONE, f"the {what} is gone")
            # A warehouse is the response itself, everything else is in its data.
            seconds = observed.seconds_after_call(
                _field(observed.live or observed.value, "created_at")
            )
            if seconds is not None and seconds > TOLERANCE:
                return Verdict(Outcome.DONE, f"the {what} is gone, and there is a new one")
            return Verdict(Outcome.NOT_DONE, f"the {what} still exists")

        return (Probe(target(plan), judge),)

    return probes


def _delete_dictionary(_: Plan[Any]) -> tuple[Probe, ...]:
    # No operation reads a dictionary. A second delete shows it: a 404 says that it is gone.
    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return Verdict(Outcome.DONE, "the dictionary is gone")
        return Verdict(Outcome.NOT_DONE, "no operation reads a dictionary")

    return (Probe(None, judge),)


def _delete_partitions(plan: Plan[Any]) -> tuple[Probe, ...]:
    names = set((plan.body or {}).get("partitionNames") or ())

    def judge(observed: Observation) -> Verdict:
        present = sorted(names & {str(_field(entry, "partition")) for entry in _models(observed)})
        if not present:
            return Verdict(Outcome.DONE, "the partitions are gone", {DATA_KEY: "Success"})
        # They may have been filled again since, and nobody asked to delete that.
        return Verdict(Outcome.UNCLEAR, f"still or again present: {', '.join(present)}")

    return (Probe(list_partitions.plan(plan.path["db_name"], plan.path["table_name"]), judge),)


def _delete_api_key(plan: Plan[Any]) -> tuple[Probe, ...]:
    key_id = plan.path["api_key_id"]

    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return _INCONCLUSIVE
        keys = extract_list(observed.value, models.ApiKey, "list_api_keys")
        if any(str(_field(key, "id")) == key_id for key in keys):
            return Verdict(Outcome.NOT_DONE, f"the key {key_id} still exists")
        return Verdict(Outcome.DONE, f"the key {key_id} is gone")

    return (Probe(list_api_keys.plan(), judge),)


# Assigning roles, granting permissions.


def _assignment(*, wanted: bool) -> _MakeProbes:
    def probes(plan: Plan[Any]) -> tuple[Probe, ...]:
        body = plan.body or {}
        user, role = body.get("UserID"), body.get("RoleName")

        def judge(observed: Observation) -> Verdict:
            if observed.absent:
                return _INCONCLUSIVE
            found = extract_list(observed.value, models.RoleAssignment, "list_assignments")
            pair = (user, role)
            held = [a for a in found if (_field(a, "user_id"), _field(a, "role_name")) == pair]
            finding = f"user {user} {'has' if held else 'does not have'} the role {role}"
            return _judge_held(held, body, finding, wanted=wanted)

        return (Probe(list_assignments.plan(user_id=user), judge),)

    return probes


def _permission(*, wanted: bool) -> _MakeProbes:
    def probes(plan: Plan[Any]) -> tuple[Probe, ...]:
        body = plan.body or {}
        action = str(body.get("ActionName")).upper()

        def judge(observed: Observation) -> Verdict:
            if observed.absent:
                return _INCONCLUSIVE
            found = extract_list(observed.value, models.Permission, "list_permissions")
            held = [p for p in found if str(_field(p, "action_name")).upper() == action]
            if wanted and held and body.get("GrantOption"):
                held = [p for p in held if p.grant_option in (None, True)]
            finding = f"the role {'has' if held else 'does not have'} the permission {action}"
            return _judge_held(held, body, finding, wanted=wanted)

        listing = list_permissions.plan(
            role_name=body.get("RoleName", ""),
            byte_house_resource_id=body.get("ByteHouseResourceID", ""),
            secure_object_type_name=body.get("SecureObjectTypeName", ""),
        )
        return (Probe(listing, judge),)

    return probes


def _judge_held(
    held: Sequence[Model], body: Mapping[str, Any], finding: str, *, wanted: bool
) -> Verdict:
    document = {DATA_KEY: held[0].to_dict() if held else dict(body)}
    done = bool(held) is wanted
    return Verdict(Outcome.DONE if done else Outcome.NOT_DONE, finding, document)


# Updating tables.


def _update_table(plan: Plan[Any]) -> tuple[Probe, ...]:
    wanted = models.UpdateTableRequest.from_dict(plan.body or {})
    added = {_field(column, "name") for column in wanted.add_columns or ()}
    dropped = set(wanted.drop_columns or ())
    renamed = {_field(r, "name"): _field(r, "new_name") for r in wanted.rename_columns or ()}
    to_appear, to_vanish = added | set(renamed.values()), dropped | set(renamed)
    has_other_changes = bool(wanted.modify_columns or wanted.ttl or wanted.is_remove_ttl)

    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return Verdict(Outcome.UNCLEAR, "the table does not exist any more")
        if (live := observed.live) is None:
            return _INCONCLUSIVE
        columns = live.columns if isinstance(live.columns, list) else []
        names = {str(_field(column, "name")) for column in columns}
        finding = f"the table has the columns {', '.join(sorted(names))}"
        if to_appear & to_vanish or not names:
            return Verdict(Outcome.UNCLEAR, finding)
        if to_appear <= names and not to_vanish & names:
            if not has_other_changes:
                return Verdict(Outcome.DONE, finding)
            # Setting a type or a time to live again changes nothing; adding a column does.
            return Verdict(Outcome.UNCLEAR if to_appear | to_vanish else Outcome.NOT_DONE, finding)
        untouched = not to_appear & names and to_vanish <= names
        return Verdict(Outcome.NOT_DONE if untouched else Outcome.UNCLEAR, finding)

    return (Probe(get_table.plan(plan.path["db_name"], plan.path["table_name"]), judge),)


# Starting import jobs.


def _start_import_job(plan: Plan[Any]) -> tuple[Probe, ...]:
    def judge(observed: Observation) -> Verdict:
        runs = _models(observed)
        new = [run for run in runs if observed.is_new(_field(run, "start_time"))]
        if len(new) == 1:
            finding = f"execution {_field(new[0], 'id')} has been started since"
            return Verdict(Outcome.DONE, finding, {DATA_KEY: new[0].to_dict()})
        ids = ", ".join(str(_field(run, "id")) for run in new)
        return Verdict(Outcome.UNCLEAR, f"executions started since: {ids or 'none'}")

    return (Probe(list_import_job_executions.plan(int(plan.path["id"])), judge),)


# Statements.


def _statement(plan: Plan[Any]) -> tuple[Probe, ...]:
    """Probe a statement by the id that it was sent with.

    That the status and the result of a synchronous statement can be read as if it were asynchronous
    is inferred; the open-source engine also gives an asynchronous one an id of its own. So an id
    that the service does not know does not prove that nothing ran.
    """
    query_id = (plan.body or {}).get("queryID")
    if not query_id:
        return ()
    status = Probe(get_async_query_status.plan(query_id), _status)
    statistics = Probe(get_query_statistics.plan(query_id), _statistics)
    if plan.operation.id == "submit_async_query":
        return (
            Probe(status.plan, lambda observed: _submitted(query_id, _status(observed))),
            statistics,
        )
    result = Probe(get_async_query_result.plan(query_id), _result, needs_state=True)
    return (status, result, statistics)


def _status(observed: Observation) -> Verdict:
    state = _field(observed.live, "status")
    if observed.absent:
        return Verdict(Outcome.UNCLEAR, "the service does not know its id")
    if not isinstance(state, str):
        return Verdict(Outcome.UNCLEAR, "the service does not report its state")
    finding = f"its state is {state}"
    match phase_of(state):
        case Phase.RUNNING:
            return Verdict(Outcome.RUNNING, finding, state=state)
        case Phase.SUCCEEDED:
            # Whether the result is kept, the next probe shows.
            return Verdict(Outcome.UNCLEAR, finding, state=state)
        case _:
            message = _field(observed.live, "message")
            return Verdict(Outcome.FAILED, str(message or f"the query ended: {state}"), state=state)


def _submitted(query_id: str, status: Verdict) -> Verdict:
    """Judge a statement that runs in the background: that the id is known is all that its lost
    response would have said."""
    if status.state is None:
        return status
    reference = {"queryID": query_id, "status": status.state}
    return Verdict(Outcome.DONE, status.finding, {DATA_KEY: [reference]}, status.state)


def _result(observed: Observation) -> Verdict:
    if not isinstance(getattr(observed.value, "data", None), list):
        return Verdict(Outcome.UNCLEAR, "its result cannot be read again")
    return Verdict(Outcome.DONE, "its result was kept", None)


def _statistics(observed: Observation) -> Verdict:
    if observed.absent:
        return Verdict(Outcome.UNCLEAR)
    status = _field(observed.live, "status")
    state = status if isinstance(status, str) else None
    return Verdict(Outcome.UNCLEAR, "the service has statistics of it, so it began", state=state)


def _models(observed: Observation) -> list[Model]:
    values = observed.value if isinstance(observed.value, list) else []
    return [value for value in values if isinstance(value, Model)]


def _field(model: object, name: str) -> Any:
    return getattr(model, name, None)


_PROBES: dict[str, _MakeProbes] = {
    "create_database": _create_database,
    "create_table": _create_table,
    "create_warehouse": _create_warehouse,
    "create_connection": _create_entry("connection", list_connections.plan(), "type"),
    "create_import_job": _create_entry(
        "job", list_import_jobs.plan(), "description", "connectionID"
    ),
    "delete_database": _deleted("database", lambda p: get_database.plan(p.path["db_name"])),
    "delete_table": _deleted(
        "table", lambda p: get_table.plan(p.path["db_name"], p.path["table_name"])
    ),
    "delete_warehouse": _deleted("warehouse", lambda p: get_warehouse.plan(p.path["name"])),
    "delete_connection": _deleted("connection", lambda p: get_connection.plan(int(p.path["id"]))),
    "delete_import_job": _deleted("job", lambda p: get_import_job.plan(int(p.path["id"]))),
    "delete_dictionary": _delete_dictionary,
    "delete_partitions": _delete_partitions,
    "delete_api_key": _delete_api_key,
    "assign_role": _assignment(wanted=True),
    "unassign_role": _assignment(wanted=False),
    "grant_permission": _permission(wanted=True),
    "revoke_permission": _permission(wanted=False),
    "update_table": _update_table,
    "start_import_job": _start_import_job,
    "submit_sync_query": _statement,
    "submit_async_query": _statement,
}
