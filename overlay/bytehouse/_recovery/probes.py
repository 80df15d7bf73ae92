"""Settle what became of a call whose answer was lost: which look at the state tells it, and what it
tells. No input or output here: `send` makes the looks.

An answer is lost after a broken connection, a time-out, a gateway's 502, 503 or 504, or a success
whose body broke off. What was asked for may have been done, may still be under way, or may never
have arrived. The table at the end names for each operation what is looked at. A look finds one of
these:

DONE        The state is as asked for. The call returns what its lost answer would have held.
NOT_DONE    It is not, and sending again can do no harm that the call itself would not: the thing
            has one name, so it can exist once only and be deleted once only.
UNDER_WAY   A statement still runs: look again, until the deadline.
FAILED      A statement failed.
CONFLICT    What a create was to make was there before, or is not as asked for.
UNCLEAR     None of these can be told. The call raises `OutcomeUnknown` with what was seen.

**Is it of this call's own making?** The time of creation tells, held against the ``Date`` of the
answer that shows it, so that it does not matter what this machine's clock says. What was created
before the call was first sent was there before. What has been created since is this call's: someone
else may have made an equal thing in the same seconds, which cannot be told apart, and then there is
one as asked for all the same. Where the service tells no time of creation, that stays UNCLEAR.

**Why not send everything again?** A request may be held up on its way and arrive late. An import
job that is started, a connection or a job that is created (that their names can be used once only
is inferred) and a statement might then take effect twice. A partition that is deleted again might
have been filled in between. These are sent once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model

from .._api.lists import extract_list
from .._api.status import Phase, phase_of
from .._params.warehouses import differences
from .._tables.diff import diff
from .._tables.spec import TableSpec
from ..errors import InvalidArgument
from .model import TOLERANCE, Observation, Outcome, Probe, Verdict

__all__ = ["probes_for"]


def probes_for(plan: Plan[Any]) -> tuple[Probe, ...]:
    """Return the looks that may settle a call, the first to be taken first; none if nothing can."""
    found = _PROBES.get(plan.operation.id)
    return found(plan) if found else ()


_Probes = Callable[[Plan[Any]], tuple[Probe, ...]]
_NOTHING_TOLD = Verdict(Outcome.UNCLEAR, "the answer to a look does not tell")


# Creating.


def _made(
    what: str,
    created: object,
    different: list[str],
    observed: Observation,
    document: Mapping[str, Any],
) -> Verdict:
    """Judge something that is there after a create."""
    if observed.acknowledged:
        return Verdict(Outcome.DONE, f"{what} is there", document)
    new = observed.is_new(created)
    if new is False:
        return Verdict(Outcome.CONFLICT, f"{what} was there before")
    if new is None:
        return Verdict(
            Outcome.UNCLEAR,
            f"{what} is there, and whether it was there before cannot be told",
        )
    if different:
        return Verdict(Outcome.CONFLICT, f"{what} is there and differs: {'; '.join(different)}")
    return Verdict(Outcome.DONE, f"{what} is there", document)


def _unlike(body: Mapping[str, Any], live: Model, *names: str) -> list[str]:
    """Return the settings that are not as asked for; one that is not told or not asked for is."""
    told = live.to_dict()
    return [
        f"{name} is {told[name]!r}"
        for name in names
        if body.get(name) is not None and told.get(name) not in (None, body[name])
    ]


def _create_database(plan: Plan[Any]) -> tuple[Probe, ...]:
    body = plan.body or {}
    name = str(body.get("name")).lower()

    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return Verdict(Outcome.NOT_DONE, f"there is no database {name}")
        if (live := observed.live) is None:
            return _NOTHING_TOLD
        different = _unlike(body, live, "description")
        document = {"data": {"uuid": live.uuid}}
        return _made(f"the database {name}", live.created_at, different, observed, document)

    return (Probe(get_database.plan(name), judge),)


def _create_table(plan: Plan[Any]) -> tuple[Probe, ...]:
    asked = models.CreateTableRequest.from_dict(plan.body or {})
    name = str(asked.name)

    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return Verdict(Outcome.NOT_DONE, f"there is no table {name}")
        wanted = _spec_of(asked)
        if (live := observed.live) is None or wanted is None:
            return _NOTHING_TOLD
        different = [str(change) for change in diff(wanted, live).changes]
        document = {"data": {"uuid": live.uuid}}
        return _made(f"the table {name}", live.created_at, different, observed, document)

    return (Probe(get_table.plan(plan.path["db_name"], name), judge),)


def _spec_of(asked: models.CreateTableRequest) -> TableSpec | None:
    """Return what describes a table; None if what was asked for is not what a spec can say."""
    try:
        return TableSpec(
            str(asked.name),
            asked.columns or (),
            order_by=asked.order_by_keys or (),
            primary_key=asked.primary_keys,
            partition_by=asked.partition_keys,
            unique_key=asked.unique_key,
            cluster_key=asked.cluster_key,
            sample_by=asked.sampling_key,
            ttl=asked.ttl,
            description=asked.description,
        )
    except InvalidArgument:
        return None


def _create_warehouse(plan: Plan[Any]) -> tuple[Probe, ...]:
    asked = models.CreateWarehouseRequest.from_dict(plan.body or {})
    name = str(asked.name)

    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return Verdict(Outcome.NOT_DONE, f"there is no warehouse {name}")
        live = models.Warehouse.from_dict(observed.value.to_dict())
        different = [str(each) for each in differences(asked, live)]
        document = {key: live[key] for key in ("name", "vwID") if key in live}
        return _made(f"the warehouse {name}", live.created_at, different, observed, document)

    return (Probe(get_warehouse.plan(name), judge),)


def _create_entry(what: str, listing: Plan[Any], *compared: str) -> _Probes:
    """Probe for something in a list by its name, which the service gives an id."""

    def probes(plan: Plan[Any]) -> tuple[Probe, ...]:
        body = plan.body or {}
        name = body.get("name")

        def judge(observed: Observation) -> Verdict:
            named = [entry for entry in _models(observed) if _told(entry, "name") == name]
            if len(named) != 1:
                seen = f"{len(named) or 'no'} {what}{'s' if named else ''} named {name!r}"
                return Verdict(Outcome.UNCLEAR, f"{seen} seen")
            live = named[0]
            document = {"data": live.to_dict()}
            different = _unlike(body, live, *compared)
            return _made(
                f"a {what} named {name!r}", _told(live, "created_at"), different, observed, document
            )

        return (Probe(listing, judge),)

    return probes


# Deleting.


def _gone(what: str, target: Callable[[Plan[Any]], Plan[Any]]) -> _Probes:
    """Probe whether something that was to be deleted is still there."""

    def probes(plan: Plan[Any]) -> tuple[Probe, ...]:
        def judge(observed: Observation) -> Verdict:
            if observed.absent:
                return Verdict(Outcome.DONE, f"the {what} is gone")
            # A warehouse is the answer itself, everything else is in its data.
            lead = observed.lead(_told(observed.live or observed.value, "created_at"))
            if lead is not None and lead > TOLERANCE:
                return Verdict(Outcome.DONE, f"the {what} is gone, and there is a new one")
            return Verdict(Outcome.NOT_DONE, f"the {what} is still there")

        return (Probe(target(plan), judge),)

    return probes


def _delete_dictionary(_: Plan[Any]) -> tuple[Probe, ...]:
    # No operation shows a dictionary. The second delete tells: a 404 says that it is gone.
    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return Verdict(Outcome.DONE, "the dictionary is gone")
        return Verdict(Outcome.NOT_DONE, "no operation shows a dictionary")

    return (Probe(None, judge),)


def _delete_partitions(plan: Plan[Any]) -> tuple[Probe, ...]:
    names = set((plan.body or {}).get("partitionNames") or ())

    def judge(observed: Observation) -> Verdict:
        there = sorted(names & {str(_told(entry, "partition")) for entry in _models(observed)})
        if not there:
            return Verdict(Outcome.DONE, "the partitions are gone", {"data": "Success"})
        # They may have been filled again since: who asked for a delete did not ask for that.
        return Verdict(Outcome.UNCLEAR, f"still or again there: {', '.join(there)}")

    return (Probe(list_partitions.plan(plan.path["db_name"], plan.path["table_name"]), judge),)


def _delete_api_key(plan: Plan[Any]) -> tuple[Probe, ...]:
    key_id = plan.path["api_key_id"]

    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return _NOTHING_TOLD
        keys = extract_list(observed.value, models.ApiKey, "list_api_keys")
        if any(str(_told(key, "id")) == key_id for key in keys):
            return Verdict(Outcome.NOT_DONE, f"the key {key_id} is still there")
        return Verdict(Outcome.DONE, f"the key {key_id} is gone")

    return (Probe(list_api_keys.plan(), judge),)


# Giving and taking.


def _assignment(*, given: bool) -> _Probes:
    def probes(plan: Plan[Any]) -> tuple[Probe, ...]:
        body = plan.body or {}
        user, role = body.get("UserID"), body.get("RoleName")

        def judge(observed: Observation) -> Verdict:
            if observed.absent:
                return _NOTHING_TOLD
            found = extract_list(observed.value, models.RoleAssignment, "list_assignments")
            pair = (user, role)
            held = [a for a in found if (_told(a, "user_id"), _told(a, "role_name")) == pair]
            seen = f"user {user} {'has' if held else 'has not'} the role {role}"
            document = {"data": held[0].to_dict() if held else dict(body)}
            done = bool(held) is given
            return Verdict(Outcome.DONE if done else Outcome.NOT_DONE, seen, document)

        return (Probe(list_assignments.plan(user_id=user), judge),)

    return probes


def _permission(*, given: bool) -> _Probes:
    def probes(plan: Plan[Any]) -> tuple[Probe, ...]:
        body = plan.body or {}
        action = str(body.get("ActionName")).upper()

        def judge(observed: Observation) -> Verdict:
            if observed.absent:
                return _NOTHING_TOLD
            found = extract_list(observed.value, models.Permission, "list_permissions")
            held = [p for p in found if str(_told(p, "action_name")).upper() == action]
            if given and held and body.get("GrantOption"):
                held = [p for p in held if p.grant_option in (None, True)]
            seen = f"the role {'has' if held else 'has not'} the permission {action}"
            document = {"data": held[0].to_dict() if held else dict(body)}
            done = bool(held) is given
            return Verdict(Outcome.DONE if done else Outcome.NOT_DONE, seen, document)

        listing = list_permissions.plan(
            role_name=body.get("RoleName", ""),
            byte_house_resource_id=body.get("ByteHouseResourceID", ""),
            secure_object_type_name=body.get("SecureObjectTypeName", ""),
        )
        return (Probe(listing, judge),)

    return probes


# Changing a table.


def _update_table(plan: Plan[Any]) -> tuple[Probe, ...]:
    asked = models.UpdateTableRequest.from_dict(plan.body or {})
    added = {c.name for c in asked.add_columns or ()}
    dropped = set(asked.drop_columns or ())
    renamed = {r.name: r.new_name for r in asked.rename_columns or ()}
    coming, going = added | set(renamed.values()), dropped | set(renamed)
    others = bool(asked.modify_columns or asked.ttl or asked.is_remove_ttl)

    def judge(observed: Observation) -> Verdict:
        if observed.absent:
            return Verdict(Outcome.UNCLEAR, "the table is not there any more")
        if (live := observed.live) is None:
            return _NOTHING_TOLD
        columns = live.columns if isinstance(live.columns, list) else []
        names = {str(_told(column, "name")) for column in columns}
        seen = f"the table has the columns {', '.join(sorted(names))}"
        if coming & going or not names:
            return Verdict(Outcome.UNCLEAR, seen)
        if coming <= names and not going & names:
            if not others:
                return Verdict(Outcome.DONE, seen)
            # To set a type or a time to live once more changes nothing; to add a column does.
            return Verdict(Outcome.UNCLEAR if coming | going else Outcome.NOT_DONE, seen)
        untouched = not coming & names and going <= names
        return Verdict(Outcome.NOT_DONE if untouched else Outcome.UNCLEAR, seen)

    return (Probe(get_table.plan(plan.path["db_name"], plan.path["table_name"]), judge),)


# Starting.


def _start_import_job(plan: Plan[Any]) -> tuple[Probe, ...]:
    def judge(observed: Observation) -> Verdict:
        runs = _models(observed)
        new = [run for run in runs if observed.is_new(_told(run, "start_time"))]
        if len(new) == 1:
            seen = f"execution {_told(new[0], 'id')} has been started since"
            return Verdict(Outcome.DONE, seen, {"data": new[0].to_dict()})
        ids = ", ".join(str(_told(run, "id")) for run in new)
        return Verdict(Outcome.UNCLEAR, f"executions started since: {ids or 'none'}")

    return (Probe(list_import_job_executions.plan(int(plan.path["id"])), judge),)


# Statements.


def _statement(plan: Plan[Any]) -> tuple[Probe, ...]:
    """Ask after a statement by the id that it was sent with.

    That a synchronous one can be asked after, and read, as if it were asynchronous is inferred; the
    open-source engine also gives an asynchronous one an id of its own. So that the service does not
    know an id does not prove that nothing ran.
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
    kept = Probe(get_async_query_result.plan(query_id), _result, once_known=True)
    return (status, kept, statistics)


