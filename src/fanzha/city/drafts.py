"""Rows before they have ids: columns of numbers and of indexes into pools of strings, by stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fanzha.city.rhythm import Ints, Span
from fanzha.records.schemas import SCHEMAS

INT, FLOAT, BOOL, TEXT = "int", "float", "bool", "text"
PHASES = ("start", "answer", "end")
END_CAUSES = ("caller_hangup", "callee_hangup", "no_answer", "busy", "failed")
TEXT_CHANNELS = ("sms", "rcs", "chat", "transcript", "post")
APP_ACTIONS = (
    "install",
    "open",
    "foreground",
    "background",
    "screen_share_on",
    "screen_share_off",
    "call_forward_on",
    "remove",
)
PAY_CHANNELS = ("mobile", "web", "counter", "atm", "pos", "qr")
STATUSES = ("asked", "booked", "refused", "returned")
LINE_ACTIONS = ("activate", "suspend", "resume", "swap", "close", "reverify")
ACCOUNT_ACTIONS = ("open", "close", "login", "bind_device", "add_payee", "limit_change")
CLASSES = ("I", "II", "III", "corporate", "payment")
PRODUCTS = ("phone", "iot", "industry", "sms_port")

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "call": {
        "call_id": INT,
        "phase": "phase",
        "caller": "line",
        "callee": "line",
        "asserted_caller": "line",
        "ring_s": FLOAT,
        "talk_s": FLOAT,
        "answered": BOOL,
        "caller_imsi": "imsi",
        "caller_imei": "imei",
        "caller_cell": "cell",
        "callee_cell": "cell",
        "trunk": "trunk",
        "end_cause": "end_cause",
    },
    "text": {
        "sender": "line",
        "recipient": "line",
        "body": TEXT,
        "channel": "text_channel",
        "lawful_basis": "basis",
        "sender_imsi": "imsi",
        "sender_imei": "imei",
        "sender_cell": "cell",
        "trunk": "trunk",
        "thread_id": INT,
        "turn": INT,
    },
    "visit": {"subscriber": "line", "url": TEXT, "ip": "ip"},
    "app": {
        "subscriber": "line",
        "package": "package",
        "action": "app_action",
        "label": "label",
        "signer_sha256": "signer",
        "installer": "installer",
    },
    "transfer": {
        "payer": "account",
        "payee": "account",
        "amount_fen": INT,
        "payer_name": "holder_name",
        "payee_name": "holder_name",
        "channel": "pay_channel",
        "device": "device",
        "ip": "ip",
        "payer_balance_fen": INT,
        "payee_balance_fen": INT,
        "status": "status",
        "memo": TEXT,
    },
    "line": {
        "number": "line",
        "imsi": "imsi",
        "action": "line_action",
        "holder": "holder",
        "product": "product",
        "outlet": "outlet",
        "district": "district",
    },
    "account": {
        "account": "account",
        "action": "account_action",
        "holder": "holder",
        "class": "class",
        "device": "device",
        "ip": "ip",
        "outlet": "outlet",
        "district": "district",
    },
    "subject": {
        "person": "person",
        "number": "line",
        "account": "account",
        "district": "district",
        "birth_year": INT,
        "kin_number": "line",
    },
}
"""Columns the city fills, by stream: a plain type, or the pool that their indexes point into."""

_TAGS = {"incident": INT, "role": INT}
_NONE = -1
_MISSING = np.iinfo(np.int64).min
FIXED_POOLS: Mapping[str, tuple[str, ...]] = {
    "phase": PHASES,
    "end_cause": END_CAUSES,
    "text_channel": TEXT_CHANNELS,
    "app_action": APP_ACTIONS,
    "pay_channel": PAY_CHANNELS,
    "status": STATUSES,
    "line_action": LINE_ACTIONS,
    "account_action": ACCOUNT_ACTIONS,
    "class": CLASSES,
    "product": PRODUCTS,
}

Column: TypeAlias = "npt.NDArray[Any] | pa.Array | int | float"


@dataclass(slots=True)
class Rows:
    """A stream's rows in order of time, still as numbers and indexes."""

    at: Ints
    columns: dict[str, Any]
    incident: Ints
    role: Ints


