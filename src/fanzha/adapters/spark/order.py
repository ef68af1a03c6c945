"""The order of arrival over a cluster: every row's place, and the watermark it came under."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import TaskContext
from pyspark.sql import DataFrame
from pyspark.sql import functions as sql
from pyspark.sql.types import BooleanType, LongType, StructField, StructType

from fanzha.errors import Refused
from fanzha.features.frame import AT_BOUND

ROW = "fanzha_row"
"""Number of the row: ascending in the order of arrival, with gaps."""
_TOP = "fanzha_top"
_WRONG = "fanzha_wrong"
_PLACES = 33
"""Bits of a row's place within its partition; the partition's number stands above them."""
_LOWEST = -AT_BOUND


@dataclass(frozen=True)
class Arrived:
    """Rows with their numbers, and the greatest `at` before each stretch of them."""

    rows: DataFrame
    before: dict[int, int]

    columns = (ROW, _TOP)
    """What a pass must select, to be told the watermark."""


def watermark(batch: pa.RecordBatch, before: dict[int, int]) -> npt.NDArray[np.int64]:
    """The greatest `at` of the whole stream up to each row, from `columns`."""
    parts = batch.column(ROW).to_numpy() >> _PLACES
    stretches, which = np.unique(parts, return_inverse=True)
    earlier = np.array([before[int(p)] for p in stretches], np.int64)[which]
    found: npt.NDArray[np.int64] = np.maximum(batch.column(_TOP).to_numpy(), earlier)
    return found


def arrived(df: DataFrame, order: Sequence[str], partitions: int) -> Arrived:
    """Number the rows by `order`. Only one number a partition comes to the driver.

    Raises `Refused` where two rows stand at one place, or a row has no `at`.
    """
    columns = [sql.col(f"`{name}`") for name in order]
    sorted_ = df.repartitionByRange(partitions, *columns).sortWithinPartitions(*columns)
    extra = [
        StructField(ROW, LongType(), nullable=False),
        StructField(_TOP, LongType(), nullable=False),
        StructField(_WRONG, BooleanType(), nullable=False),
    ]
    schema = StructType([*df.schema.fields, *extra])
    # Written down once: places must not be drawn anew where a later pass reads them again.
    rows = sorted_.mapInArrow(_number(tuple(order)), schema).localCheckpoint()
    part = sql.shiftright(ROW, _PLACES)
    found = rows.groupBy(part.alias("part")).agg(sql.max(_TOP), sql.max(_WRONG)).collect()
    before, greatest = {}, _LOWEST
    for number, top, wrong in sorted(tuple(row) for row in found):
        if wrong:
            raise Refused(
                "order_not_total",
                zh="到达顺序不唯一，或有记录缺少时间：请给出能区分每一行的顺序列",
                en="two rows stand at one place of the order, or one has no time: name columns "
                "that tell every row from the others",
                field=",".join(order),
            )
        before[int(number)] = greatest
        greatest = max(greatest, int(top))
    return Arrived(rows.drop(_WRONG), before)


def instants(column: pa.Array) -> npt.NDArray[np.int64]:
    """Whole milliseconds of a long or a timestamp column, within the kernel's bounds."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms", tz=column.type.tz), safe=False)
    whole = column.cast(pa.int64()).fill_null(0).to_numpy()
    at: npt.NDArray[np.int64] = np.clip(whole, -AT_BOUND, AT_BOUND)
    return at


def _number(
    order: tuple[str, ...],
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def number(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        context = TaskContext.get()
        assert context is not None
        row, top = context.partitionId() << _PLACES, _LOWEST
        last: pa.RecordBatch | None = None
        for batch in batches:
            n = batch.num_rows
            if not n:
                continue
            rising = np.maximum(np.maximum.accumulate(instants(batch.column("at"))), top)
            keys = batch.select(list(order))
            wrong = pc.is_null(batch.column("at")).to_numpy(zero_copy_only=False)
            wrong = wrong | _same_as_before(keys, last)
            yield pa.RecordBatch.from_arrays(
                [*batch.columns, pa.array(np.arange(row, row + n)), pa.array(rising),
                 pa.array(wrong)],
                names=[*batch.schema.names, ROW, _TOP, _WRONG],
            )  # fmt: skip
            row, top, last = row + n, int(rising[-1]), keys.slice(n - 1)

    return number


def _same_as_before(keys: pa.RecordBatch, last: pa.RecordBatch | None) -> npt.NDArray[np.bool_]:
    """Rows that stand at the place of the row before them; null is a place of its own."""
    table = pa.Table.from_batches([keys] if last is None else [last, keys])
    same = np.ones(table.num_rows - 1, np.bool_)
    for column in table.columns:
        a, b = column.slice(0, len(same)), column.slice(1)
        equal = pc.fill_null(pc.equal(a, b), False).to_numpy()
        same &= equal | (pc.is_null(a).to_numpy() & pc.is_null(b).to_numpy())
    return same if last is not None else np.concatenate([[False], same])