def _status(observed: Observation) -> Verdict:
    word = _told(observed.live, "status")
    if observed.absent:
        return Verdict(Outcome.UNCLEAR, "the service does not know its id")
    if not isinstance(word, str):
        return Verdict(Outcome.UNCLEAR, "the service does not tell where it stands")
    seen = f"its state is {word}"
    match phase_of(word):
        case Phase.RUNNING:
            return Verdict(Outcome.UNDER_WAY, seen, state=word)
        case Phase.SUCCEEDED:
            # Whether the result is kept, the next look shows.
            return Verdict(Outcome.UNCLEAR, seen, state=word)
        case _:
            message = _told(observed.live, "message")
            return Verdict(Outcome.FAILED, str(message or f"the query ended: {word}"), state=word)


def _submitted(query_id: str, status: Verdict) -> Verdict:
    """Judge a statement that runs in the background: that it is known is what its answer says."""
    if status.state is None:
        return status
    reference = {"queryID": query_id, "status": status.state}
    return Verdict(Outcome.DONE, status.seen, {"data": [reference]}, status.state)


def _result(observed: Observation) -> Verdict:
    if not isinstance(getattr(observed.value, "data", None), list):
        return Verdict(Outcome.UNCLEAR, "its result cannot be read again")
    return Verdict(Outcome.DONE, "its result was kept", None)


