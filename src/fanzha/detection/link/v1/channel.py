"""Scores addresses without opening them, and tells a visit once for a person and a site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from fanzha.detection.arrays import Array
from fanzha.detection.finding import Finding, Reason, Related, Role, SubjectKind
from fanzha.detection.found import about
from fanzha.detection.link.v1.address import FLAGS, VALID
from fanzha.detection.link.v1.columns import LINK_SCHEMA, Looked, look
from fanzha.detection.link.v1.lookalike import FOUND, KINDS
from fanzha.detection.link.v1.model import HERE, Model
from fanzha.detection.link.v1.organisations import Organisation
from fanzha.detection.link.v1.scripts import Scripts
from fanzha.detection.link.v1.tables import load_tables
from fanzha.detection.reading import Reading
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import Scored, SignalSet, Watcher
from fanzha.detection.standing import Standing
from fanzha.values.keys import key64

__all__ = ["Explained", "LinkChannel"]

_CHUNK = 1 << 15
_SPOKEN = ("site", "organisation", "bait", "in_path")
_NEEDS = dict.fromkeys(LINK_SCHEMA, ("url",))


@dataclass(frozen=True, slots=True)
class Explained:
    """What is said of one address."""

    url: str
    score: float
    reasons: tuple[Reason, ...]
    site: str
    """The registered name or bare address; empty where the text is no address."""
    likeness: str
    """One of `lookalike.KINDS`."""
    resembles: Organisation | None
    holder: Organisation | None
    """The listed organisation whose own name it is."""


class LinkChannel:
    """Judges an address by itself; remembers only what it has told of whom."""

    streams = ("visit",)

    def __init__(self, policies: Path, model: Path = HERE) -> None:
        self._tables = load_tables(policies)
        self._model = Model.load(model)
        self._scripts = Scripts(self._tables.organisations)
        self._signals = load_signals(
            policies / "link-v1.yaml", LINK_SCHEMA, needs=_NEEDS, spoken=_SPOKEN
        )
        self._standing = Standing()

    def use_rules(self, watches: Mapping[str, Watcher]) -> None:
        """Let these rules weigh beside the signal file, until others do."""
        self._signals = self._signals.watched(watches.get("link"))

    @property
    def model(self) -> Model:
        """The model of spellings."""
        return self._model

    @property
    def signals(self) -> SignalSet:
        """What makes a score of what is looked at."""
        return self._signals

    @property
    def threshold(self) -> float:
        """The score from which an address is told."""
        return self._signals.threshold

    def read(self, batch: pl.DataFrame) -> Reading:
        """Score a batch of visits; findings are about the subscribers who opened them."""
        looked = self._look(batch["url"].to_arrow())
        scored = self._signals.score(batch.hstack(looked.frame))
        found = [(row, self._about(looked, scored, row)) for row in scored.over.tolist()]
        findings = tuple((row, finding) for row, finding in found if finding is not None)
        return Reading("visit", scored.frame, findings)

    def score(self, urls: list[str] | pa.Array) -> npt.NDArray[np.float64]:
        """One score an address, in [0, 1); 0 for what is no address."""
        column = pa.array(urls, pa.large_string()) if isinstance(urls, list) else urls
        scores = [
            self._signals.score(self._look(column.slice(start, _CHUNK)).frame).score
            for start in range(0, len(column), _CHUNK)
        ]
        return np.concatenate(scores) if scores else np.zeros(0)

    def explain(self, url: str) -> Explained:
        """The score of one address with its reasons, and whom it resembles."""
        looked = self._look([url])
        scored = self._signals.score(looked.frame)
        valid = bool(looked.addresses.parts[0, FLAGS] & VALID)
        return Explained(
            url=url,
            score=float(scored.score[0]),
            reasons=scored.reasons(0, looked.words(0)),
            site=looked.site(0) if valid else "",
            likeness=KINDS[looked.found[0, FOUND]],
            resembles=looked.resembles(0),
            holder=looked.holder(0),
        )

    def _look(self, urls: pa.Array | list[str]) -> Looked:
        addresses = self._tables.names.take_apart(urls)
        return look(addresses, self._tables, self._model, self._scripts)

    def _about(self, looked: Looked, scored: Scored, row: int) -> Finding | None:
        subscriber, key, at = scored.frame.select(
            "subscriber", "subscriber_key", pl.col("at").to_physical()
        ).row(row)
        site = looked.site(row)
        pair = key64("visit", f"{key}|{site}")
        if not self._standing.rises(pair, self._signals.band(scored.score[row]), at):
            return None
        resembles = looked.resembles(row)
        kinds = self._tables.lists.scam_types
        return about(
            scored,
            row,
            stream="visit",
            role=Role.AT_RISK,
            kind=SubjectKind.ACCOUNT if ":" in subscriber else SubjectKind.NUMBER,
            subject=subscriber,
            related=(Related(SubjectKind.DNS_NAME, site, Role.SUSPECT),),
            words=looked.words(row),
            scam_type=kinds.get(resembles.kind) if resembles else None,
        )

    def snapshot(self) -> dict[str, Array]:
        return {"standing": self._standing.snapshot()}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._standing.restore(state["standing"])
