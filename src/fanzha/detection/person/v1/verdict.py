"""Weighs episodes and says which of them have become worth telling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from fanzha.detection.finding import Stage
from fanzha.detection.person.people import People
from fanzha.detection.person.risk import Risk
from fanzha.detection.person.v1.episode import FACTS, View
from fanzha.detection.signals import Scored, SignalSet, Watcher

__all__ = ["Verdict"]

_SCHEMA = {name: kind for name, (kind, _) in FACTS.items()}


class Verdict:
    """A risk is told when its score first passes the threshold, and when it rises after that:
    a higher band, a further stage, another main class of scam, or they are on the line now.
    """

    def __init__(self, signals: SignalSet, people: People, most: int) -> None:
        self._signals = signals
        self._people = people
        self._most = most

    def risks(self, views: Sequence[View]) -> list[Risk]:
        """One risk for each view that says more than what was told before, in order."""
        if not views:
            return []
        frame = pl.DataFrame([view.facts for view in views], schema=_SCHEMA, orient="row")
        if self._signals.watch is not None:
            frame = frame.hstack(self._whose(views))
        scored = self._signals.score(frame)
        risks = []
        for index in scored.over.tolist():
            risk = self._tell(views[index], scored, index)
            if risk is not None:
                risks.append(risk)
        return risks

    def use_rules(self, watches: Mapping[str, Watcher]) -> None:
        """Let these rules weigh beside the signal file, until others do."""
        self._signals = self._signals.watched(watches.get("person"))

    def _whose(self, views: Sequence[View]) -> list[pl.Series]:
        """Of whom, of when and after which event each view is: what rules are counted by."""
        people = [self._people[view.person] for view in views]
        keys = [p.number_key or next(iter(p.keys), 0) for p in people]
        events = [view.events[-1] if view.events else None for view in views]
        return [
            pl.Series("at", [view.at for view in views], pl.Int64),
            pl.Series("person", [p.token for p in people], pl.String),
            pl.Series("person_key", keys, pl.UInt64),
            pl.Series("source", [e.source if e else "" for e in events], pl.String),
            pl.Series("event_id", [e.event_id if e else 0 for e in events], pl.UInt64),
        ]

    def _tell(self, view: View, scored: Scored, index: int) -> Risk | None:
        episode = view.episode
        score = float(scored.score[index])
        stage = scored.stage(index)
        live = bool(view.facts["call_live"] or view.facts["sharing"])
        scam_type = _type(view, scored, index)
        band = self._signals.band(score)
        rises = (
            episode.sequence == 0
            or band > episode.band
            or stage.imminence > episode.stage
            or (live and not episode.told_live)
            or (scam_type is not None and _main(scam_type) != _main(episode.told_type))
        )
        if not rises or episode.sequence >= self._most:
            return None
        episode.sequence += 1
        episode.band = max(episode.band, band)
        episode.stage = max(episode.stage, stage.imminence)
        episode.told_live = episode.told_live or live
        episode.told_type = scam_type
        return self._risk(view, scored, index, score, stage, live, scam_type)

    def _risk(
        self,
        view: View,
        scored: Scored,
        index: int,
        score: float,
        stage: Stage,
        live: bool,
        scam_type: str | None,
    ) -> Risk:
        person, episode = self._people[view.person], view.episode
        fresh = [(change, entry) for change, entry in view.entries if change > episode.shown]
        episode.shown = max([episode.shown, *(change for change, _ in fresh)])
        paid = view.facts["paid_fen"]
        return Risk(
            detector=self._signals.detector,
            person=person.token,
            number=person.number,
            account=person.account,
            district=person.district,
            birth_year=person.birth_year,
            episode=str(view.opened_at),
            at=view.at,
            score=score,
            stage=stage,
            live=live,
            scam_type=scam_type,
            reasons=scored.reasons(index, view.words),
            sources=tuple(sorted({event.stream for event in view.events})),
            finding_ids=view.finding_ids,
            events=view.events,
            context=tuple(entry for _, entry in sorted(fresh, key=lambda e: (e[1].at, e[0]))),
            amount_fen=paid or None,
            missing=view.missing,
            sequence=episode.sequence,
        )


def _type(view: View, scored: Scored, index: int) -> str | None:
    """Weigh what the findings and the person's own signals say; a main class adds its types."""
    weights = dict(view.types)
    for k, signal in enumerate(scored.signals.signals):
        if signal.scam_type and scored.weights[index, k] > 0.0:
            before = weights.get(signal.scam_type, 0.0)
            weights[signal.scam_type] = before + float(scored.weights[index, k])
    classes: dict[str, float] = {}
    for name, weight in weights.items():
        classes[_main(name)] = classes.get(_main(name), 0.0) + weight
    if not classes:
        return None
    best = max(sorted(classes), key=classes.__getitem__)
    within = {name: w for name, w in weights.items() if _main(name) == best}
    return max(sorted(within), key=within.__getitem__)


def _main(scam_type: str | None) -> str:
    return (scam_type or "").rstrip("0123456789")
