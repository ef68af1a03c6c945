"""Answers the hook's questions about our own lines, and reports who poses as one of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fanzha.adapters.sip.lines import Lines

__all__ = ["CardDesk", "Imitation", "Reports"]

_MOST_CLAIMS, _LONGEST = 8, 64


@dataclass(frozen=True, slots=True)
class Imitation:
    """A call from outside under a number of ours. `presented` is what it said, not a person's
    number; whom it called is not told."""

    at: datetime
    presented: str
    ours: str
    source: str


class CardDesk:
    """Answers `{"card": {"orig", "dest"}}` and `{"imitated": {"claims", "from"}}`."""

    def __init__(
        self,
        lines: Lines,
        report: Callable[[Imitation], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._lines = lines
        self._report = report
        self._now = now

    def __call__(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """`{}` where there is nothing to say, or the question is none."""
        if isinstance(call := asked.get("card"), dict):
            return self._card(_text(call.get("orig")), _text(call.get("dest")))
        if isinstance(call := asked.get("imitated"), dict):
            claims = call.get("claims")
            return self._imitation(claims if isinstance(claims, list) else [], call.get("from"))
        return {}

    def _card(self, orig: str, dest: str) -> Mapping[str, Any]:
        found = self._lines.present(orig, dest, self._now())
        if found is None:
            return {}
        return {"identity": found.identity, "call_info": found.call_info, "name": found.name}

    def _imitation(self, claims: list[Any], source: object) -> Mapping[str, Any]:
        for claim in claims[:_MOST_CLAIMS]:
            presented = _text(claim)
            if (ours := self._lines.imitated_by(presented)) is not None:
                self._report(Imitation(self._now(), presented, ours, _text(source)))
                return {"imitates": ours}
        return {}


class Reports:
    """Imitations in a file, one JSON object a line; the file is begun anew before it grows beyond
    `most_bytes`, and the one before it is kept."""

    def __init__(self, path: Path, most_bytes: int = 8 << 20) -> None:
        self._path = path
        self._most = most_bytes
        self.count = 0

    def __call__(self, found: Imitation) -> None:
        """Raises OSError where it cannot be written."""
        self.count += 1
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(
            {
                "at": found.at.isoformat(timespec="milliseconds"), "presented": found.presented,
                "ours": found.ours, "source": found.source,
            },
            ensure_ascii=False,
        )  # fmt: skip
        with self._path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(line + "\n")
            size = file.tell()
        if size > self._most:
            os.replace(self._path, self._path.with_suffix(".before"))


def _text(value: object) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""
