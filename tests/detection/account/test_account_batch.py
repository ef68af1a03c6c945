"""Batch scoring: shapes found, amounts not needed, hostile files, repeatable models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.account.batch.bonds import bond_features
from fanzha.detection.account.batch.catalogue import AMOUNTS, BOND, CIRCLE, CONDUCT, FEATURES
from fanzha.detection.account.batch.circle import circle_features
from fanzha.detection.account.batch.conduct import amount_features, conduct_features
from fanzha.detection.account.batch.economy import TYPOLOGIES, Economy, invent
from fanzha.detection.account.batch.evaluate import figure
from fanzha.detection.account.batch.learn import Labelled, fit, invented
from fanzha.detection.account.batch.model import SHIPPED, AccountModel, read_account_model, see
from fanzha.detection.account.batch.pairs import pairs_of
from fanzha.detection.account.batch.rings import find_rings
from fanzha.detection.account.batch.transfers import (
    ENORMOUS,
    FAR,
    NAMELESS,
    NOTHING,
    TIMELESS,
    UNREADABLE,
    Rows,
    Transfers,
    transfers_of,
)
from fanzha.detection.model_file import write_model
from fanzha.detection.ranking import area
from fanzha.errors import Refused

SMALL = Economy(accounts=1_500, groups=40)


def told(rows: list[tuple[object, object, object]]) -> dict[str, np.ndarray]:
    """Features of conduct of hand-made transfers, by name."""
    return conduct_of(transfers_of(pl.DataFrame(rows, ["payer", "payee", "time"], orient="row")))


def conduct_of(moved: Transfers) -> dict[str, np.ndarray]:
    """Features of conduct of all accounts, by name."""
    pairs = pairs_of(moved)
    return conduct_features(moved, pairs, find_rings(pairs))


@cache
def data(seed: int) -> Labelled:
    return invented(seed, amounts=False, plan=SMALL)


@cache
def model() -> AccountModel:
    return fit([data(1), data(2)], seed=3)


def test_the_table_names_every_feature_once() -> None:
    moved = transfers_of(invent(SMALL, 5)[0])
    pairs = pairs_of(moved)
    features = conduct_features(moved, pairs, find_rings(pairs))
    assert set(features) == {f.name for f in CONDUCT}
    assert set(amount_features(moved, pairs)) == {f.name for f in AMOUNTS}
    assert set(circle_features(np.full(pairs.accounts, 0.1), pairs, 0.1)) == {
        f.name for f in CIRCLE
    }
    bonds = bond_features(np.full(len(pairs.payer), 0.2), pairs)
    assert set(bonds) == {f.name for f in BOND}
    assert len(FEATURES) == len(CONDUCT) + len(AMOUNTS) + len(CIRCLE) + len(BOND)
    for feature in FEATURES.values():
        assert "{value}" in feature.zh + feature.en or feature.name == "span"
        assert "{side}" not in feature.zh + feature.en
        assert "{k}" not in feature.zh + feature.en


@pytest.mark.parametrize("length", [2, 3, 4, 5, 6])
def test_rings_are_counted_by_length(length: int) -> None:
    ring = [(k, (k + 1) % length, 10 * k) for k in range(length)]
    aside = [(100 + k, k, 5) for k in range(length)]
    found = told([*ring, *aside])
    assert found[f"ring_count_{length}"][:length].tolist() == [1.0] * length
    assert found[f"ring_rising_{length}"][0] > -3
    for other in set(range(2, 7)) - {length}:
        assert not found[f"ring_count_{other}"].any()


def test_rings_are_those_a_plain_search_finds() -> None:
    rng = np.random.default_rng(8)
    edges = sorted({(a, b) for a, b in rng.integers(0, 14, (40, 2)).tolist() if a != b})
    moved = transfers_of(
        pl.DataFrame([(a, b, 1) for a, b in edges], ["payer", "payee", "time"], orient="row")
    )
    names = moved.accounts.to_list()
    wanted = np.zeros((len(names), 7))

    def walk(path: list[int]) -> None:
        for a, b in edges:
            if a != path[-1]:
                continue
            if b == path[0] and len(path) > 1:
                for member in path:
                    wanted[names.index(member), len(path)] += 1
            elif b > path[0] and b not in path and len(path) < 6:
                walk([*path, b])

    for start in names:
        walk([start])
    found = find_rings(pairs_of(moved)).count
    # Paths that chance closes easily are left: what is found is never more than there is.
    assert (found <= wanted).all()
    assert found.sum() >= wanted.sum() / 2


def test_scattered_and_gathered_money() -> None:
    paths = [("s", m, 1) for m in "abcd"] + [(m, "t", 2) for m in "abcd"]
    both = [(p, u, 1) for p in "pq" for u in "uv"]
    found = told([*paths, *both, ("x", "y", 1), ("y", "z", 2)])
    by_name = {n: k for k, n in enumerate("abcdpqstuvxyz")}
    assert found["scatters"].argmax() == by_name["s"]
    assert found["gathers"].argmax() == by_name["t"]
    assert found["between"][by_name["a"]] > found["between"][by_name["y"]] == 0
    assert found["pays_like"][by_name["p"]] > 0 == found["pays_like"][by_name["x"]]
    assert found["paid_like"][by_name["u"]] > 0 == found["paid_like"][by_name["y"]]


def test_repeats_are_odd_only_where_they_are_rare() -> None:
    ordinary = [(k, k + 1, k % 50) for k in range(60)]
    once = told([*ordinary, *[(200, 201, 7)] * 5])
    assert once["odd_out"][-2] == once["odd_out"].sum() == 1
    assert once["odd_in"][-1] == once["odd_in"].sum() == 1
    everywhere = told([(k, k + 1, t) for k in range(60) for t in range(5)])
    assert not everywhere["odd_out"].any()


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**6))
@settings(max_examples=15, deadline=None)
def test_clocks_may_start_anywhere_and_run_at_any_rate(start: int, rate: int) -> None:
    transfers = invent(Economy(accounts=60, groups=3), 4)[0]
    moved = transfers.with_columns(pl.col("time") * rate + start)
    plain, other = (transfers_of(t) for t in (transfers, moved))
    one, two = (conduct_of(t) for t in (plain, other))
    for name in one:
        np.testing.assert_allclose(one[name], two[name], atol=1e-6, err_msg=name)


def test_names_of_accounts_do_not_matter() -> None:
    transfers = invent(SMALL, 6)[0]
    renamed = transfers.with_columns(
        (pl.lit("bank:") + (pl.col(c) * 7919 % 1501).cast(pl.String)).alias(c)
        for c in ("payer", "payee")
    )
    one = model().score(see(transfers_of(transfers), amounts=False), least=2.0)
    two = model().score(see(transfers_of(renamed), amounts=False), least=2.0)
    name = pl.lit("bank:") + (pl.col("account") * 7919 % 1501).cast(pl.String)
    both = one.with_columns(name.alias("account")).join(two, on="account")
    assert both.height == one.height
    # Equal times may be ordered otherwise, which moves a wait or two.
    assert np.corrcoef(both["score"], both["score_right"])[0, 1] > 0.99


def test_a_model_finds_what_is_planted_elsewhere() -> None:
    held = data(9)
    score = model().score(held.seen, least=2.0)["score"].to_numpy()
    rows = held.rows
    assert area(score[rows], held.label[rows] == 1) > 0.8
    assert set(model().file.about) >= {"seed", "sets", "features", "usual", "amounts"}


def test_reasons_are_words_and_add_up() -> None:
    scored = model().score(data(9).seen)
    top = scored.sort("score", descending=True).head(20)
    for row in top.iter_rows(named=True):
        assert row["reasons"]
        assert sum(r["part"] for r in row["reasons"]) == pytest.approx(row["score"], abs=2e-3)
        assert all("{" not in r["zh"] + r["en"] for r in row["reasons"])
    told_of = {r["code"] for row in top["reasons"].to_list() for r in row}
    assert told_of <= set(FEATURES)


def test_amounts_change_nothing_where_they_are_hidden() -> None:
    transfers = invent(SMALL, 9)[0]
    columns = {
        "as they are": transfers,
        "null": transfers.with_columns(amount=pl.lit(None, pl.Float64)),
        "constant": transfers.with_columns(amount=pl.lit(1.0)),
        "absent": transfers.drop("amount"),
        "hostile": transfers.with_columns(
            amount=pl.Series([-1.0, 1e300, float("nan"), float("inf")] * transfers.height)[
                : transfers.height
            ]
        ),
    }
    scores = [
        model().score(see(transfers_of(t), amounts=False), least=2.0)["score"].to_list()
        for t in columns.values()
    ]
    assert all(s == scores[0] for s in scores)
    assert not transfers_of(columns["constant"]).amounts_known
    assert transfers_of(columns["as they are"]).amounts_known


def test_the_same_data_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = (fit([data(1)], seed=5) for _ in range(2))
    write_model(tmp_path / "a", one.file)
    write_model(tmp_path / "b", two.file)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_account_model(tmp_path / "a").version == one.version


def test_times_of_any_kind_read_alike() -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    days = [0, 1, 1, 5]
    kinds = {
        "int": days,
        "timestamp": [begin + timedelta(days=d) for d in days],
        "date": [(begin + timedelta(days=d)).date() for d in days],
        "text": [f"2026-01-{d + 1:02d} 00:00:00" for d in days],
        "float": [float(d) for d in days],
    }
    steps = [
        transfers_of(pl.DataFrame({"payer": [1, 2, 3, 1], "payee": [2, 3, 1, 3], "time": t})).step
        for t in kinds.values()
    ]
    for step in steps[1:]:
        np.testing.assert_allclose(step, steps[0])


def test_rows_that_cannot_be_counted_are_said_and_their_accounts_kept() -> None:
    frame = pl.DataFrame(
        {
            "payer": ["a", None, "c", " ", "f", "g"],
            "payee": ["b", "b", "d", "e", "f", "a"],
            "time": [1, 2, None, 4, 5, 6],
        }
    )
    moved = transfers_of(frame)
    assert moved.left_out == {NAMELESS: Rows(2, (2, 4)), TIMELESS: Rows(1, (3,))}
    scored = model().score(see(moved, amounts=False))
    assert set(scored["account"]) == {"a", "b", "c", "d", "e", "f", "g"}
    unknown = scored.filter(pl.col("score").is_null())["account"]
    assert set(unknown) == {"c", "d", "e"}


def test_amounts_that_cannot_be_used_are_told_and_their_transfers_counted() -> None:
    amounts = ["12.5", "-3", "0", "1e300", "Infinity", "nonsense", None, "7"]
    moved = transfers_of(
        pl.DataFrame({"payer": range(8), "payee": range(1, 9), "time": range(8), "amount": amounts})
    )
    assert len(moved) == 8
    assert moved.hidden == {
        UNREADABLE: Rows(1, (6,)), NOTHING: Rows(2, (2, 3)), ENORMOUS: Rows(2, (4, 5)),
    }  # fmt: skip
    assert np.isnan(moved.amount).tolist() == [False, *[True] * 6, False]


@pytest.mark.parametrize("far", [-(10**9), 0, 10**9, 2**60])
def test_a_date_far_from_all_others_moves_nobodys_score(far: int) -> None:
    """One row of 1970 or 2099 would press all the others into one step."""
    transfers, _ = invent(Economy(accounts=500, groups=12, style="periodic"), 3)
    when = transfers["time"].cast(pl.Int64) + 1_700_000_000
    transfers = transfers.with_columns(when.alias("time"))
    whole = transfers_of(transfers)
    assert not whole.left_out
    one = transfers[:1].with_columns(pl.lit(far).alias("time"), payee=pl.lit(10**6))
    spoilt = transfers_of(pl.concat([transfers, one.cast(transfers.schema)]))
    assert spoilt.left_out == {FAR: Rows(1, (transfers.height + 1,))}
    np.testing.assert_array_equal(spoilt.step, whole.step)


def test_few_rows_and_long_histories_are_all_counted() -> None:
    sparse = pl.DataFrame({"payer": [1, 2, 3], "payee": [2, 3, 1], "time": [0, 1, 10**9]})
    assert len(transfers_of(sparse)) == 3
    years = np.r_[np.arange(0, 900, 3), np.arange(900, 1000, 0.1)].astype(np.int64)
    grown = pl.DataFrame({"payer": years * 0, "payee": years * 0 + 1, "time": years})
    assert not transfers_of(grown).left_out


def test_repeated_rows_are_counted_as_such() -> None:
    transfers, _ = invent(Economy(accounts=100, groups=3), 3)
    once, twice = transfers_of(transfers), transfers_of(pl.concat([transfers, transfers]))
    assert twice.repeated == transfers.height + once.repeated


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows(rows: int) -> None:
    frame = pl.DataFrame({"payer": ["a"], "payee": ["b"], "time": [3]})[:rows]
    scored = model().score(see(transfers_of(frame), amounts=False))
    assert scored.height == 2 * rows
    assert scored.columns == ["account", "score", "reasons"]


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(-(2**62), 2**62), st.floats()),
        max_size=40,
    )
)
@settings(max_examples=40, deadline=None)
def test_any_transfers_are_scored(rows: list[tuple[int, int, int, float]]) -> None:
    schema = {"payer": pl.Int64, "payee": pl.Int64, "time": pl.Int64, "amount": pl.Float64}
    moved = transfers_of(pl.DataFrame(rows, schema, orient="row"))
    scored = model().score(see(moved, amounts=False))
    assert set(scored["account"]) == {a for r in rows for a in r[:2]}
    assert scored["score"].drop_nulls().is_between(0, 1).all()


def test_what_is_no_file_of_transfers_is_refused() -> None:
    with pytest.raises(Refused, match="time"):
        transfers_of(pl.DataFrame({"payer": [1], "payee": [2]}))
    with pytest.raises(Refused):
        transfers_of(pl.DataFrame({"payer": [[1]], "payee": [[2]], "time": [1]}))
    with pytest.raises(Refused):
        fit([], seed=1)


def test_intervals_hold_the_figure() -> None:
    rng = np.random.default_rng(2)
    wanted = (rng.random(400) < 0.2).astype(np.int64)
    found = figure("made", wanted, wanted + rng.normal(0, 0.8, 400))
    assert found.auc_interval[0] < found.auc < found.auc_interval[1]
    assert found.precision_interval[0] < found.precision < found.precision_interval[1]


@pytest.mark.parametrize("kind", TYPOLOGIES)
def test_every_typology_is_planted(kind: str) -> None:
    transfers, accounts = invent(Economy(accounts=400, groups=6, typologies=(kind,)), 1)
    assert set(accounts.filter(pl.col("label") == 1)["typology"]) == {kind}
    suspects = accounts.filter(pl.col("label") == 1)["account"].implode()
    among = transfers.filter(pl.col("payer").is_in(suspects) & pl.col("payee").is_in(suspects))
    assert among.height > 10
    again, _ = invent(Economy(accounts=400, groups=6, typologies=(kind,)), 1)
    assert again.equals(transfers)


def test_the_shipped_model_reads() -> None:
    shipped = read_account_model(None)
    assert SHIPPED.exists()
    assert not shipped.uses_amounts
    scored = shipped.score(data(9).seen, least=0.5)
    rows = data(9).rows
    assert area(scored["score"].to_numpy()[rows], data(9).label[rows] == 1) > 0.8
