"""Whatever a payment's row holds, it is read or told what is wrong with it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.payment.table import KINDS, of_arrays, of_frame, together
from fanzha.errors import Misconfigured

ROW = st.fixed_dictionaries(
    {
        "id": st.none() | st.text(max_size=5),
        "time": st.none()
        | st.text(max_size=20)
        | st.sampled_from(["1e400", "-5", "2018-04-01", "2018-04-01T00:00:31Z", "1700000000"]),
        "customer": st.none() | st.sampled_from(["", "a", "b", "\ud7ff", "💳"]),
        "terminal": st.none() | st.sampled_from(["", "t", "u"]),
        "amount": st.none() | st.floats(),
        "label": st.none() | st.sampled_from([0.0, 1.0, 2.0, float("nan")]),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=12))
def test_a_row_is_scored_or_has_an_error(rows: list[dict[str, object]]) -> None:
    table = of_frame(pl.DataFrame(rows, schema=dict(KINDS)))
    good = ~np.isnan(table.at)
    assert [one is None for one in table.error] == good.tolist()
    assert np.isfinite(table.amount[good]).all()
    line, at = together(None, table)
    assert (np.diff(line.at) >= 0).all()
    assert sorted(at.tolist()) == np.flatnonzero(good).tolist()
    assert set(line.outcome[~np.isnan(line.outcome)]) <= {0.0, 1.0}


def test_rows_that_name_nobody_share_nothing() -> None:
    frame = pl.DataFrame(
        {"id": ["a", "b", "c"], "time": ["1", "2", "3"], "customer": [None, None, "x"],
         "terminal": ["t", "t", "t"], "amount": [1.0, 2.0, 3.0], "label": [0.0, 0.0, 0.0]},
        schema=dict(KINDS),
    )  # fmt: skip
    table = of_frame(frame)
    line, _ = together(None, table)
    assert np.unique(line.customer).size == 3
    assert np.unique(line.terminal).size == 1
    assert table.missing == [["customer"], ["customer"], []]


def test_the_times_of_one_instant_in_each_writing() -> None:
    written = ["1522540831", "2018-04-01 00:00:31", "2018-04-01T00:00:31Z",
               "2018-04-01 00:00:31.000000+00:00", " 2018-04-01T00:00:31.0 UTC"]  # fmt: skip
    frame = pl.DataFrame({"time": written}).with_columns(
        pl.lit(None, dtype=kind).alias(name) if name != "amount" else pl.lit(1.0).alias(name)
        for name, kind in KINDS.items()
        if name != "time"
    )
    assert of_frame(frame).at.tolist() == [1522540831.0] * len(written)


def test_arrays_that_do_not_fit_are_refused() -> None:
    good = of_frame(pl.DataFrame(schema=dict(KINDS))).arrays()
    assert of_arrays(good).at.size == 0
    for name in good:
        with pytest.raises(Misconfigured):
            of_arrays({**good, name: np.zeros(2)})
        with pytest.raises(Misconfigured):
            of_arrays({key: value for key, value in good.items() if key != name})
