"""The client's documented speed goals, as ratios within one run.

`make bench` exits non-zero when one is missed. Noise meets both sides of a ratio, but not evenly:
`TOLERANCE` is what two runs of the same code differ by on a machine that does other things too.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TOLERANCE = 1.05


@dataclass(frozen=True)
class Goal:
    """A case takes at most `ratio` times as long as another of its group."""

    group: str
    case: str
    peer: str
    ratio: float


GOALS = (
    Goal("One small GET, decoded", "overlay", "httpx", 0.80),
    Goal("One small GET, decoded", "raw", "httpx", 1.05),
    Goal("One small GET, before and after a burst of 50", "overlay_after_burst", "overlay", 1.0),
    Goal("A page of 100 tables", "overlay_page", "httpx_page", 1.7),
    # 1.4 to 2.1 in different runs: 400 objects with attributes cost about what the parsing costs.
    Goal("Decoding 100 tables, every field read", "decode_models_all", "decode_json_all", 2.0),
    Goal("Decoding 100 tables, two fields read", "decode_models", "decode_stock", 0.5),
    Goal("One small GET, asynchronous", "async_overlay", "async_httpx", 0.80),
    Goal("One small GET, asynchronous", "async_overlay_aiohttp", "async_httpx", 0.5),
    Goal("Import and first call, time", "bytehouse", "httpx", 1.5),
    # With the checks, beside statements made with a format string, which checks nothing.
    Goal("Inserting rows of five columns", "overlay_insert:tuples", "handmade_insert", 1.0),
    Goal("Inserting rows of five columns", "overlay_insert:arrow", "handmade_insert", 0.65),
    Goal("Inserting rows of five columns", "overlay_insert:pandas", "handmade_insert", 0.65),
    Goal("Inserting rows of five columns", "overlay_insert:polars", "handmade_insert", 0.65),
    # 0.7 of the rows per second of the same statements, made beforehand.
    Goal("Inserting through the emulator", "emulator_insert:tuples", "emulator_ready", 1 / 0.7),
    Goal("Inserting through the emulator", "emulator_insert:arrow", "emulator_ready", 1 / 0.7),
    # As many values in 5,000 columns of 1,000 rows as in 50 of 100,000.
    Goal("Arrow tables of many columns", "overlay_arrow:wide", "overlay_arrow:tall", 2.0),
)


def without_rows(case: str) -> str:
    """Return the name of a case without the number of its rows."""
    return re.sub(r":\d+$", "", case)


def judge(medians: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[Goal, float | None, bool]]:
    """Yield each goal of the groups that were measured, its ratio, and whether it is met.

    A case that could not be measured has no ratio, and misses its goal.

    Args:
        medians: Seconds, by group and case.
    """
    for goal in GOALS:
        if (group := medians.get(goal.group)) is not None:
            whole = goal.case in group and goal.peer in group
            ratio = group[goal.case] / group[goal.peer] if whole else None
            yield goal, ratio, ratio is not None and ratio <= goal.ratio * TOLERANCE


def table(judged: list[tuple[Goal, float | None, bool]]) -> str:
    """Write the goals as Markdown."""
    lines = ["", "## Goals", "", "| case | ratio | at most | |", "|---|---|---|---|"]
    for goal, ratio, met in judged:
        shown = "not measured" if ratio is None else f"{ratio:.2f}"
        lines.append(
            f"| {goal.group}: {goal.case} / {goal.peer} | {shown} | {goal.ratio:.2f} "
            f"| {'' if met else '**missed**'} |"
        )
    return "\n".join(lines)
