"""The cases of starting: imports, the first call of a program, the command, and generation.

Each is a program in a fresh process, timed from within, or from without where the interpreter's own
start belongs to it.
"""

import subprocess
import sys
import time
from pathlib import Path

# What an installation without extras has: with click, httpx imports a command line of its own; with
# opentelemetry, which some peers install, bytehouse imports that.
_PLAIN = "import sys; sys.modules['click'] = sys.modules['opentelemetry'] = None\n"
_MAKE = "bytehouse.{}('{url}', api_key='bench:key')"
_ASYNC = f"""import asyncio, bytehouse
async def main(): await {_MAKE.format("AsyncByteHouse", url="{url}")}.databases.get('sales')
asyncio.run(main())"""
# The first of each group is what the others are held to.
IMPORTS = {
    "httpx": f"{_PLAIN}import httpx",
    "bytehouse": f"{_PLAIN}import bytehouse; {_MAKE.format('ByteHouse', url='localhost')}",
    "clickhouse-connect": "import clickhouse_connect",
    "stripe": "import stripe",
    "githubkit": "import githubkit",
    "openai": "import openai",
    "databricks-sdk": "import databricks.sdk",
    "google-cloud-bigquery": "import google.cloud.bigquery",
    "snowflake.core": "import snowflake.core",
}
FIRST_CALLS = {
    "httpx": f"{_PLAIN}import httpx; httpx.Client().get('{{url}}/v1/databases/sales').json()",
    "bytehouse": f"{_PLAIN}import bytehouse; "
    f"{_MAKE.format('ByteHouse', url='{url}')}.databases.get('sales')",
    "bytehouse, asynchronous": f"{_PLAIN}{_ASYNC}",
}
COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "bytehouse --version": ("-m", "bytehouse_cli", "--version"),
    "bytehouse --help": ("-m", "bytehouse_cli", "--help"),
}
_MEASURE = """
import sys, time
began = time.perf_counter()
exec(sys.argv[1])
took = time.perf_counter() - began
try:
    peak = open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]
except OSError:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # not Linux
print(took, int(peak) * 1024)
"""
Measured = dict[str, dict[str, list[float]]]


def imports(times: int) -> Measured:
    """Measure what is imported before a client is there, in seconds and bytes."""
    return _measured("Import", IMPORTS, times)


def first_calls(times: int, url: str) -> Measured:
    """Measure a program that makes one call, imports included."""
    programs = {name: program.replace("{url}", url) for name, program in FIRST_CALLS.items()}
    return _measured("Import and first call", programs, times)


def commands(times: int) -> Measured:
    """Measure the command from its start to its end."""
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(times):
        for name, arguments in COMMANDS.items():
            found[name].append(_took([sys.executable, *arguments]))
    return {"Command": found}


def generation(times: int) -> Measured:
    """Measure `make generate`, which needs the environment that `make setup` makes."""
    python = Path(".venv/bin/python")
    if not python.exists():
        print("  generation left out: run `make setup`", file=sys.stderr)
        return {}
    command = [str(python), "-m", "codegen.generate", "--check"]
    return {"Generation of all files": {"make generate": [_took(command) for _ in range(times)]}}


def _took(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False)
    return time.perf_counter() - began


def _measured(title: str, programs: dict[str, str], times: int) -> Measured:
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    sizes: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(times):
        for name in list(seconds):
            command = [sys.executable, "-c", _MEASURE, programs[name]]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                reason = done.stderr.strip().splitlines()[-1]
                print(f"  {title.lower()}, {name} left out: {reason}", file=sys.stderr)
                del seconds[name], sizes[name]
                continue
            took, size = map(float, done.stdout.split())
            seconds[name].append(took)
            sizes[name].append(size)
    return {f"{title}, time": seconds, f"{title}, memory of the process": sizes}