class Drafts:
    """Collects batches of rows of one stream from whoever makes them."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self._at: list[Ints] = []
        self._batches: list[dict[str, Any]] = []

    def add(
        self, at: Ints, *, incident: Ints | int = _NONE, role: Ints | int = _NONE, **columns: Column
    ) -> None:
        """Add a batch; scalars are repeated, columns left out are null, so are indexes of −1."""
        if unknown := set(columns) - set(COLUMNS[self.stream]):
            raise ValueError(f"{self.stream} has no column {sorted(unknown)}")
        n = len(at)
        batch = {"incident": _full(incident, n), "role": _full(role, n)}
        for name, kind in COLUMNS[self.stream].items():
            batch[name] = _filled(columns.get(name), kind, n)
        self._at.append(np.asarray(at, np.int64))
        self._batches.append(batch)

    def close(self, span: Span, rng: np.random.Generator, history_ms: int = 0) -> Rows:
        """All rows inside the stretch, by time; rows of one instant stand in random order."""
        rows = self.take(span.start_ms - history_ms, span.end_ms, rng)
        self._at, self._batches = [], []
        return rows

    def take(self, since: int, until: int, rng: np.random.Generator) -> Rows:
        """Rows from `since` to before `until`; later ones stay, earlier ones are dropped."""
        if not self._at:
            self.add(np.empty(0, np.int64))
        at = np.concatenate(self._at)
        inside = np.flatnonzero((at >= since) & (at < until))
        order = inside[np.lexsort((rng.random(len(inside)), at[inside]))]
        whole = {
            name: _joined([batch[name] for batch in self._batches], kind)
            for name, kind in {**_TAGS, **COLUMNS[self.stream]}.items()
        }
        left = np.flatnonzero(at >= until)
        self._at = [at[left]]
        self._batches = [{name: _some(column, left) for name, column in whole.items()}]
        found = {name: _some(column, order) for name, column in whole.items()}
        incident, role = found.pop("incident"), found.pop("role")
        return Rows(at[order], found, incident, role)


def table(
    stream: str, rows: Rows, event_ids: Ints, source: str, pools: Mapping[str, pa.Array]
) -> pa.Table:
    """The rows as the stream's schema wants them."""
    schema = SCHEMAS[stream]
    known = COLUMNS[stream]
    arrays = []
    for field in schema:
        if field.name == "event_id":
            array = pa.array(event_ids)
        elif field.name == "source":
            array = pa.array([source], pa.string()).take(pa.array(np.zeros(len(rows.at), np.int8)))
        elif field.name == "at":
            array = pa.array(rows.at)
        elif field.name in known:
            array = _materialised(rows.columns[field.name], known[field.name], pools)
        else:
            array = pa.nulls(len(rows.at), field.type)
        arrays.append(array.cast(field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def pool(values: Sequence[str]) -> pa.Array:
    return pa.array(values, pa.string())


def _materialised(values: Any, kind: str, pools: Mapping[str, pa.Array]) -> pa.Array:
    if kind == TEXT:
        return values
    if kind == INT:
        return pa.array(values, mask=values == _MISSING)
    if kind == FLOAT:
        return pa.array(values, pa.float32(), from_pandas=True)
    if kind == BOOL:
        return pa.array(values == 1, mask=values < 0)
    return pools[kind].take(pa.array(values, mask=values < 0))


def _full(value: Column, n: int) -> Ints:
    return np.full(n, value, np.int64) if np.isscalar(value) else np.asarray(value, np.int64)


def _filled(value: Column | None, kind: str, n: int) -> Any:
    if kind == TEXT:
        return pa.nulls(n, pa.string()) if value is None else value
    if value is None:
        value = np.nan if kind == FLOAT else _MISSING if kind == INT else _NONE
    if kind == FLOAT:
        return np.full(n, value, np.float32) if np.isscalar(value) else value
    # Places in a pool fit 32 bits, which halves what a large city holds in memory.
    return _full(value, n) if kind == INT else _full(value, n).astype(np.int32)


def _joined(parts: list[Any], kind: str) -> Any:
    if kind == TEXT:
        return pa.concat_arrays(
            [c for p in parts for c in (p.chunks if isinstance(p, pa.ChunkedArray) else [p])]
        )
    return np.concatenate([np.asarray(part) for part in parts])


def _some(column: Any, rows: Ints) -> Any:
    return column.take(pa.array(rows)) if isinstance(column, pa.Array) else column[rows]
