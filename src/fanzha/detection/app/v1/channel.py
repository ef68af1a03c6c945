"""Scores each act on a phone, knowing whether its owner is on the line with a stranger."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from fanzha.detection.app.v1.kinds import AppKinds, load_app_kinds
from fanzha.detection.finding import Finding, Related, Role, SubjectKind
from fanzha.detection.found import about
from fanzha.detection.reading import Reading
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import Scored, Watcher

__all__ = ["APP_SCHEMA", "AppChannel"]

APP_SCHEMA: Mapping[str, type[pl.DataType]] = {
    "action": pl.String,
    "package": pl.String,
    "label": pl.String,
    "installer": pl.String,
    "app_kind": pl.String,
    "posing": pl.Boolean,
    "call_on": pl.Boolean,
    "call_strange": pl.Boolean,
}


class AppChannel:
    """No memory of its own: what a call adds to an act comes in with the batch."""

    def __init__(self, policies: Path) -> None:
        self._signals = load_signals(
            policies / "app-v1.yaml", APP_SCHEMA, needs={"posing": ("label",)}
        )
        self._kinds: AppKinds = load_app_kinds(policies / "app-kinds.yaml")

    def use_rules(self, watches: Mapping[str, Watcher]) -> None:
        """Let these rules weigh beside the signal file, until others do."""
        self._signals = self._signals.watched(watches.get("app"))

    def read(self, batch: pl.DataFrame, on_line: Mapping[str, pl.Series]) -> Reading:
        """Score a batch of acts. `on_line` says whether each owner is in a call, and with whom."""
        frame = self._kinds.mark(batch).hstack([*on_line.values()])
        scored = self._signals.score(frame)
        findings = tuple((row, _about(scored, row)) for row in scored.over.tolist())
        return Reading("app", scored.frame, findings)


def _about(scored: Scored, row: int) -> Finding:
    subscriber, package = scored.frame["subscriber"][row], scored.frame["package"][row]
    is_account = ":" in subscriber
    return about(
        scored,
        row,
        stream="app",
        role=Role.AT_RISK,
        kind=SubjectKind.ACCOUNT if is_account else SubjectKind.NUMBER,
        subject=subscriber,
        related=(Related(SubjectKind.APP, package, Role.SUSPECT),),
    )
