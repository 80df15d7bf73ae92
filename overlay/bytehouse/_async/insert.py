"""Send blocks of rows one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Unpack

from .._core.options import CallOptions
from .._sql.insert import Block, RowRefused, insert_failed
from ..errors import ByteHouseError

if TYPE_CHECKING:
    from .._core.config import Mode
    from .client import AsyncByteHouse

__all__ = ["insert_blocks"]


async def insert_blocks(
    client: AsyncByteHouse,
    written: Iterator[Block],
    on_block: Callable[[int], object] | None,
    *,
    mode: Mode | None,
    warehouse: str | None,
    **options: Unpack[CallOptions],
) -> int:
    """Send blocks until all are acknowledged or one is not; return how many rows they had.

    Raises:
        InsertFailed: A row or a block was refused or lost.
    """
    taken = 0
    try:
        for block in written:
            try:
                await client.queries.execute(block.sql, mode=mode, warehouse=warehouse, **options)
            except ByteHouseError as error:
                raise insert_failed(error, taken, block.position) from error
            taken += block.rows
            if on_block is not None:
                on_block(taken)
    except RowRefused as refused:
        raise insert_failed(refused.error, taken, refused.position) from refused.error
    except ByteHouseError:
        raise
    except BaseException as error:
        error.add_note(f"insert: the first {taken} rows are in the table.")
        raise
    return taken
