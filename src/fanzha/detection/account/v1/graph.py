"""What an account's neighbours tell with each transfer: fans, money passed through, rings.

An edge touches two accounts and a ring many, so the graph cannot be divided by key as windows are:
where several scorers share the work, each of them keeps all of it and walks all transfers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import Array, Bools, among, instants, keys_of, known_all
from fanzha.features.graph.declare import GraphWindow
from fanzha.features.graph.live import GraphCounters, GraphSet

__all__ = ["GRAPH_SCHEMA", "WINDOW", "TransferGraph"]

_TILLS = ("merchant", "cash")
Told = Mapping[str, npt.NDArray[Any]]

WINDOW = GraphWindow(
    "graph", windows=("7d",), residence="24h", lateness="1h", scatter_steps=1024, cycle_steps=1024
)
"""At most 256 edges an account each way, and `WINDOW.steps_bound` steps a transfer."""

_NUMBERS = (
    "fan_in_7d", "fan_out_7d", "to_n_7d", "to_fen_7d", "from_n_7d", "from_fen_7d",
    "through_share", "residence_s", "payer_through_share", "gather_scatter", "scatter_gather",
    "cycle_length",
)  # fmt: skip
_CUTS = ("fans_cut", "through_cut", "gather_cut", "scatter_cut", "cycle_cut")
GRAPH_SCHEMA: Mapping[str, type[pl.DataType]] = {
    **dict.fromkeys(_NUMBERS, pl.Float64),
    **dict.fromkeys(_CUTS, pl.Boolean),
}
"""One row a side of a transfer. `to_…`: from the holder to its counterpart, `from_…`: back.
`through_share`, `residence_s` and `gather_scatter` are the payer's and stand on its row only,
`scatter_gather` is the payee's; `payer_through_share` and `cycle_length` stand on both. A `…_cut`
says that a cap cut the answer: what is told is the least it can be."""


class TransferGraph:
    """The graph of the last seven days of transfers between accounts."""

    def __init__(self, window: GraphWindow = WINDOW) -> None:
        self._graph = GraphSet(window)

    def sides(self, batch: pl.DataFrame, moved: Bools) -> list[pl.Series]:
        """Take in a batch; the columns of `GRAPH_SCHEMA`, first all payers, then all payees.

        Transfers to shops and cash machines are told of and leave no edge: everybody meets there,
        and a ring through a till is none.
        """
        till = among(batch, "payer_kind", *_TILLS) | among(batch, "payee_kind", *_TILLS)
        told = self._graph.update(
            {
                "at": instants(batch),
                "payer_key": keys_of(batch, "payer_key"),
                "payee_key": keys_of(batch, "payee_key"),
                "amount": batch["amount_fen"].to_numpy(),
                "counted": moved & ~till,
            }
        )
        return _sides(told, np.full(batch.height, np.nan), np.zeros(batch.height, np.bool_))

    def counters(self) -> GraphCounters:
        """What was not kept or told in part, and how much was looked at."""
        return self._graph.counters()

    def snapshot(self) -> dict[str, Array]:
        return self._graph.snapshot()

    def restore(self, state: Mapping[str, Array]) -> None:
        self._graph.restore(state)


def _sides(told: Told, null: npt.NDArray[np.float64], no: Bools) -> list[pl.Series]:
    share, ring = told["through_share"], told["cycle_length"]
    numbers = {
        "fan_in_7d": (told["payer_fan_in_7d"], told["payee_fan_in_7d"]),
        "fan_out_7d": (told["payer_fan_out_7d"], told["payee_fan_out_7d"]),
        "to_n_7d": (told["pair_n_7d"], told["back_n_7d"]),
        "to_fen_7d": (told["pair_fen_7d"], told["back_fen_7d"]),
        "from_n_7d": (told["back_n_7d"], told["pair_n_7d"]),
        "from_fen_7d": (told["back_fen_7d"], told["pair_fen_7d"]),
        "through_share": (share, null),
        "residence_s": (told["residence_s"], null),
        "payer_through_share": (share, share),
        "gather_scatter": (told["gather_scatter"], null),
        "scatter_gather": (null, told["scatter_gather"]),
        "cycle_length": (ring, ring),
    }
    cycle = told["cycle_truncated"]
    cuts = {
        "fans_cut": (told["payer_7d_truncated"], told["payee_7d_truncated"]),
        "through_cut": (told["through_truncated"], told["through_truncated"]),
        "gather_cut": (told["gather_scatter_truncated"], no),
        "scatter_cut": (no, told["scatter_gather_truncated"]),
        "cycle_cut": (cycle, cycle),
    }
    return [
        *known_all({name: np.concatenate(both) for name, both in numbers.items()}),
        *(pl.Series(name, np.concatenate(both)) for name, both in cuts.items()),
    ]
