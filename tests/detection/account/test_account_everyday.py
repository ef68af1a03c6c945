"""Ordinary people are not suspects because they deal much: what ships, on economies of its own."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest

from fanzha.detection.account.batch.economy import Economy, invent
from fanzha.detection.account.batch.everyday import PLANS, Everyday, live
from fanzha.detection.account.batch.familiar import SIDES, profile, reach_of, strangeness, tempered
from fanzha.detection.account.batch.model import read_account_model, see
from fanzha.detection.account.batch.pairs import pairs_of
from fanzha.detection.account.batch.transfers import transfers_of
from fanzha.detection.ranking import area

Row = tuple[str, str, int]
DAY = 86_400


def town(people: int, shopping: int, to_friends: int, seed: int) -> list[Row]:
    """A month: a salary, shops of which few are favourites, friends who live near."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for i in range(people):
        rows.append((f"firm{i % 30}", f"p{i}", 10 * DAY + rng.randrange(3_600)))
        friends = [f"p{(i + rng.randrange(1, 20)) % people}" for _ in range(3)]
        for _ in range(shopping):
            shop = int(rng.paretovariate(1)) % 150
            rows.append((f"p{i}", f"shop{shop}", rng.randrange(30 * DAY)))
        for _ in range(to_friends):
            rows.append((f"p{i}", rng.choice(friends), rng.randrange(30 * DAY)))
    return rows


def crowd(people: int, each: int, seed: int) -> list[Row]:
    """Everybody pays anybody."""
    rng = random.Random(seed)
    return [
        (f"p{i}", f"p{rng.randrange(people)}", rng.randrange(30 * DAY))
        for i in range(people)
        for _ in range(each)
    ]


def mules(people: int, count: int, seed: int) -> list[Row]:
    """Money of twelve people comes minute by minute and goes on half a minute later."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for mule in range(count):
        begin = rng.randrange(30) * DAY + 30_000
        for k in range(12):
            rows.append((f"p{rng.randrange(people)}", f"mule{mule}", begin + k * 60))
            rows.append((f"mule{mule}", f"exit{mule % 5}", begin + k * 60 + 30))
    return rows


def scored(rows: list[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Scores by the model that ships of those without and with a part in laundering."""
    moved = transfers_of(pl.DataFrame(rows, ["payer", "payee", "time"], orient="row"))
    found = read_account_model(None).score(see(moved, False), least=2.0)
    planted = pl.col("account").str.contains("^(mule|exit)")
    return (
        found.filter(~planted)["score"].to_numpy(),
        found.filter(pl.col("account").str.starts_with("mule"))["score"].to_numpy(),
    )


ECONOMIES = {
    "sparse": town(1_500, 1, 1, 1),
    "usual": town(1_500, 8, 2, 2),
    "busy": town(1_500, 25, 8, 3),
    "crowd": crowd(600, 20, 4),
}


@pytest.mark.parametrize("name", ECONOMIES)
def test_ordinary_people_of_any_density_are_left_alone(name: str) -> None:
    honest, _ = scored(ECONOMIES[name])
    assert np.mean(honest > 0.5) < 0.02
    assert np.median(honest) < 0.1


@pytest.mark.parametrize("name", ECONOMIES)
def test_pass_through_mules_stand_out_of_ordinary_people(name: str) -> None:
    people = 600 if name == "crowd" else 1_500
    honest, planted = scored([*ECONOMIES[name], *mules(people, 20, 5)])
    truth = np.arange(len(honest) + len(planted)) >= len(honest)
    assert area(np.concatenate([honest, planted]), truth) > 0.9
    assert np.mean(honest > 0.5) < 0.05


@pytest.mark.parametrize("plan", PLANS[:4])
def test_an_everyday_economy_is_made_again_alike(plan: Everyday) -> None:
    transfers, accounts = live(plan, 7)
    again, same = live(plan, 7)
    assert transfers.equals(again)
    assert accounts.equals(same)
    assert (transfers["payer"] != transfers["payee"]).all()
    assert accounts["label"].sum() == (~accounts["kind"].is_in(
        ["person", "shop", "firm", "landlord"])).sum()  # fmt: skip


def test_a_file_like_none_learned_from_is_said_and_drawn_to_the_usual() -> None:
    known = [profile(pairs_of(transfers_of(invent(Economy(accounts=400), k)[0]))) for k in (1, 2)]
    reach = reach_of(known)
    assert not strangeness(known[0], reach).any()
    dense = [(a, b, a * 60 + b) for a in range(60) for b in range(60) if a != b]
    here = profile(
        pairs_of(transfers_of(pl.DataFrame(dense, ["payer", "payee", "time"], orient="row")))
    )
    assert len(here) == len(SIDES)
    far = strangeness(here, reach)
    assert far[list(SIDES).index("pairs an account")] > 1
    score = np.array([0.0, 0.01, 0.5, 0.97, 1.0])
    drawn = tempered(score, 0.05, float(far.sum()))
    assert (np.diff(drawn) > 0).all()
    assert drawn[0] > 0
    assert drawn[3] < 0.7
    assert np.array_equal(tempered(score, 0.05, 0.0), score)


def test_the_shipped_model_says_where_it_has_not_been() -> None:
    shipped = read_account_model(None)
    packed = crowd(200, 190, 6)
    moved = transfers_of(pl.DataFrame(packed, ["payer", "payee", "time"], orient="row"))
    assert "pairs an account" in shipped.strange(see(moved, False))
    usual = transfers_of(pl.DataFrame(ECONOMIES["usual"], ["payer", "payee", "time"], orient="row"))
    assert not shipped.strange(see(usual, False))
