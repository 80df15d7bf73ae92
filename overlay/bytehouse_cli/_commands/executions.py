"""`bytehouse executions`: runs of import jobs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from .._output import print_value
from .._resources import ResourceGroup
from .._settings import global_options
from .._watching import wait_option
from .._watching import watch as watch_execution

if TYPE_CHECKING:
    from bytehouse import ByteHouse

command = ResourceGroup("executions")


@command.command(examples="bytehouse executions watch 0c3c217b")
@click.argument("execution_id")
@wait_option
def watch(execution_id: str, wait_timeout: float | None) -> int:
    """Wait until an execution has ended, and show it.

    Ctrl-C ends the wait, and the execution goes on.
    """
    with global_options().client() as client:
        return watch_execution(client.executions.handle(execution_id), wait_timeout)


@command.command(
    examples="""
    bytehouse executions lag 0c3c217b --partition 0 --partition 1
    bytehouse executions lag 0c3c217b --watch --interval 30
    """
)
@click.argument("execution_id")
@click.option(
    "--partition",
    "partitions",
    type=click.IntRange(0),
    multiple=True,
    default=(0,),
    show_default=True,
    help="Number of a partition of the topic (repeatable).",
)
@click.option("--watch", is_flag=True, help="Show it again and again, until Ctrl-C.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to pause.",
)
def lag(execution_id: str, partitions: tuple[int, ...], *, watch: bool, interval: float) -> None:
    """Show how far a Kafka execution is behind, in the last window of each partition."""

    def latest(client: ByteHouse) -> list[Any]:
        history = client.executions.kafka_history(
            execution_id, partition=partitions, period="10m", granularity="1m"
        )
        return list({point.partition: point for point in history}.values())

    with global_options().client() as client:
        print_value(latest(client))
        while watch:
            time.sleep(interval)
            print_value(latest(client))
