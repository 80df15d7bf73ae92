"""A day's work from the shell: every command of a resource, in an order in which each succeeds."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, Final

SEED: Final[dict[str, Any]] = {
    "roles": [{"name": "Limited"}],
    "users": [{"id": 1336688750}],
    "databases": [{"name": "mirror", "mysql": {"status": "Syncing"}}],
    "kafka": [{"topic": "clicks", "messages": 5, "speed": 1_000_000.0}],
}
SECRET: Final = "Shell-hush-7f2a"
"""A password and a token, in the environment variable TOKEN."""

FILES: Final = {
    "orders.csv": "id,day,note\n4,2026-03-01,fourth\n5,2026-03-02,fifth\n",
    "odd.csv": "id,day,note\n6,2026-03-03,sixth\nseven,2026-03-04,seventh\n",
    "odd.ndjson": '{"id": 8, "day": "2026-03-05", "note": "eighth"}\n',
    "report.sql": "SELECT id, note FROM sales.orders WHERE id > {least:UInt64} ORDER BY id",
    "orders.yaml": "name: sales.orders\ncolumns: {id: UInt64, day: Date, note: String}\n"
    "order_by: id\npartition_by: [{column: day, granularity: month}]\n"
    "cluster_key: {expr: id, numBuckets: 2}\n",
    "staging.yaml": "name: sales.staging\n"
    "columns:\n  id: UInt64\n  note: {type: String, nullable: true}\norder_by: id\n",
    "grown.yaml": "name: staging\ndatabase: sales\n"
    "columns: {id: UInt64, remark: {type: String, nullable: true}, n: Int64}\norder_by: id\n",
    "more.yaml": "name: sales.more\ncolumns: {id: UInt64}\norder_by: [id]\n",
    "views.sql": "INSERT INTO sales.orders VALUES (1, '2026-01-01', 'a'), (2, '2026-02-01', 'b');\n"
    "CREATE MATERIALIZED VIEW sales.ids ENGINE = CnchMergeTree ORDER BY id"
    " AS SELECT id FROM sales.orders;\n"
    "CREATE DICTIONARY sales.notes (id UInt64, note String) PRIMARY KEY id"
    " SOURCE(CLICKHOUSE(DB 'sales' TABLE 'orders')) LAYOUT(FLAT()) LIFETIME(0);\n",
    "job.json": '{"source": {"type": "LOCAL", "format": "CSV",'
    ' "properties": {"fileNames": "orders.csv"}},'
    ' "target": {"database": "sales", "table": "orders", "loadMode": "APPEND"}}',
    "topic.json": '{"source": {"type": "KAFKA", "format": "JSON",'
    ' "properties": {"topic": "clicks"}},'
    ' "target": {"database": "sales", "table": "orders", "loadMode": "APPEND"}}',
}

# What a command prints is kept under the word before the colon, and stands for it in braces later.
STEPS: Final = """
metadata subscribe 1 1 --token env:TOKEN
metadata unsubscribe 1 1 --token env:TOKEN --yes
account status
key: keys create --expires-in 60d --comment "of a robot" --query id --format tsv
keys list
keys disable {key}
keys enable {key}
keys set-status {key} DISABLED
keys extend {key} 30d
keys expiring --within 400d
keys delete {key} --yes
roles list
assignments assign 1336688750 Limited
assignments list --user-id 1336688750
assignments unassign 1336688750 Limited --yes
permissions grant Limited "VIEW USAGE" --on "*"
permissions show Limited --on "*"
permissions revoke Limited "VIEW USAGE" --on "*" --yes

databases create sales --description "Orders of all shops"
databases ensure sales
databases list
databases get sales
databases exists sales
databases mysql-sync-status mirror
tables create -f orders.yaml
tables create sales.small --column "id UInt64" --column "day Date" --order-by id --partition-by day
tables create -f staging.yaml
tables create -f staging.yaml --if-not-exists
tables create -f views.sql --mode clickhouse_sql
tables list sales
tables get sales.orders
tables exists sales.orders
tables describe sales.orders
tables update sales.orders --add shop=String --add n=UInt8
tables update sales.orders --drop shop --drop n
tables plan -f grown.yaml --rename note=remark
tables apply -f grown.yaml --rename note=remark --yes
tables apply -f more.yaml --yes
tables cluster-status sales.orders
partitions list sales.orders
partitions bounds sales.orders
first: partitions bounds sales.orders --query min --format tsv
partitions drop sales.orders {first} --yes
views list sales
views materialized sales
views get-materialized sales.ids
dictionaries drop sales.notes --yes

