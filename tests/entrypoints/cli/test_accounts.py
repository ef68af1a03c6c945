"""`fanzha score|train|evaluate accounts` as a person runs them: files, a pipe, wrong files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import polars as pl
import pytest

from fanzha.detection.account.batch.economy import Economy, invent
from tests.entrypoints.cli.command import ARGV, environment, fanzha

PLAN = Economy(accounts=800, groups=24)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two labelled data sets and a model of the first."""
    folder = tmp_path_factory.mktemp("accounts")
    for name, seed in (("one", 1), ("two", 2)):
        transfers, accounts = invent(PLAN, seed)
        transfers.write_parquet(folder / f"{name}.parquet")
        accounts.select("account", "label").write_parquet(folder / f"{name}-labels.parquet")
    said = fanzha(
        "train", "accounts",
        "--transfers", folder / "one.parquet", "--labels", folder / "one-labels.parquet",
        "--transfers", folder / "two.parquet", "--labels", folder / "two-labels.parquet",
        "--model", folder / "own.model", "--invented", "0",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "accounts-" in said.err
    return folder


def test_every_account_gets_a_row(files: Path) -> None:
    out = files / "scored.parquet"
    said = fanzha(
        "score", "accounts", "--transfers", files / "one.parquet", "--out", out,
        "--model", files / "own.model",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "accounts-" in said.err
    scored, transfers = pl.read_parquet(out), pl.read_parquet(files / "one.parquet")
    assert scored.columns == ["account", "score", "reasons", "error"]
    assert set(scored["account"]) == set(transfers["payer"]) | set(transfers["payee"])
    assert scored["account"].dtype == transfers["payer"].dtype
    assert scored["account"].is_unique().all()
    labels = pl.read_parquet(files / "one-labels.parquet")
    both = scored.join(labels, on="account")
    by_label = dict(both.group_by("label").agg(pl.col("score").mean()).iter_rows())
    assert by_label[1] > 3 * by_label[0]


def test_a_file_unlike_those_learned_from_is_said(files: Path) -> None:
    dense = pl.DataFrame(
        [(a, b, a * 60 + b) for a in range(60) for b in range(60) if a != b],
        ["payer", "payee", "time"],
        orient="row",
    )
    dense.write_parquet(files / "dense.parquet")
    for name, strange in (("dense", True), ("two", False)):
        said = fanzha(
            "score", "accounts", "--transfers", files / f"{name}.parquet",
            "--out", files / "unlike.parquet", "--model", files / "own.model",
        )  # fmt: skip
        assert said.code == 0, said.err
        assert ("unlike what the model learned from (pairs an account" in said.err) == strange
        scores = pl.read_parquet(files / "unlike.parquet")["score"]
        assert (scores > 0.5).any() != strange


def test_a_pipe_in_and_lines_out(files: Path) -> None:
    hidden = pl.read_parquet(files / "one.parquet").drop("amount")
    hidden.write_parquet(files / "hidden.parquet")
    done = subprocess.run(
        [*ARGV, "score", "accounts", "--transfers", "-", "--out", "-",
         "--model", str(files / "own.model")],
        input=(files / "hidden.parquet").read_bytes(),
        env=environment(), capture_output=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    scored = pl.read_ndjson(done.stdout)
    assert scored.height == pl.concat([hidden["payer"], hidden["payee"]]).n_unique()


def test_a_model_is_measured_with_intervals(files: Path) -> None:
    said = fanzha(
        "evaluate", "accounts", "--transfers", files / "two.parquet",
        "--labels", files / "two-labels.parquet", "--model", files / "own.model",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "AUC" in said.out
    assert said.out.count("[") == 3  # AUC, AP and F1, each with its interval


def test_wrong_files_are_refused_in_words(files: Path) -> None:
    labels = files / "one-labels.parquet"
    bad = files / "bad.parquet"
    bad.write_bytes(b"not a table")
    for arguments in (
        ("score", "accounts", "--transfers", labels, "--out", files / "x.parquet",
         "--model", files / "own.model"),
        ("score", "accounts", "--transfers", bad, "--out", files / "x.parquet",
         "--model", files / "own.model"),
        ("score", "accounts", "--transfers", files / "one.parquet", "--out", files / "x.parquet",
         "--model", bad),
        ("train", "accounts", "--transfers", files / "one.parquet", "--labels", labels,
         "--labels", labels, "--model", files / "y.model"),
    ):  # fmt: skip
        said = fanzha(*arguments)
        assert said.code != 0
        assert said.err.strip()
    assert not (files / "x.parquet").exists()
    assert not (files / "y.model").exists()
