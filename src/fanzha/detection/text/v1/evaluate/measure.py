"""Measures text v1 on labelled sets, and picks out its worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fanzha.detection.rate import Rate
from fanzha.detection.text.v1.evaluate.figures import Figures, LabelShare, Mistake
from fanzha.detection.text.v1.evaluate.labelled import SETS, Labelled, LabelledSet
from fanzha.detection.text.v1.evidence import Evidence, Reader
from fanzha.detection.text.v1.policy import READING_FILE, ReadingPolicy

__all__ = ["evaluate", "measure"]

POLICIES = Path(__file__).resolve().parents[6] / "policies"
THRESHOLD = 0.5
"""A score is set so that this is where findings begin (`policies/text/reading.yaml`, `prior`)."""
_WORST = 10
_PLAIN = -3.0
"""Wording below this, in log-odds, is that of everyday messages."""
Bools = npt.NDArray[np.bool_]


def evaluate(
    data: Path, *, policies: Path = POLICIES, late: bool = True, sets: Sequence[LabelledSet] = SETS
) -> list[Figures]:
    """Figures for each set in folder `data`; `late` takes the halves not looked at while building.

    Raises OSError where a set is not there.
    """
    policy = ReadingPolicy.load(policies / "text" / READING_FILE)
    reader = Reader.load(policies, policy.prior)
    return [measure(Labelled.load(data, one, reader.normaliser), reader, late) for one in sets]


def measure(labelled: Labelled, reader: Reader, late: bool) -> Figures:
    """Figures on one half of one set."""
    chosen = labelled.late == late
    texts = [text for text, taken in zip(labelled.texts, chosen, strict=True) if taken]
    labels = labelled.labels[chosen]
    fraud, apart = labelled.is_fraud()[chosen], labelled.is_apart()[chosen]
    evidence = reader.read(texts)
    found = evidence.score >= THRESHOLD
    counted = ~apart
    return Figures(
        name=labelled.of.name,
        meaning=labelled.of.meaning,
        real=labelled.of.real,
        half="kept back" if late else "seen while building",
        texts=len(texts),
        precision=_rate(fraud, found & counted),
        recall=_rate(found, fraud),
        false_alarms=_rate(found, ~fraud & counted),
        labels=tuple(
            LabelShare(
                str(label),
                _rate(found, labels == label),
                _rate(evidence.grey > THRESHOLD, labels == label),
            )
            for label in np.unique(labels)
        ),
        worst=_worst(evidence, labels, fraud, found, counted),
    )


def _rate(hits: Bools, among: Bools) -> Rate:
    return Rate(int((hits & among).sum()), int(among.sum()))


def _worst(
    evidence: Evidence, labels: npt.NDArray[np.str_], fraud: Bools, found: Bools, counted: Bools
) -> tuple[Mistake, ...]:
    """The surest of the wrong answers: half false alarms, half misses, where there are both."""
    alarms = np.flatnonzero(found & ~fraud & counted)
    misses = np.flatnonzero(~found & fraud)
    alarms = alarms[np.argsort(-evidence.score[alarms], kind="stable")]
    misses = misses[np.argsort(evidence.score[misses], kind="stable")]
    many = max(_WORST // 2, _WORST - len(misses))
    rows = [*alarms[:many].tolist(), *misses[: _WORST - min(many, len(alarms))].tolist()]
    return tuple(_mistake(evidence, row, str(labels[row]), bool(found[row])) for row in rows)


def _mistake(evidence: Evidence, row: int, label: str, false_alarm: bool) -> Mistake:
    steps = evidence.reader.steps
    held = evidence.hits.of(row)[0]
    wording = evidence.wording(row)
    return Mistake(
        label=label,
        false_alarm=false_alarm,
        score=round(float(evidence.score[row]), 3),
        length=int(evidence.text.ends[row + 1] - evidence.text.ends[row]),
        steps=tuple(steps.steps[k].code for k in held),
        wording=round(wording, 1),
        likely=_likely(held.size, wording, false_alarm, evidence, row),
    )


def _likely(steps: int, wording: float, false_alarm: bool, evidence: Evidence, row: int) -> str:
    against = any(evidence.reader.steps.fraud_weights[k] < 0 for k in evidence.hits.of(row)[0])
    if false_alarm:
        if steps and wording > 0:
            return "a scam's step in a scam's words: honest, or labelled too kindly"
        return "a step's phrase in another sense" if steps else "words alone, met in few texts"
    if evidence.text.ends[row + 1] - evidence.text.ends[row] < 15:
        return "too short to tell; its number or address was masked in the set"
    if wording < _PLAIN:
        return "worded like an ordinary advert or notice"
    if against:
        return "an opt-out or a notice's phrase speaks for it"
    return "a step that no pattern has" if not steps else "one weak step in plain words"
