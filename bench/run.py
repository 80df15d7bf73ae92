"""Measure every case, peers beside it, interleaved in fresh processes, and write the table.

`make bench` runs it in an environment of its own, which has the peers. A single time says little on
a noisy machine; what counts is a ratio within one run. `--quick` is for a look, `--cases` for a
part.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import goals, starting

RESULTS = Path(__file__).parent / "results"
GROUPS: dict[str, tuple[str, ...]] = {
    "One small GET, decoded": (
        "httpx",
        "overlay",
        "raw",
        "httpx_transport",
        "http_client",
        "urllib3",
        "requests",
        "githubkit",
        "databricks",
        "openai",
        "stripe",
        "bigquery",
    ),
    "One small GET, before and after a burst of 50": (
        "overlay",
        "overlay_after_burst",
        "httpx",
        "httpx_after_burst",
    ),
    "One create with a body": ("httpx_create", "overlay_create"),
    "A page of 100 tables": ("httpx_page", "overlay_page"),
    "Decoding 100 tables, two fields read": ("decode_json", "decode_models", "decode_stock"),
    "Decoding 100 tables, every field read": ("decode_json_all", "decode_models_all"),
    "Decoding 100 tables, timestamps too": ("decode_json_timestamps", "decode_models_timestamps"),
    "One small GET, asynchronous": (
        "async_httpx",
        "async_overlay",
        "async_overlay_aiohttp",
        "async_aiohttp",
    ),
    "1,000 calls at once": (
        "async_httpx_1000",
        "async_overlay_1000",
        "async_overlay_aiohttp_1000",
        "async_aiohttp_1000",
    ),
    "1,000 calls from 16 threads": ("httpx_threads", "overlay_threads"),
    "Making clients": ("second_client", "with_options"),
}
# What each case does with a table of so many rows; when reading, ours first, so that a ratio says
# how many times as long the others take.
READING: dict[str, tuple[str, ...]] = {
    "Rows of five columns": (
        "overlay_rows:orders:{rows}",
        "overlay_iterate:orders:{rows}",
        "json_rows:orders:{rows}",
        "orjson_rows:orders:{rows}",
        "json_bare:orders:{rows}",
        "orjson_bare:orders:{rows}",
        "fetch:orders:{rows}",
    ),
    **{
        title: tuple(
            f"{case}:{table}:{{rows}}" for case in ("overlay_rows", "json_rows", "orjson_rows")
        )
        for title, table in {
            "Rows whose integers are bare": "orders_bare",
            "Rows with timestamps in a time zone": "zoned",
            "Rows of wide strings": "strings",
            "Rows of arrays, maps and tuples": "nested",
        }.items()
    },
    "Inserting rows of five columns": (
        "handmade_insert:{rows}",
        "overlay_insert:tuples:{rows}",
        "overlay_insert:arrow:{rows}",
        "overlay_insert:pandas:{rows}",
        "overlay_insert:polars:{rows}",
        "ready_insert:{rows}",
    ),
    "Inserting through the emulator": (
        "emulator_ready:{rows}",
        "emulator_insert:tuples:{rows}",
        "emulator_insert:arrow:{rows}",
    ),
    "Arrow tables of many columns": ("overlay_arrow:tall:100000", "overlay_arrow:wide:1000"),
    "Arrow tables": (
        "overlay_arrow:orders:{rows}",
        "pylist_arrow:orders:{rows}",
        "pylist_bare:orders:{rows}",
    ),
    "pandas frames": ("overlay_pandas:orders:{rows}", "pandas_read_json:orders:{rows}"),
    "Ten times as many rows, iterated": (
        "overlay_iterate:orders:{rows}",
        "overlay_iterate:orders:{rows}0",
    ),
}


@dataclass(frozen=True)
class Figure:
    """Median and spread of one case, in seconds (or bytes), over all its processes."""

    case: str
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, case: str, found: list[float]) -> "Figure":
        """Sum up what was measured; low and high are the quartiles."""
        ordered = sorted(found)
        quarter = len(ordered) // 4
        return cls(case, statistics.median(ordered), ordered[quarter], ordered[-1 - quarter])


@contextmanager
def server() -> Iterator[str]:
    """Run the server outside of every measured process."""
    command = [sys.executable, "-m", "bench.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def worker(case: str, url: str, seconds: float) -> tuple[list[float], float] | None:
    """Run a case in a fresh process; return seconds and memory, None if a library is not there."""
    command = [sys.executable, "-m", "bench.worker", case, url, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        print(f"  {case} left out: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    found = json.loads(done.stdout)
    return found["seconds"], found["peak"]


def measure(
    title: str, cases: tuple[str, ...], url: str, processes: int, seconds: float
) -> dict[str, list[Figure]]:
    """Measure cases side by side: process by process in turn, so that noise meets all alike."""
    times: dict[str, list[float]] = {case: [] for case in cases}
    peaks: dict[str, list[float]] = {case: [] for case in cases}
    for _ in range(processes):
        for case in list(times):
            if found := worker(case, url, seconds):
                times[case] += found[0]
                peaks[case].append(found[1])
            else:
                del times[case], peaks[case]
    groups = {title: times}
    if title in READING:
        groups[f"{title}, memory beside that of the imports"] = peaks
    return {
        name: [Figure.of(case, found) for case, found in group.items()]
        for name, group in groups.items()
    }


def starts(part: str, url: str, processes: int) -> dict[str, list[Figure]]:
    """Measure imports, first calls, the command and generation."""
    cases: dict[str, Callable[[], starting.Measured]] = {
        "imports": lambda: starting.imports(processes * 2),
        "first calls": lambda: starting.first_calls(processes * 2, url),
        "command": lambda: starting.commands(processes * 2),
        "generation": lambda: starting.generation(processes),
    }
    found: starting.Measured = {}
    for title, measured in cases.items():
        if part in title:
            print(f"{title.capitalize()} ...", file=sys.stderr, flush=True)
            found |= measured()
    return {
        title: [Figure.of(case, times) for case, times in group.items()]
        for title, group in found.items()
    }


HEAD = """# Benchmarks