def _statistics(observed: Observation) -> Verdict:
    if observed.absent:
        return Verdict(Outcome.UNCLEAR)
    word = _told(observed.live, "status")
    state = word if isinstance(word, str) else None
    return Verdict(Outcome.UNCLEAR, "the service has statistics of it, so it began", state=state)


def _models(observed: Observation) -> list[Model]:
    values = observed.value if isinstance(observed.value, list) else []
    return [value for value in values if isinstance(value, Model)]


def _told(model: object, name: str) -> Any:
    return getattr(model, name, None)


_PROBES: dict[str, _Probes] = {
    "create_database": _create_database,
    "create_table": _create_table,
    "create_warehouse": _create_warehouse,
    "create_connection": _create_entry("connection", list_connections.plan(), "type"),
    "create_import_job": _create_entry(
        "job", list_import_jobs.plan(), "description", "connectionID"
    ),
    "delete_database": _gone("database", lambda p: get_database.plan(p.path["db_name"])),
    "delete_table": _gone(
        "table", lambda p: get_table.plan(p.path["db_name"], p.path["table_name"])
    ),
    "delete_warehouse": _gone("warehouse", lambda p: get_warehouse.plan(p.path["name"])),
    "delete_connection": _gone("connection", lambda p: get_connection.plan(int(p.path["id"]))),
    "delete_import_job": _gone("job", lambda p: get_import_job.plan(int(p.path["id"]))),
    "delete_dictionary": _delete_dictionary,
    "delete_partitions": _delete_partitions,
    "delete_api_key": _delete_api_key,
    "assign_role": _assignment(given=True),
    "unassign_role": _assignment(given=False),
    "grant_permission": _permission(given=True),
    "revoke_permission": _permission(given=False),
    "update_table": _update_table,
    "start_import_job": _start_import_job,
    "submit_sync_query": _statement,
    "submit_async_query": _statement,
}
