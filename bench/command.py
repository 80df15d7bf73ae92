"""Print a large result with `bytehouse query`, and beside it with curl and clickhouse-connect.

`python -m bench.command [ROWS]` prints the time, the processor time and the peak memory of each
process as a table in Markdown; of the first rows alone, to show that memory does not grow.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bytehouse_emulator import RunningEmulator, running_emulator

SQL = (
    "SELECT number AS id, toString(number) AS name, number / 7 AS share,"
    " toDate('2026-01-01') + number % 300 AS day FROM numbers({rows})"
)
SCRIPT = """
import json, sys
import clickhouse_connect
port, password, sql = sys.argv[1:]
client = clickhouse_connect.get_client(port=int(port), username="bytehouse", password=password)
with client.query_row_block_stream(sql) as blocks:
    names = blocks.source.column_names
    for block in blocks:
        for row in block:
            print(json.dumps(dict(zip(names, row)), default=str))
"""


@dataclass
class Took:
    """What a pipeline took.

    Attributes:
        seconds: From its start to its end.
        processor: Seconds of processor time.
        memory: Peak of the largest process, in MB.
    """

    seconds: float
    processor: float
    memory: float


def measured(pipeline: str, words: Sequence[str], environment: Mapping[str, str]) -> Took:
    """Run a pipeline of the shell, in which "$@" stands for the words."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # alone, so that the children of others are not counted
        began = time.monotonic()
        subprocess.run(
            ["/bin/bash", "-c", pipeline, "bash", *words],
            env={**os.environ, **environment},
            check=True,
        )
        seconds = time.monotonic() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = map(str, (seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))
        os.write(write, " ".join(took).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as result:
        figures = [float(word) for word in result.read().split()]
    os.waitpid(child, 0)
    if not figures:
        sys.exit(f"It failed: {pipeline}")
    return Took(*figures)


def cases(emulator: RunningEmulator, rows: int) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the pipelines: a name, the text, and the words of its command."""
    sql = SQL.format(rows=rows)
    command = [sys.executable, "-m", "bytehouse_cli", "query", sql, "--mode", "clickhouse_sql"]
    few = SQL.format(rows=rows // 10)
    tenth = [few if word == sql else word for word in command]
    yield "`… --format ndjson \\| head -1`", '"$@" --format ndjson | head -1 >/dev/null', command
    yield "a tenth of the rows", '"$@" --format ndjson >/dev/null', tenth
    yield "`… --format ndjson > /dev/null`", '"$@" --format ndjson >/dev/null', command
    yield (
        "clickhouse-connect in a script, as NDJSON",
        '"$@" >/dev/null',
        [sys.executable, "-c", SCRIPT, str(emulator.clickhouse_port), emulator.token, sql],
    )
    body = f'{{"query": "{sql}", "mode": "clickhouse_sql"}}'
    call = ["curl", "-sS", "-H", f"Authorization: Bearer {emulator.token}", "--data-binary", body]
    call += ["-H", "Content-Type: application/json", f"{emulator.url}/v1/sql/sync"]
    yield "curl, the body as it comes", '"$@" >/dev/null', call


def main() -> None:
    """Measure each pipeline once."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    print(f"| {rows:,} rows | s | s of processor time | MB |\n|---|---|---|---|")
    with running_emulator() as emulator:
        environment = {"BYTEHOUSE_HOST": emulator.url, "BYTEHOUSE_API_KEY": emulator.token}
        for name, pipeline, words in cases(emulator, rows):
            took = measured(pipeline, words, environment)
            figures = f"{took.seconds:.1f} | {took.processor:.1f} | {took.memory:.0f}"
            print(f"| {name} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
