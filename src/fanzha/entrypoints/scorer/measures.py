"""What a scorer does about findings at once: provisional measures, each thing once in a while."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Sequence

from fanzha.adapters.postgres.register.measures import target_token
from fanzha.bootstrap import Parts, utc_now
from fanzha.detection.finding import Finding
from fanzha.lists import code as codes
from fanzha.usecases.measure.automatic import suspects, take_from

__all__ = ["Measures"]

_REMEMBERED = 100_000
_AGAIN_S = 3600.0


class Measures:
    """Callable with the findings of an entry. A thing that was looked at within the hour is not
    looked at again: a caller in full swing makes a finding with every call."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()

    def __call__(self, findings: Sequence[Finding]) -> None:
        now = utc_now()
        fresh = [f for f in findings if self._is_fresh(f, now.timestamp())]
        if not fresh:
            return
        sealer = self._parts.keyring
        take_from(
            self._parts.register_office,
            self._parts.register,
            fresh,
            lambda target: target_token(sealer, target),
            lambda: 1 + secrets.randbelow(codes.MOST),
            now,
        )
        for finding in fresh:
            for target in suspects(finding, self._parts.register):
                self._seen[target.kind, target.key] = now.timestamp()
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    def _is_fresh(self, finding: Finding, now: float) -> bool:
        return any(
            now - self._seen.get((target.kind, target.key), 0.0) > _AGAIN_S
            for target in suspects(finding, self._parts.register)
        )
