"""What is said of a draft where nothing, or little, is known of its cases."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fanzha.detection.rules.tally import Hit
from fanzha.entrypoints.api.workshop.view import watch
from fanzha.usecases.workshop.compare import Comparison, History, Known, compare
from tests.usecases.workshop.given import bench

_DAY = 86_400_000


def compared(hits: Sequence[Hit], *judged: Known) -> Comparison:
    history = History(
        begin=0, end=_DAY, rows=100, known={f"s{n}": one for n, one in enumerate(judged)},
        key_of=lambda subject: subject, is_elder=lambda hit: True, residents=1_000, elders=500,
    )  # fmt: skip
    return compare(bench().policy, history, hits, None, 1.0)


def hit(n: int) -> Hit:
    return Hit("large_payment@1", n * 1_000, "bank", n, f"s{n}", n + 1, 0.8, "转账", "paid")


@pytest.mark.parametrize("code", ["false_per_10000", "elder_false_per_10000"])
def test_false_alarms_are_not_said_to_be_none_where_no_case_was_judged(code: str) -> None:
    assert compared([hit(0), hit(1)]).line(code).draft is None
    assert compared([]).line(code).draft == 0, "without a case there is no false alarm"
    assert compared([hit(0)], Known(fraud=True)).line(code).draft == 0
    assert compared([hit(0)], Known(fraud=False)).line(code).draft in (10.0, 20.0)


def test_the_watch_names_where_a_version_goes_back_to() -> None:
    alone = watch(bench().policy, None)
    assert "自动停用" in alone.zh
    assert "—" not in alone.zh + alone.en
    after = watch(bench().policy, 2)
    assert "自动回到 v2" in after.zh
    assert "goes back to v2" in after.en
