"""What is learned from payments ranks frauds above the rest, and feedback helps."""

from __future__ import annotations

import numpy as np
import pytest

from fanzha.detection.payment import model as model_module
from fanzha.detection.payment.explain import reasons
from fanzha.detection.payment.measured import measured
from fanzha.detection.payment.model import fit
from fanzha.detection.payment.order import DAY
from fanzha.detection.payment.table import of_frame, together
from fanzha.errors import Refused
from tests.detection.payment.made import made


@pytest.fixture(autouse=True)
def _fewer_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seventh of the trees, each counting seven times."""
    monkeypatch.setattr(model_module, "_ROUNDS", dict.fromkeys(model_module._ROUNDS, 50))
    settings = {**model_module._SETTINGS, "learning_rate": 0.2}
    monkeypatch.setattr(model_module, "_SETTINGS", settings)


def test_feedback_helps_and_each_state_of_knowledge_beats_chance() -> None:
    line, _ = together(None, of_frame(made(days=80, customers=80)))
    found = measured(line, 1_700_000_000 + 55 * DAY, 2 * DAY, 2 * DAY)
    share = found["frauds"] / found["measured"]
    assert found["late"]["ap"] > found["never"]["ap"] > 2 * share
    for name in ("late", "stopped", "never"):
        low, high = found[name]["ap_95"]
        assert low <= found[name]["ap"] <= high


def test_the_same_payments_and_seed_give_the_same_model_and_reasons_add_up() -> None:
    line, _ = together(None, of_frame(made()))
    one, other = fit(line, 2 * DAY), fit(line, 2 * DAY)
    assert one.texts == other.texts
    score, found, booster = one.scores(line, np.full(line.at.size, 2 * DAY), live=True)
    high = np.argsort(-score)[:20]
    for row, given in zip(high, reasons(booster, found, high, score), strict=True):
        assert 1 <= len(given) <= 3
        assert sum(reason.part for reason in given) == pytest.approx(score[row])


def test_too_few_frauds_are_refused() -> None:
    frame = made(days=20, customers=5)
    line, _ = together(None, of_frame(frame))
    with pytest.raises(Refused, match="labels_few"):
        fit(line, DAY)
