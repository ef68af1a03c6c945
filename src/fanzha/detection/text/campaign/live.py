"""Campaigns in a stream: what stands of a doubtful text's cluster, and of its burst in one cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import Array, instants, keys_of, known
from fanzha.detection.text.campaign.clusters import Clusters
from fanzha.detection.text.campaign.told import LEAST, SHORTEST, hooked
from fanzha.detection.text.v1.normal import NormalText
from fanzha.detection.text.v1.policy import CampaignPolicy
from fanzha.features.live import FeatureSet

__all__ = ["CAMPAIGN_COLUMNS", "LiveCampaigns"]

CAMPAIGN_COLUMNS: Mapping[str, type[pl.DataType]] = {
    "campaign_texts": pl.Float64,
    "campaign_suspected_share": pl.Float64,
    "campaign_senders": pl.Float64,
    "campaign_recipients": pl.Float64,
    "campaign_hours": pl.Float64,
    "burst_texts": pl.Float64,
    "burst_senders": pl.Float64,
    "burst_recipients": pl.Float64,
}
"""Null on a text that its own words do not make suspected: being one of many says nothing then."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_HOUR_MS = 3_600_000


class LiveCampaigns:
    """Clusters of the doubtful texts of a stream. Bounded; depends on the rows alone.

    A text that nobody has doubts about is in no cluster: codes, notices and greetings that go to
    many cost no memory, and never become suspected by being many.
    """

    def __init__(self, policy: CampaignPolicy, windows: FeatureSet) -> None:
        """`windows` holds the window `burst` of the stream `text_burst`."""
        self._policy, self._windows = policy, windows
        self._clusters = Clusters(
            limit=policy.clusters, least=LEAST, shortest=SHORTEST, keep_ms=policy.quiet_ms
        )

    def read(
        self, frame: pl.DataFrame, text: NormalText, even: npt.NDArray[np.float64]
    ) -> list[pl.Series]:
        """`CAMPAIGN_COLUMNS` of a batch. `even`: probability of fraud by the words, where fraud is
        supposed as common as not."""
        suspected = even >= self._policy.suspect
        doubtful = suspected | ((even >= self._policy.doubt) & hooked(text))
        rows = np.flatnonzero(doubtful)
        out = {name: np.full(frame.height, np.nan) for name in CAMPAIGN_COLUMNS}
        if rows.size:
            self._tell(frame[rows.tolist()], text.chosen(rows), rows, suspected[rows], out)
        return [known(name, values) for name, values in out.items()]

    def _tell(
        self, frame: pl.DataFrame, text: NormalText, rows: npt.NDArray[np.intp],
        suspected: npt.NDArray[np.bool_], out: dict[str, npt.NDArray[np.float64]],
    ) -> None:  # fmt: skip
        senders, recipients = keys_of(frame, "sender_key"), keys_of(frame, "recipient_key")
        owner, standing = self._clusters.add_and_tell(
            text, instants(frame), senders, recipients, suspected.astype(np.uint8) + 1
        )
        bursts = self._bursts(frame, owner)
        told = suspected & (owner >= 0)
        texts = np.maximum(standing["texts"], 1)
        span = standing["last_at"] - standing["first_at"]
        values: dict[str, npt.NDArray[np.float64]] = {
            "campaign_texts": texts.astype(np.float64),
            "campaign_suspected_share": standing["suspected"] / texts,
            "campaign_senders": standing["senders"].astype(np.float64),
            "campaign_recipients": standing["recipients"].astype(np.float64),
            "campaign_hours": np.maximum(-(-span // _HOUR_MS), 1).astype(np.float64),
            **bursts,
        }
        for name, column in values.items():
            out[name][rows[told]] = column[told]

    def _bursts(
        self, frame: pl.DataFrame, owner: npt.NDArray[np.int64]
    ) -> dict[str, npt.NDArray[np.float64]]:
        """Of ten minutes of one cluster in one cell; NaN where the cell is not said."""
        cells = keys_of(frame, "sender_cell_key")
        key = np.where(owner >= 0, (owner + 1).astype(np.uint64) * _MIX, np.uint64(0))
        there = np.flatnonzero((cells != 0) & (key != 0))
        names = ("burst_texts", "burst_senders", "burst_recipients")
        out = {name: np.full(owner.size, np.nan) for name in names}
        if there.size:
            found = self._windows.update(
                "text_burst",
                {
                    "at": instants(frame)[there], "campaign_key": key[there],
                    "cell_key": cells[there], "sender_key": keys_of(frame, "sender_key")[there],
                    "recipient_key": keys_of(frame, "recipient_key")[there],
                },
            )  # fmt: skip
            for name in names:
                out[name][there] = found[name]
        return out

    def snapshot(self) -> dict[str, Array]:
        return self._clusters.snapshot()

    def restore(self, state: Mapping[str, Array]) -> None:
        self._clusters.restore(state)
