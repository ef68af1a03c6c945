"""An invented economy with laundering planted in it, all typologies: for tests and for training.

Everything it makes is simulated. Ordinary accounts pay the same few counterparts, once or in
turn; hubs are shops and employers. Laundering accounts lead ordinary lives too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["TYPOLOGIES", "Economy", "invent"]

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Edges = list[tuple[int, int]]
TYPOLOGIES = (
    "fan_out", "fan_in", "cycle", "scatter_gather", "gather_scatter", "bipartite", "stack",
    "random",
)  # fmt: skip
"""Domain reference D2."""


@dataclass(frozen=True, slots=True)
class Economy:
    """What to invent. `style`: ordinary pairs pay `once` or `periodic`ally over the `steps`.

    Laundering in a `once` economy is repeated at one instant, up to five times, and a share of it
    fails, so that only ordinary transfers between its accounts are left; in a `periodic` one it
    happens once while ordinary payments repeat.
    """

    accounts: int = 5_000
    peers: float = 5.8
    steps: int = 150
    groups: int = 50
    members: tuple[int, int] = (4, 7)
    """Accounts of a laundering group, both ends inclusive."""
    typologies: tuple[str, ...] = TYPOLOGIES
    style: Literal["once", "periodic"] = "once"
    failing: float = 0.5
    small: bool = False
    """Whether laundering gives itself away by small amounts, as in some public data."""


def invent(plan: Economy, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(transfers: `payer`, `payee`, `amount` in yuan, `time`; accounts: `account`, `label`,
    `typology`). The same plan and seed give the same rows."""
    rng = np.random.default_rng(seed)
    payer, payee, pull = _ordinary(plan, rng)
    time, place = _times(plan, rng, len(payer))
    rows = [(payer[place], payee[place], time, rng.gamma(3.0, 95.0, len(time)) + 10.0)]
    typology = np.full(plan.accounts, "", dtype=object)
    for group in range(plan.groups):
        kind = plan.typologies[group % len(plan.typologies)]
        size = int(rng.integers(plan.members[0], plan.members[1] + 1))
        members = rng.choice(plan.accounts, size, replace=False, p=pull)
        typology[members] = kind
        rows.append(_laundered(plan, rng, shape(kind, members.tolist(), rng)))
    source, target, at, amount = (np.concatenate(part) for part in zip(*rows, strict=True))
    order = np.lexsort((target, source, at))
    transfers = pl.DataFrame(
        {
            "payer": source[order],
            "payee": target[order],
            "amount": np.round(amount[order], 2),
            "time": at[order],
        }
    )
    accounts = pl.DataFrame(
        {
            "account": np.arange(plan.accounts),
            "label": (typology != "").astype(np.int64),
            "typology": typology.astype(str),
        }
    )
    return transfers, accounts


def _ordinary(plan: Economy, rng: np.random.Generator) -> tuple[I64, I64, F64]:
    """Distinct ordinary pairs, and how strongly each account draws laundering groups."""
    n = plan.accounts
    reach = np.maximum(rng.poisson(rng.gamma(4.0, plan.peers / 4.0, n)), 1)
    hubs = rng.choice(n, max(1, n // 500), replace=False)
    reach[hubs] = rng.integers(60, 140, len(hubs)).clip(max=max(1, n // 4))
    pull = rng.lognormal(0.0, 0.95, n)
    payer = np.repeat(np.arange(n), reach)
    payee = rng.choice(n, len(payer), p=pull / pull.sum())
    pair = np.unique(payer * n + payee)
    pair = pair[pair // n != pair % n]
    drawn = pull**0.8
    return pair // n, pair % n, drawn / drawn.sum()


def _times(plan: Economy, rng: np.random.Generator, pairs: int) -> tuple[I64, I64]:
    """Instants of ordinary transfers and the pair of each."""
    if plan.style == "once":
        at = rng.normal(0.5, 0.215, pairs) * plan.steps
        return at.clip(1, plan.steps - 1).astype(np.int64), np.arange(pairs)
    every = rng.choice([7, 10, 14, 30], pairs)
    begin = rng.integers(0, 30, pairs)
    count = np.maximum((plan.steps - begin) // every, 1)
    place = np.repeat(np.arange(pairs), count)
    turn = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    jitter = rng.integers(-1, 2, len(place))
    at = begin[place] + turn * every[place] + jitter
    return at.clip(0, plan.steps - 1), place


def _laundered(plan: Economy, rng: np.random.Generator, edges: Edges) -> tuple[I64, I64, I64, F64]:
    """One group's transfers: each edge in its turn within a window, or at any time."""
    window = int(rng.integers(plan.steps // 10, plan.steps))
    start = int(rng.integers(0, plan.steps - window + 1))
    at = np.sort(rng.integers(start, start + window, len(edges)))
    if rng.random() < 0.5:
        at = rng.permutation(at)
    rows: list[tuple[int, int, int, float]] = []
    for (source, target), instant in zip(edges, at.tolist(), strict=True):
        value = rng.uniform(2.5, 25.0) if plan.small else rng.gamma(3.0, 95.0) + 10.0
        if plan.style == "periodic":
            rows.append((source, target, instant, value))
            continue
        if rng.random() >= plan.failing:
            times = 5 if rng.random() < 0.6 else int(rng.integers(1, 5))
            rows += [(source, target, instant, value)] * times
        if rng.random() < 0.6:
            when = min(max(int(rng.normal(0.5, 0.215) * plan.steps), 1), plan.steps - 1)
            rows.append((source, target, when, rng.gamma(3.0, 95.0) + 10.0))
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    whole = [np.array(c, dtype=np.int64) for c in columns[:3]]
    return whole[0], whole[1], whole[2], np.array(columns[3], dtype=np.float64)


def shape(kind: str, members: list[int], rng: np.random.Generator) -> Edges:
    """Who pays whom in a group of at least four, by typology."""
    first, rest = members[0], members[1:]
    half = len(members) // 2
    match kind:
        case "fan_out":
            return [(first, x) for x in rest]
        case "fan_in":
            return [(x, first) for x in rest]
        case "cycle":
            return [*zip(members, [*rest, first], strict=True)]
        case "scatter_gather":
            return [(first, x) for x in rest[:-1]] + [(x, rest[-1]) for x in rest[:-1]]
        case "gather_scatter":
            return [(x, first) for x in rest[: half - 1]] + [(first, x) for x in rest[half - 1 :]]
        case "bipartite":
            return [(x, y) for x in members[:half] for y in members[half:]]
        case "stack":
            third = max(1, len(members) // 3)
            layers = members[:third], members[third : 2 * third], members[2 * third :]
            return [(x, y) for k in (0, 1) for x in layers[k] for y in layers[k + 1]]
        case "random":
            return [(members[int(rng.integers(0, k))], members[k]) for k in range(1, len(members))]
        case _:
            raise ValueError(kind)
