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
    blocks: Iterator[Block],
    on_block: Callable[[int], object] | None,
    *,
    mode: Mode | None,
    warehouse: str | None,
    **options: Unpack[CallOptions],
) -> int:
    """Send blocks until all are acknowledged or one fails; return how many rows were inserted.

    Raises:
        InsertFailed: A row or a block was refused or lost.
    """
    inserted = 0
    try:
        for block in blocks:
            try:
                await client.queries.execute(block.sql, mode=mode, warehouse=warehouse, **options)
            except ByteHouseError as error:
                raise insert_failed(error, inserted, block.position) from error
            inserted += block.rows
            if on_block is not None:
                on_block(inserted)
    except RowRefused as refused:
        raise insert_failed(refused.error, inserted, refused.position) from refused.error
    except ByteHouseError:
        raise
    except BaseException as error:
        error.add_note(f"insert: the first {inserted} rows are in the table.")
        raise
    return inserted