Made by `make bench`. A ratio is to the first line of its group, within one run; *before*
is the same ratio in the table committed last. Spread is from quartile to quartile.
"""


def table(groups: Mapping[str, list[Figure]], before: Mapping[str, float]) -> str:
    """Write figures as Markdown; the first case of a group is what the others are held to."""
    lines = []
    for title, figures in groups.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| case | median | spread | ratio | before |",
            "|---|---|---|---|---|",
        ]
        for figure in figures:
            shown = _as_memory if ", memory " in title else _as_time
            low, high = shown(figure.low), shown(figure.high)
            ratio, old = _ratio(figure, figures[0]), before.get(_key(title, figure.case))
            lines.append(
                f"| {figure.case} | {shown(figure.median)} | {low} - {high} "
                f"| {_as_ratio(ratio)} | {_as_ratio(old)} |"
            )
    return "\n".join(lines)


def _ratio(figure: Figure, first: Figure) -> float:
    # To what needs no memory of its own there is no ratio.
    return figure.median / first.median if first.median else math.nan


def _as_memory(value: float) -> str:
    return f"{value / 2**20:.1f} MB"


def _as_time(value: float) -> str:
    return f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.0f} µs"


def _as_ratio(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.2f}"


def _key(title: str, case: str) -> str:
    """Return the name of a ratio, whatever the number of rows was."""
    return f"{title}/{case if title.startswith('Ten times') else goals.without_rows(case)}"


def ratios(groups: Mapping[str, list[Figure]]) -> dict[str, float]:
    """Return the ratio of each case to the first of its group."""
    return {
        _key(title, figure.case): _ratio(figure, figures[0])
        for title, figures in groups.items()
        for figure in figures
    }


def save(
    kept: Path, groups: dict[str, list[Figure]], before: Mapping[str, float], *, whole: bool
) -> None:
    """Write the groups in place of what was kept; if they are not the whole, the others stay."""
    if kept.exists() and not whole:
        figures = json.loads(kept.read_text("utf-8"))["figures"]
        groups = {title: [Figure(**f) for f in found] for title, found in figures.items()} | groups
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.md").write_text(f"{HEAD}{table(groups, before)}\n", "utf-8")
    document = {
        "ratios": ratios(groups),
        "figures": {title: [asdict(f) for f in found] for title, found in groups.items()},
    }
    kept.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def main() -> None:
    """Measure, print, judge, and with --save write the table that the next run is compared with."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short rounds")
    parser.add_argument("--cases", default="", help="only groups whose title has this text")
    parser.add_argument(
        "--save", action="store_true", help="keep what was measured in bench/results/"
    )
    options = parser.parse_args()
    processes, seconds, rows = (2, 0.2, 100_000) if options.quick else (3, 0.5, 250_000)
    kept = RESULTS / "latest.json"
    before = json.loads(kept.read_text())["ratios"] if kept.exists() else {}
    groups: dict[str, list[Figure]] = {}
    print(HEAD)
    with server() as url:
        for title, templates in (GROUPS | READING).items():
            if options.cases.lower() in title.lower():
                cases = tuple(case.format(rows=rows) for case in templates)
                found = measure(title, cases, url, processes, seconds)
                print(table(found, before), flush=True)
                groups |= found
        started = starts(options.cases.lower(), url, processes)
        print(table(started, before))
        groups |= started
    medians = {
        title: {goals.without_rows(f.case): f.median for f in found}
        for title, found in groups.items()
    }
    judged = list(goals.judge(medians))
    print(goals.table(judged))
    if options.save:
        save(kept, groups, before, whole=not options.cases)
    if not all(met for _, _, met in judged):
        sys.exit("A goal is missed.")


if __name__ == "__main__":
    main()
