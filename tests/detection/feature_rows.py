"""The columns that the call and the account channel give to each row of a hand-made stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from fanzha.detection.account.v1.channel import AccountChannel
from fanzha.detection.account.v1.windows import CATALOGUED as ACCOUNT_MORE
from fanzha.detection.account.v1.windows import WINDOWS as ACCOUNT
from fanzha.detection.arrays import frame_of, instants, keys_of
from fanzha.detection.call.v1.channel import CallChannel
from fanzha.detection.call.v1.windows import CATALOGUED as CALL_MORE
from fanzha.detection.call.v1.windows import WINDOWS as CALL
from fanzha.values import reserved
from fanzha.values.keys import key64
from tests.detection.streams import POLICIES, Tape, account_of

__all__ = ["Told", "told"]

_PEOPLE = 40


class Told:
    """Rows by stream, in the order in which they were taken in."""

    def __init__(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        self.rows = rows

    def last(self, stream: str = "call", **values: Any) -> dict[str, Any]:
        """The last row with these values."""
        return [
            row for row in self.rows[stream] if all(row[k] == v for k, v in values.items())
        ][-1]  # fmt: skip


def told(tape: Tape) -> Told:
    """Everything counted, what is only catalogued too. The n-th account pays from the n-th line."""
    folder = POLICIES / "detection"
    calls = CallChannel(folder, windows=(*CALL, *CALL_MORE))
    accounts = AccountChannel(folder, windows=(*ACCOUNT, *ACCOUNT_MORE))
    lines = {account_of(n): key64("number", reserved.mobile(n)) for n in range(_PEOPLE)}
    rows: dict[str, list[dict[str, Any]]] = {}
    for stream, batch in tape.batches():
        frame = frame_of(batch)
        match stream:
            case "call":
                frame = calls.read(frame, np.zeros(frame.height)).frame
            case "text":
                frame = frame.hstack([*calls.read_texts(frame).values()])
            case "visit":
                calls.read_visits(frame)
            case "app":
                calls.read_acts(frame, keys_of(frame, "subscriber_key"))
            case "line":
                calls.read_lines(frame)
            case "account":
                accounts.read_accounts(frame)
            case "transfer":
                keys = np.array([lines.get(p, 0) for p in frame["payer"]], np.uint64)
                on_line = calls.on_line(keys, instants(frame))
                sides: list[pl.DataFrame] = []
                holder = accounts._holder
                object.__setattr__(accounts, "_holder", _Seen(holder, sides))
                payers = accounts.read(frame, on_line).frame
                object.__setattr__(accounts, "_holder", holder)
                both = sides[0].to_dicts()
                half = len(both) // 2
                rows.setdefault("side", []).extend(
                    row for pair in zip(both[:half], both[half:], strict=True) for row in pair
                )
                frame = payers
        rows.setdefault(stream, []).extend(frame.to_dicts())
    return Told(rows)


class _Seen:
    """A signal set that keeps what it is given to weigh."""

    def __init__(self, signals: Any, kept: list[pl.DataFrame]) -> None:
        self._signals, self._kept = signals, kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._signals, name)

    def score(self, frame: pl.DataFrame) -> Any:
        scored = self._signals.score(frame)
        self._kept.append(scored.frame)
        return scored
