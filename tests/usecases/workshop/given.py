"""A bench with the shipped policies, and a draft that is in order."""

from __future__ import annotations

from functools import cache

from fanzha.detection.rules.names import load_catalogue
from fanzha.detection.rules.rule import RuleText
from fanzha.lifecycles.rule.policy import load_gates
from fanzha.usecases.warning.tiers import Tiers
from fanzha.usecases.workshop.act import Bench
from tests.fixtures import POLICIES, UNITS


@cache
def bench() -> Bench:
    folder = POLICIES / "workshop"
    return Bench(
        catalogue=load_catalogue(folder / "names.yaml"),
        types=frozenset({"GJF", "GJF01"}),
        policy=load_gates(folder / "gates.yaml"),
        tiers=Tiers(UNITS),
        salt="5a1f",
    )


def draft(id: str = "large_payment", when: str = "amount_fen >= 5 wan AND payee_new") -> RuleText:
    return RuleText(
        id=id,
        channel="transfer_payer",
        when=when,
        score=0.8,
        title_zh="大额转给新收款人",
        title_en="Large payment to a new payee",
        zh="向新收款人转账 {amount_fen:yuan}",
        en="paid {amount_fen:yuan} to a new payee",
        stage="transfer",
    )
