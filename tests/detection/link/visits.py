"""Visits for the tests of link detection, from subscribers who do not exist."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from fanzha.detection.link.v1.channel import LinkChannel
from fanzha.records.door import admit
from fanzha.values import reserved

POLICIES = Path(__file__).resolve().parents[3] / "policies" / "detection"
START = datetime(2026, 11, 2, 8, tzinfo=UTC)
SUBSCRIBERS = tuple(reserved.mobile(n) for n in range(3))


@cache
def channel() -> LinkChannel:
    """One for all tests that only ask; those that let it remember take a fresh one."""
    return LinkChannel(POLICIES)


def fresh() -> LinkChannel:
    """One with a memory of its own, on the shared tables: to read them takes a second."""
    one = deepcopy(channel())
    one.restore({"standing": np.empty((0, 3), np.int64)})
    return one


def visits(urls: Sequence[str], subscribers: Sequence[str] | None = None) -> pl.DataFrame:
    """An admitted batch, a visit a minute."""
    names = list(subscribers or [SUBSCRIBERS[0]] * len(urls))
    table = pa.table(
        {
            "event_id": pa.array(range(1, len(urls) + 1), pa.uint64()),
            "source": ["test"] * len(urls),
            "at": pa.array(
                [START + timedelta(minutes=k) for k in range(len(urls))], pa.timestamp("ms", "UTC")
            ),
            "subscriber": names,
            "url": list(urls),
        }
    )
    admitted = admit("visit", table, "test")
    assert admitted.batch.num_rows == len(urls)
    return pl.DataFrame(pl.from_arrow(admitted.batch))
