"""Make data frames of Arrow tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, cast

from .._core.extras import import_optional
from ..errors import ByteHouseError
from .arrow_types import map_types, map_values

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


DtypeBackend = Literal["numpy_nullable", "pyarrow"]


@contextmanager
def conversion(form: str, query_id: str) -> Iterator[None]:
    """Turn errors of the library that makes a form of the rows into ours.

    Raises:
        ByteHouseError: The library raised an error other than of memory or the disk.
    """
    try:
        yield
    except (ByteHouseError, MemoryError, OSError):
        raise
    except Exception as error:
        raise ByteHouseError(
            f"The rows cannot be converted to {form}: {type(error).__name__}: {error}",
            hint="Run the query again and use rows(), or convert the column in the statement.",
            query_id=query_id,
        ) from error


def pandas_frame(table: pa.Table, dtype_backend: DtypeBackend | None) -> pd.DataFrame:
    """Return a table as a pandas frame.

    Without a backend, columns have NumPy's types where those hold the values exactly. Integers and
    booleans with NULL among them get pandas' nullable types; floats with NULL get Arrow's, as the
    only ones that tell NULL from nan. Containers become Python values, but for lists of numbers
    without NULL in them, which become arrays.
    """
    pandas = import_optional("pandas", "pandas")
    arrow = import_optional("pyarrow", "pandas")
    if dtype_backend == "pyarrow":
        return table.to_pandas(types_mapper=pandas.ArrowDtype)
    nullable = _nullable_types(pandas, arrow)
    wanted = nullable.get if dtype_backend == "numpy_nullable" else None
    nested = {at for at, column in enumerate(table.columns) if _needs_python(arrow, column)}
    # Their values would be converted to what does not hold them, or fail.
    left_out = arrow.nulls(table.num_rows)
    columns = [left_out if at in nested else column for at, column in enumerate(table.columns)]
    without = arrow.table(columns, names=table.column_names)
    frame = without.to_pandas(types_mapper=wanted, date_as_object=False)
    for at, column in enumerate(table.columns):
        if at in nested:
            frame.isetitem(at, pandas.Series(column.to_pylist(), dtype=object))
        elif column.null_count and column.type in nullable:
            frame.isetitem(at, column.to_pandas(types_mapper=nullable.get))
        elif column.null_count and arrow.types.is_floating(column.type):
            frame.isetitem(at, column.to_pandas(types_mapper=pandas.ArrowDtype))
    return frame


def _nullable_types(pandas: Any, arrow: Any) -> dict[Any, Any]:
    found = {arrow.bool_(): pandas.BooleanDtype()}
    for size in (8, 16, 32, 64):
        found[getattr(arrow, f"int{size}")()] = getattr(pandas, f"Int{size}Dtype")()
        found[getattr(arrow, f"uint{size}")()] = getattr(pandas, f"UInt{size}Dtype")()
    return found


def _needs_python(arrow: Any, column: pa.ChunkedArray) -> bool:
    """Return whether NumPy's arrays cannot hold the values of containers exactly."""
    kind = column.type
    if not arrow.types.is_nested(kind):
        return False
    inside = column
    while arrow.types.is_list(kind):
        inside, kind = arrow.compute.list_flatten(inside), kind.value_type
        if inside.null_count:
            return True
    return not (arrow.types.is_integer(kind) or arrow.types.is_floating(kind))


def polars_frame(table: pa.Table) -> pl.DataFrame:
    """Return a table as a polars frame. Decimals of more than 38 digits become strings."""
    polars = import_optional("polars", "polars")
    arrow = import_optional("pyarrow", "polars")

    def narrowed(kind: Any) -> Any:
        return arrow.string() if arrow.types.is_decimal256(kind) else kind

    def as_text(value: Any, kind: Any) -> Any:
        return f"{value:f}" if arrow.types.is_decimal256(kind) else value

    for at, field in enumerate(table.schema):
        narrow = map_types(arrow, field.type, narrowed)
        if narrow != field.type:
            found = table.column(at).to_pylist()
            values = [map_values(arrow, value, field.type, as_text) for value in found]
            table = table.set_column(at, field.name, arrow.array(values, narrow))
    return cast("pl.DataFrame", polars.from_arrow(table))
