"""Batches as an event log keeps them: whole, and cut the same way always."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.errors import Refused
from fanzha.records import batches

_ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(0, 2**63 - 1), "text": st.none() | st.text(), "ok": st.booleans()}
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(_ROWS)
def test_a_batch_comes_back_as_it_was(rows: list[dict[str, object]]) -> None:
    batch = pa.RecordBatch.from_pylist(rows)
    assert batches.decode(batches.encode(batch)).equals(batch)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5000), st.integers(8_000, 60_000))
def test_parts_are_small_enough_and_make_the_whole(rows: int, limit: int) -> None:
    numbers = np.random.default_rng(rows).integers(0, 2**62, rows)
    batch = pa.record_batch({"n": pa.array(numbers)})
    parts = list(batches.parts(batch, "key", limit))
    assert parts == list(batches.parts(batch, "key", limit))
    assert len({key for key, _ in parts}) == len(parts)
    assert all(len(payload) < limit for _, payload in parts)
    read = [batches.decode(payload)["n"].to_numpy() for _, payload in parts]
    assert np.array_equal(np.concatenate(read), numbers)


def test_a_row_that_fits_no_entry_is_refused() -> None:
    noise = np.random.default_rng(1).bytes(20_000)
    with pytest.raises(Refused, match="row_too_large"):
        list(batches.parts(pa.record_batch({"b": [noise]}), "key", 10_000))
