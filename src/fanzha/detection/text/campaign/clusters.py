"""Clusters of texts that are nearly the same, as texts come; bounded, exact when restored."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from fanzha.detection.arrays import Array
from fanzha.detection.text.campaign.signature import (
    BANDS,
    HASHES,
    HOURS,
    I64,
    REGISTERS,
    U8,
    U64,
    cluster,
    signatures,
)
from fanzha.detection.text.v1.normal import NormalText

__all__ = ["Clusters"]

_SHOWN_BYTES = 600
_ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)


class Clusters:
    """`limit` clusters of 2.4 kB; one silent for too long or with few texts makes room for a new.

    A text joins the cluster whose centre, the text that began it, has the most MinHashes in common
    with it, at least `least` of them (a share), if the cluster was silent for `keep_ms` at most.
    Distinct senders and recipients are estimated (HyperLogLog, 256 registers: ±6.5 %; few are
    counted nearly exactly). What comes out depends on the order of the texts alone, not on how they
    are cut into batches.
    """

    def __init__(self, *, limit: int, least: float, shortest: int, keep_ms: int) -> None:
        self._least = int(np.ceil(least * HASHES))
        self._shortest, self._keep_ms = shortest, keep_ms
        size = 1 << max(4 * limit - 1, 1).bit_length()
        self._state: dict[str, Array] = {
            "table": np.full((BANDS, size), -1, dtype=np.int32),
            "centres": np.zeros((limit, HASHES), dtype=np.uint32),
            "serial": np.full(limit, -1, dtype=np.int64),
            **{
                k: np.zeros(limit, dtype=np.int64)
                for k in ("count", "bad", "doubted", "first", "last")
            },
            "hours": np.zeros((limit, HOURS), dtype=np.int64),
            "sent": np.zeros((limit, REGISTERS), dtype=np.uint8),
            "received": np.zeros((limit, REGISTERS), dtype=np.uint8),
            "total": np.zeros(1, dtype=np.int64),
        }
        self._said = np.zeros((limit, _SHOWN_BYTES), dtype=np.uint8)

    def add(
        self,
        text: NormalText,
        at: I64,
        senders: U64,
        recipients: U64,
        level: U8,
    ) -> I64:
        """(rows) the number of each text's cluster, −1 where it is too short to have one.

        `at` in ms UTC; `senders`, `recipients` are keys, 0 where unknown; `level` is 2
        for suspected, 1 for doubtful texts, else 0.
        """
        owner, began = cluster(
            signatures(text.chars, text.ends), text.ends[1:] - text.ends[:-1],
            at, senders, recipients, level,
            self._least, self._shortest, self._keep_ms, *self._state.values(),
        )  # fmt: skip
        for row, slot in began.tolist():
            raw = np.frombuffer(text.bytes_of(row)[:_SHOWN_BYTES], np.uint8)
            self._said[slot] = 0
            self._said[slot, : raw.size] = raw
        return owner

    def table(self) -> pl.DataFrame:
        """One row a cluster, in order of beginning: `cluster`, `centre` (as received, cut),
        `texts`, `suspected`, `doubtful` (these too), `senders`, `recipients`, `first_at`,
        `last_at` (ms), `last_hour` and `hour_before` (texts), `growth` (their difference, texts an
        hour)."""
        state = self._state
        slots = np.flatnonzero(state["serial"] >= 0)
        slots = slots[np.argsort(state["serial"][slots])]
        hour = state["last"][slots] // 3_600_000
        now = state["hours"][slots, hour % HOURS]
        before = state["hours"][slots, (hour - 1) % HOURS]
        said = [self._said[k].tobytes().rstrip(b"\0") for k in slots.tolist()]
        return pl.DataFrame(
            {
                "cluster": state["serial"][slots],
                "centre": [one.decode("utf-8", "ignore") for one in said],
                "texts": state["count"][slots],
                "suspected": state["bad"][slots],
                "doubtful": state["doubted"][slots],
                "senders": np.minimum(_distinct(state["sent"][slots]), state["count"][slots]),
                "recipients": np.minimum(
                    _distinct(state["received"][slots]), state["count"][slots]
                ),
                "first_at": state["first"][slots],
                "last_at": state["last"][slots],
                "last_hour": now,
                "hour_before": before,
                "growth": now - before,
            },
            schema_overrides={"centre": pl.String},
        )

    def snapshot(self) -> dict[str, Array]:
        """Every array, `said` being the centres' bytes as received."""
        return {k: v.copy() for k, v in self._state.items()} | {"said": self._said.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on as the one that the snapshot was taken of; same `limit`."""
        self._state = {k: state[k].copy() for k in self._state}
        self._said = state["said"].copy()


def _distinct(registers: U8) -> I64:
    """HyperLogLog's estimate a row, linear counting where few registers are used."""
    raised = _ALPHA * REGISTERS**2 / np.exp2(-registers.astype(np.float64)).sum(axis=1)
    empty = (registers == 0).sum(axis=1)
    counted = REGISTERS * np.log(REGISTERS / np.maximum(empty, 1))
    few = (raised <= 2.5 * REGISTERS) & (empty > 0)
    estimate: I64 = np.rint(np.where(few, counted, raised)).astype(np.int64)
    return estimate
