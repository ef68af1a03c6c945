"""An edge tells its centre what its lists did: counted here, sent every two seconds, once each."""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import httpx
import numpy as np

from fanzha.lists.form import Effect
from fanzha.lists.hits import Hits

__all__ = ["HitTeller"]

_log = logging.getLogger("fanzha.edge")
_EVERY_S = 2.0
_CODES_MAX = 100_000
"""Codes counted while the centre is away; hits of further ones are not told."""
_AT_ONCE = 5_000


@dataclass
class _Count:
    effect: int
    hits: int
    last: float


class HitTeller:
    """Counts what was answered. Figures only: what the centre does not hear because the edge was
    killed, or away too long, is lost; no measure depends on it."""

    def __init__(self, centre: str, key: str, wire: str) -> None:
        self._address = centre.rstrip("/") + "/v1/lists/hits"
        self._client = httpx.Client(timeout=10.0, headers={"Authorization": f"Bearer {key}"})
        self._wire = wire
        self._run = str(uuid.uuid4())
        self._seq = 0
        self._counts: dict[int, _Count] = {}
        self._lock = threading.Lock()
        self._unsent: dict[str, Any] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ship, name="hits", daemon=True)

    def __enter__(self) -> HitTeller:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._stop.set()
        self._thread.join(15.0)
        self._client.close()

    def heard(self, hits: Hits, now: float) -> None:
        """Count the answers that did something: not ALLOW, which takes nothing from anybody."""
        for row in np.flatnonzero((hits.effect > 0) & (hits.effect < Effect.ALLOW)).tolist():
            self.count(int(hits.code[row]), int(hits.effect[row]), now)

    def count(self, code: int, effect: int, now: float) -> None:
        """One hit of the measure with this code."""
        if not code:
            return
        with self._lock:
            found = self._counts.get(code)
            if found is not None:
                found.effect, found.last = effect, now
                found.hits += 1
            elif len(self._counts) < _CODES_MAX:
                self._counts[code] = _Count(effect, 1, now)

    def _ship(self) -> None:
        while not self._stop.wait(_EVERY_S):
            while self._send():
                pass
        self._send()

    def _send(self) -> bool:
        """Whether something was sent and more may wait. What got no answer is sent again as it
        was: the centre counts it once."""
        if self._unsent is None:
            self._unsent = self._taken()
        if self._unsent is None:
            return False
        try:
            answer = self._client.post(self._address, json=self._unsent)
        except httpx.HTTPError:
            return False
        if answer.status_code >= 500 or answer.status_code == 429:
            return False
        if answer.status_code >= 400:
            _log.warning("the centre does not take figures of this edge: %s", answer.status_code)
        self._unsent = None
        return answer.status_code < 400

    def _taken(self) -> dict[str, Any] | None:
        with self._lock:
            if not self._counts:
                return None
            codes = list(self._counts)[:_AT_ONCE]
            taken = {code: self._counts.pop(code) for code in codes}
        self._seq += 1
        return {
            "run": self._run,
            "seq": self._seq,
            "wire": self._wire,
            "hits": [
                {
                    "code": code,
                    "effect": found.effect,
                    "hits": found.hits,
                    "last_at": datetime.fromtimestamp(found.last, UTC).isoformat(),
                }
                for code, found in taken.items()
            ],
        }