api list_databases
query "SELECT 1 AS one" --query-id query-now
load orders.csv sales.orders
load odd.ndjson sales.orders --refused refused.ndjson
export sales.orders orders.parquet
query -f report.sql --param least=1
queries stats query-now
queries abort session-1
query "SELECT 3" --async --query-id query-later
queries wait query-later
queries status query-later
queries result query-later
queries cancel query-later
query "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 7" --async --query-id q3
queries cancel q3
query "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 7" --async --query-id q2
queries cancel --running q2
queries lineage "SELECT id FROM sales.orders"
queries dialects
queries history --since 1h

broker: connections create broker --type kafka --set brokers=h1:9092 --set ssl=true \
 --secret password=env:TOKEN --query id --format tsv
connections list
connections get {broker}
connections update {broker} broker --type KAFKA --set brokers=h2:9092 --secret password=env:TOKEN
job: jobs create orders --configuration @job.json --source-schema '{{}}' --query id --format tsv
jobs list
jobs get {job}
jobs update {job} orders --configuration @job.json --source-schema '{{}}'
jobs rename {job} daily
jobs set-description {job} "Orders of the day"
jobs start-arguments {job}
jobs start {job} --watch
run: jobs start {job} --query execution_id --format tsv
executions watch {run}
jobs executions {job}
executions list
executions get {run}
executions logs {run}
topic: jobs create clicks --configuration @topic.json --connection-id {broker} \
 --source-schema '{{}}' --query id --format tsv
clicks: jobs start {topic} --query execution_id --format tsv
executions kafka-history {clicks} --partition 0 --period 1h --granularity 30m
executions lag {clicks}
jobs stop {topic}
jobs delete {topic} --yes
jobs delete {job} --yes
connections delete {broker} --yes

warehouses configurations
warehouses create etl --config-id s --auto-suspend 10 --auto-resume
warehouses ensure etl --config-id 123451
warehouses wait etl
warehouses list
warehouses get etl
warehouses exists etl
warehouses suspend etl --wait
warehouses resume etl --wait
warehouses resize etl M
warehouses update etl --description nightly --no-auto-resume
warehouses delete etl --yes
usage storage 7d
usage warehouse 7d --daily
tables drop sales.orders --yes
databases drop sales --yes
keys rotate --store file:new.key --expires-in 90d --yes
"""


SAMPLES: Final = {
    "broker": "3",
    "clicks": "0c3c217b-0000-4000-8000-000000000000",
    "first": "20260101",
    "job": "7",
    "key": "k-1",
    "run": "0c3c217b-0000-4000-8000-000000000000",
    "topic": "8",
}
"""What stands for what is kept, where it need not exist."""

LONG: Final = "9.5"
_WAITS: Final = {
    "executions watch": "--wait-timeout",
    "queries result": "--wait-timeout",
    "queries wait": "--wait-timeout",
    "warehouses wait": "--timeout",
}


def steps() -> list[tuple[str, list[str]]]:
    """Return the commands: the name under which the output is kept, and the words."""
    found = []
    for line in STEPS.replace("\\\n", "").splitlines():
        name, colon, rest = line.partition(": ")
        known = colon and name.isidentifier()
        if line:
            found.append((name if known else "", shlex.split(rest if known else line)))
    return found


def write_files(folder: Path) -> None:
    """Write the files that the commands read."""
    for name, text in FILES.items():
        (folder / name).write_text(text)


def each_command() -> dict[tuple[str, ...], list[str]]:
    """Return the words of one step for each command, with samples for what is kept.

    What waits does so for `LONG` seconds at most.
    """
    found: dict[tuple[str, ...], list[str]] = {
        ("api",): ["api", "list_databases"],
        ("export",): ["export", "sales.orders", "out.csv"],
        ("load",): ["load", "orders.csv", "sales.orders"],
        ("query",): ["query", "SELECT 1"],
    }
    for _, words in steps():
        if words[0] not in {"query", "load", "export", "api"}:
            once = words[: words.index("--query")] if "--query" in words else words
            option = _WAITS.get(" ".join(words[:2]))
            most = [option, LONG] if option else []
            found[tuple(words[:2])] = [*(word.format(**SAMPLES) for word in once), *most]
    return found
