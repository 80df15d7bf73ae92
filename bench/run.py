"""Measure every case, peers beside it, interleaved in fresh processes, and write the table.

`make bench` runs it in an environment of its own, which has the peers. A single time says little on
a noisy machine; what counts is a ratio within one run. `--quick` is for a look, `--cases` for a
part.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
GROUPS: dict[str, tuple[str, ...]] = {
    "One small GET, decoded": (
        "httpx",
        "overlay",
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
    "One create with a body": ("httpx_create", "overlay_create"),
    "A page of 100 tables": ("httpx_page", "overlay_page"),
    "Decoding 100 tables": ("decode_json", "decode_models"),
    "One small GET, asynchronous": ("async_httpx", "async_overlay", "async_aiohttp"),
    "1,000 calls at once": ("async_httpx_1000", "async_overlay_1000"),
    "Making clients": ("second_client", "with_options"),
}
IMPORTS = {
    "httpx": "import httpx",
    "bytehouse": "import bytehouse; bytehouse.ByteHouse('localhost', api_key='bench:key')",
    "clickhouse-connect": "import clickhouse_connect",
    "stripe": "import stripe",
    "githubkit": "import githubkit",
    "openai": "import openai",
    "databricks-sdk": "import databricks.sdk",
    "google-cloud-bigquery": "import google.cloud.bigquery",
    "snowflake.core": "import snowflake.core",
}
MEASURE_IMPORT = """
import resource, sys, time
began = time.perf_counter()
exec(sys.argv[1])
took = time.perf_counter() - began
print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


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


def worker(case: str, url: str, seconds: float) -> list[float]:
    """Run a case once, in a fresh process; nothing if its library is not installed."""
    command = [sys.executable, "-m", "bench.worker", case, url, "3", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        print(f"  {case} left out: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return []
    found: list[float] = json.loads(done.stdout)
    return found


def measure(cases: tuple[str, ...], url: str, processes: int, seconds: float) -> list[Figure]:
    """Measure cases side by side: process by process in turn, so that noise meets all alike."""
    found: dict[str, list[float]] = {case: [] for case in cases}
    for _ in range(processes):
        for case in list(found):
            times = worker(case, url, seconds)
            if times:
                found[case] += times
            else:
                del found[case]
    return [Figure.of(case, times) for case, times in found.items()]


def imports(processes: int) -> dict[str, list[Figure]]:
    """Measure time and memory of imports, each in a fresh process."""
    times: dict[str, list[float]] = {name: [] for name in IMPORTS}
    sizes: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(processes * 2):
        for name in list(times):
            command = [sys.executable, "-c", MEASURE_IMPORT, IMPORTS[name]]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"  import of {name} left out: not installed", file=sys.stderr)
                del times[name], sizes[name]
                continue
            took, size = map(float, done.stdout.split())
            times[name].append(took)
            sizes[name].append(size)
    return {
        "Import, time": [Figure.of(name, found) for name, found in times.items()],
        "Import, memory of the process": [Figure.of(n, found) for n, found in sizes.items()],
    }


def table(groups: Mapping[str, list[Figure]], before: Mapping[str, float]) -> str:
    """Write the figures as Markdown; the first case of a group is what the others are held to."""
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench`. A ratio is to the first line of its group, within one run; *before*",
        "is the same ratio in the table committed last. Spread is from quartile to quartile.",
    ]
    for title, figures in groups.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| case | median | spread | ratio | before |",
            "|---|---|---|---|---|",
        ]
        for figure in figures:
            ratio = figure.median / figures[0].median
            old = before.get(f"{title}/{figure.case}")
            lines.append(
                f"| {figure.case} | {_shown(figure.median)} "
                f"| {_shown(figure.low)} - {_shown(figure.high)} | {ratio:.2f} "
                f"| {'' if old is None else f'{old:.2f}'} |"
            )
    return "\n".join(lines) + "\n"


def _shown(value: float) -> str:
    if value > 1e6:
        return f"{value / 2**20:.1f} MB"
    return f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.0f} µs"


def ratios(groups: Mapping[str, list[Figure]]) -> dict[str, float]:
    """Return the ratio of each case to the first of its group."""
    return {
        f"{title}/{figure.case}": figure.median / figures[0].median
        for title, figures in groups.items()
        for figure in figures
    }


def main() -> None:
    """Measure, print, and with --save write the table that the next run is compared with."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short rounds")
    parser.add_argument("--cases", default="", help="only groups whose title has this text")
    parser.add_argument("--save", action="store_true", help="write bench/results/")
    options = parser.parse_args()
    processes, seconds = (2, 0.2) if options.quick else (5, 0.5)
    kept = RESULTS / "latest.json"
    before = json.loads(kept.read_text())["ratios"] if kept.exists() else {}
    groups: dict[str, list[Figure]] = {}
    with server() as url:
        for title, cases in GROUPS.items():
            if options.cases.lower() in title.lower():
                print(f"{title} ...", file=sys.stderr, flush=True)
                groups[title] = measure(cases, url, processes, seconds)
    if options.cases.lower() in "imports":
        groups |= imports(processes)
    text = table(groups, before)
    print(text)
    if options.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "latest.md").write_text(text, "utf-8")
        document = {
            "ratios": ratios(groups),
            "figures": {title: [asdict(f) for f in figures] for title, figures in groups.items()},
        }
        kept.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
