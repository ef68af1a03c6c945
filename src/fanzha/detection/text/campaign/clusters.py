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
    STANDING,
    U8,
    U64,
    cluster,
    distinct,
    signatures,
)
from fanzha.detection.text.v1.normal import NormalText

__all__ = ["Clusters"]

_SHOWN_BYTES = 600


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
        return self._add(text, at, senders, recipients, level, tell=False)[0]

    def add_and_tell(
        self, text: NormalText, at: I64, senders: U64, recipients: U64, level: U8
    ) -> tuple[I64, dict[str, I64]]:
        """`add`, and what stands of each text's cluster after it, by name (`STANDING`): texts,
        suspected ones, distinct senders and recipients, first and last instant (ms)."""
        owner, standing = self._add(text, at, senders, recipients, level, tell=True)
        return owner, dict(zip(STANDING, standing.T, strict=True))

    def _add(
        self, text: NormalText, at: I64, senders: U64, recipients: U64, level: U8, *, tell: bool
    ) -> tuple[I64, I64]:
        owner, began, standing = cluster(
            signatures(text.chars, text.ends), text.ends[1:] - text.ends[:-1],
            at, senders, recipients, level,
            self._least, self._shortest, self._keep_ms, tell, *self._state.values(),
        )  # fmt: skip
        for row, slot in began.tolist():
            raw = np.frombuffer(text.bytes_of(row)[:_SHOWN_BYTES], np.uint8)
            self._said[slot] = 0
            self._said[slot, : raw.size] = raw
        return owner, standing

    def numbers(self) -> set[int]:
        """The numbers of the clusters that are known now."""
        serial = self._state["serial"]
        return set(serial[serial >= 0].tolist())

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
        """What is in use: by slot what is known of each cluster, and the table's entries. `said`
        are the centres' bytes as received."""
        slots = np.flatnonzero(self._state["serial"] >= 0)
        table = self._state["table"].ravel()
        entries = np.flatnonzero(table >= 0)
        of_slots = {name: self._state[name][slots] for name in self._of_slots}
        return {
            "slots": slots, "entries": entries, "entered": table[entries],
            "total": self._state["total"].copy(), "said": self._said[slots], **of_slots,
        }  # fmt: skip

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on as the one that the snapshot was taken of; only into a new one of its `limit`."""
        slots = state["slots"]
        for name in self._of_slots:
            self._state[name][slots] = state[name]
        self._state["table"].ravel()[state["entries"]] = state["entered"]
        self._state["total"][:] = state["total"]
        self._said[slots] = state["said"]

    @property
    def _of_slots(self) -> list[str]:
        return [name for name in self._state if name not in ("table", "total")]


def _distinct(registers: U8) -> I64:
    return np.array([distinct(one) for one in registers], dtype=np.int64)
