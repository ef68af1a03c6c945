"""Pairs of accounts: rings and triangles through them, and what bonds say of an account."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.account.batch.bonds import (
    PAIR_COLUMNS,
    bond_features,
    bonded,
    pair_columns,
    with_ends,
)
from fanzha.detection.account.batch.economy import Economy, invent
from fanzha.detection.account.batch.learn import fit, invented, labels_of
from fanzha.detection.account.batch.pairs import Pairs, pairs_of
from fanzha.detection.account.batch.rings import find_rings
from fanzha.detection.account.batch.transfers import transfers_of

EDGES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30)


def pairs(edges: list[tuple[int, int]]) -> Pairs:
    rows = [(a, b, k) for k, (a, b) in enumerate(edges)]
    moved = transfers_of(pl.DataFrame(rows, ["payer", "payee", "time"], orient="row"))
    return pairs_of(moved)


def column(found: np.ndarray, name: str) -> np.ndarray:
    return found[:, PAIR_COLUMNS.index(name)]


@settings(max_examples=60, deadline=None)
@given(EDGES)
def test_triangles_are_those_counted_by_hand(edges: list[tuple[int, int]]) -> None:
    of = pairs(edges)
    known = set(zip(of.payer.tolist(), of.payee.tolist(), strict=True))
    told = pair_columns(of, find_rings(of))
    accounts = range(of.accounts)
    for k, (a, b) in enumerate(zip(of.payer.tolist(), of.payee.tolist(), strict=True)):
        also = sum((a, x) in known and (b, x) in known for x in accounts)
        by_way = sum((a, x) in known and (x, b) in known for x in accounts)
        assert column(told, "also_to_payees")[k] == also
        assert column(told, "also_by_way")[k] == by_way


def test_rings_stand_with_their_pairs_and_no_others() -> None:
    ring = [(0, 1), (1, 2), (2, 3), (3, 0)]
    of = pairs([*ring, (0, 4), (4, 5), (2, 6)])
    told = column(pair_columns(of, find_rings(of)), "ring_4")
    on = np.array([p in ring for p in zip(of.payer.tolist(), of.payee.tolist(), strict=True)])
    assert on.sum() == 4
    assert told[on].min() > told[~on].max() + 3


@settings(max_examples=40, deadline=None)
@given(EDGES, st.integers(0, 99))
def test_the_likeliest_bonds_are_told(edges: list[tuple[int, int]], seed: int) -> None:
    of = pairs(edges)
    bond = np.random.default_rng(seed).random(len(of.payer))
    told = bond_features(bond, of)
    for account in range(of.accounts):
        for side, ends in (("out", of.payer), ("in", of.payee)):
            mine = sorted(bond[ends == account], reverse=True)
            first, second = ([*mine, 0.0, 0.0])[:2]
            assert told[f"bond_first_{side}"][account] == first
            assert told[f"bond_second_{side}"][account] == second
            assert told[f"bond_sum_{side}"][account] == pytest.approx(sum(mine))
    assert (told["bond_best"] >= told["bond_first_in"]).all()


def test_bonds_find_who_deals_with_whom_in_an_economy_unseen() -> None:
    plan = Economy(accounts=900, groups=28)
    made = fit([invented(1, amounts=False, plan=plan), invented(2, amounts=False, plan=plan)],
               seed=3)  # fmt: skip
    held = invented(9, amounts=False, plan=plan)
    conduct, trees, _ = made._stages
    score = np.asarray(conduct.predict(held.seen.conduct, num_threads=1))
    bond = bonded(trees, held.seen.ties, held.seen.pairs, score)
    assert ((bond >= 0) & (bond <= 1)).all()
    truth = (held.label[held.seen.pairs.payer] == 1) & (held.label[held.seen.pairs.payee] == 1)
    assert bond[truth].mean() > 5 * bond[~truth].mean()
    assert with_ends(held.seen.ties, held.seen.pairs, score, slice(0, 7)).shape == (
        7,
        len(PAIR_COLUMNS),
    )


def test_suspects_who_never_deal_with_each_other_leave_no_bonds() -> None:
    transfers, _ = invent(Economy(accounts=400, groups=0), 4)
    moved = transfers_of(transfers)
    of = pairs_of(moved)
    label = np.zeros(of.accounts, np.int64)
    for account in range(of.accounts):
        near = np.concatenate([of.payee[of.payer == account], of.payer[of.payee == account]])
        label[account] = not label[near].any() and account % 9 == 0
    labels = pl.DataFrame({"account": moved.accounts, "label": label})
    made = fit([labels_of("apart", moved, labels, False)], seed=1)
    assert made.file.texts["bond"] == ""
    scored = made.score(labels_of("apart", moved, labels, False).seen, least=0.0)
    assert scored["score"].is_between(0, 1).all()
