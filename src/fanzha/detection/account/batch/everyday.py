"""Invented everyday economies of many densities, a little laundering in each: for training, tests.

Everything here is simulated. A model that has only seen sparse ordinary accounts takes every busy
one for a suspect; here ordinary people are paid, shop, pay rent and pay their friends, much or
little, and in some everybody pays anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.account.batch.economy import TYPOLOGIES, shape

__all__ = ["PLANS", "Everyday", "live"]

I64 = npt.NDArray[np.int64]
Rows = tuple[I64, I64, I64, npt.NDArray[np.float64]]
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Everyday:
    """What to invent: numbers of transfers are means a person over the whole `days`."""

    people: int = 1_200
    days: int = 30
    pays: int = 1
    """Salaries, from one employer of about a hundred people."""
    shopping: float = 8.0
    shops: int = 60
    friends: int = 3
    to_friends: float = 2.0
    lets: float = 0.3
    """Share that pays rent to a landlord, each time a salary comes."""
    strangers: float = 0.0
    """Transfers to anybody at all."""
    mules: int = 12
    """Accounts through which victims' money passes within minutes."""
    groups: int = 3
    """Laundering groups of the typologies, one after the other."""


PLANS = (
    Everyday(),
    Everyday(shopping=1.0, to_friends=1.0, pays=0, lets=0.0),
    Everyday(shopping=2.0, to_friends=2.0, days=60, friends=5),
    Everyday(days=90, pays=3, shopping=30.0, shops=200, friends=6, to_friends=8.0),
    Everyday(shopping=0.0, to_friends=0.0, pays=0, lets=0.0, strangers=20.0, people=700),
    Everyday(shopping=0.0, to_friends=0.0, pays=0, lets=0.0, strangers=6.0),
    Everyday(shopping=0.0, to_friends=16.0, friends=2),
    Everyday(shopping=15.0, shops=30, to_friends=4.0, friends=8, strangers=2.0, people=1_600),
    Everyday(shopping=12.0, to_friends=3.0, friends=2, people=3_000, shops=150, lets=0.0),
)
"""Densities that training goes through."""


def live(plan: Everyday, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(transfers: `payer`, `payee`, `amount` in yuan, `time` in seconds; accounts: `account`,
    `label`, `kind`). The same plan and seed give the same rows."""
    rng = np.random.default_rng(seed)
    rows, kinds = _ordinary(plan, rng)
    kind = np.repeat([name for name, _ in kinds], [count for _, count in kinds]).astype(object)
    begin = len(kind)
    collectors = max(1, plan.mules // 6) if plan.mules else 0
    for mule in range(begin, begin + plan.mules):
        rows.append(_passed(plan, rng, mule, begin + plan.mules + mule % max(collectors, 1)))
    kind = np.concatenate([kind, ["mule"] * plan.mules, ["collector"] * collectors])
    for _ in range(plan.groups):
        members = rng.choice(plan.people, int(rng.integers(4, 8)), replace=False)
        name = TYPOLOGIES[int(rng.integers(len(TYPOLOGIES)))]
        kind[members] = name
        rows.append(_grouped(plan, rng, shape(name, members.tolist(), rng)))
    payer, payee, time, amount = (np.concatenate(part) for part in zip(*rows, strict=True))
    order = np.lexsort((payee, payer, time))
    moved = pl.DataFrame(
        {
            "payer": payer[order],
            "payee": payee[order],
            "amount": np.round(amount[order], 2),
            "time": time[order],
        }
    )
    honest = np.isin(kind.astype(str), [name for name, _ in kinds])
    accounts = pl.DataFrame(
        {
            "account": np.arange(len(kind)),
            "label": (~honest).astype(np.int64),
            "kind": kind.astype(str),
        }
    )
    return moved, accounts


def _ordinary(plan: Everyday, rng: np.random.Generator) -> tuple[list[Rows], list[tuple[str, int]]]:
    """Transfers of ordinary life, and (kind, number) of the accounts in their order."""
    n = plan.people
    firms, landlords = max(1, n // 100), max(1, n // 40)
    kinds = [("person", n), ("shop", plan.shops), ("firm", firms), ("landlord", landlords)]
    shop, firm, landlord = n, n + plan.shops, n + plan.shops + firms
    everyone = np.arange(n)
    rows: list[Rows] = []
    works, home = rng.integers(0, firms, n), rng.integers(0, landlords, n)
    rents = np.flatnonzero(rng.random(n) < plan.lets)
    for turn in range(plan.pays):
        day = (turn * plan.days // plan.pays + 9) % plan.days * _DAY
        rows.append((firm + works, everyone, day + rng.integers(0, 3_600, n),
                     rng.uniform(4_000, 14_000, n)))  # fmt: skip
        rows.append((rents, landlord + home[rents], day + rng.integers(1, 4 * _DAY, len(rents)),
                     rng.uniform(800, 4_000, len(rents))))  # fmt: skip

    def some(mean: float) -> tuple[I64, I64]:
        count = rng.poisson(mean * rng.gamma(4.0, 0.25, n))
        who = np.repeat(everyone, count)
        return who, rng.integers(0, plan.days * _DAY, len(who))

    who, at = some(plan.shopping)
    where = np.minimum(rng.pareto(1.0, len(who)) * 3, 1e6).astype(np.int64) % plan.shops
    rows.append((who, shop + where, at, rng.uniform(5, 300, len(who))))
    who, at = some(plan.to_friends)
    far = rng.integers(1, 20, (n, plan.friends))[who, rng.integers(0, plan.friends, len(who))]
    rows.append((who, (who + far) % n, at, rng.uniform(20, 500, len(who))))
    who, at = some(plan.strangers)
    rows.append((who, rng.integers(0, n, len(who)), at, rng.uniform(10, 500, len(who))))
    return rows, kinds


def _passed(plan: Everyday, rng: np.random.Generator, mule: int, collector: int) -> Rows:
    """Money of several people comes within an hour or two and goes on within minutes."""
    count = int(rng.integers(5, 15))
    victims = rng.choice(plan.people, count, replace=False)
    begin = int(rng.integers(0, plan.days)) * _DAY + int(rng.integers(6, 22)) * 3_600
    came = begin + np.sort(rng.integers(0, 7_200, count))
    went = came + rng.integers(20, 900, count)
    amount = rng.uniform(1_000, 9_000, count)
    if rng.random() < 0.3:
        went, left = went[-1:], np.array([amount.sum()])
    else:
        left = amount
    here = np.full(count, mule)
    return (
        np.concatenate([victims, here[: len(went)]]),
        np.concatenate([here, np.full(len(went), collector)]),
        np.concatenate([came, went]),
        np.concatenate([amount, left * 0.99]),
    )


def _grouped(plan: Everyday, rng: np.random.Generator, edges: list[tuple[int, int]]) -> Rows:
    """A group's transfers within two days, each up to four times."""
    times = rng.integers(1, 5, len(edges))
    ends = np.repeat(np.array(edges, np.int64), times, axis=0)
    begin = int(rng.integers(0, max(plan.days - 2, 1))) * _DAY
    at = begin + np.sort(rng.integers(0, 2 * _DAY, len(ends)))
    return ends[:, 0], ends[:, 1], at, rng.uniform(500, 9_000, len(ends))
