"""Policies with mistakes are refused at load; a model is made from names and read back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from visits import POLICIES, channel

from fanzha.detection.link.v1.channel import LinkChannel
from fanzha.detection.link.v1.model import HERE, Model
from fanzha.detection.link.v1.organisations import load_lists, load_organisations
from fanzha.detection.link.v1.sets import held_out, part_of
from fanzha.detection.link.v1.tables import load_tables
from fanzha.detection.link.v1.train import Settings, train_on
from fanzha.detection.taxonomy import load_taxonomy
from fanzha.errors import Misconfigured

HARBOUR: dict[str, Any] = {
    "key": "harbour",
    "kind": "bank",
    "zh": "海港银行",
    "en": "Harbour Bank",
    "names": ["haigangyh"],
    "short": [],
    "zh_names": ["海港银行"],
    "domains": ["haigangyh.example"],
}


def write(path: Path, *organisations: dict[str, Any], **more: Any) -> Path:
    content = {"version": "1", "in_force_on": "x", "source": "s", "organisations": organisations}
    text = yaml.safe_dump({**content, **more}, allow_unicode=True)
    path.write_text(text.replace("in_force_on: x", "in_force_on: 2026-11-01"), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"domains": []},
        {"domains": ["not a name"]},
        {"names": ["HaiGang"]},
        {"names": ["海港"]},
        {"names": [95588]},
        {"names": [], "zh_names": []},
    ],
    ids=str,
)
def test_an_organisation_with_a_mistake_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = write(tmp_path / "link-organisations-x.yaml", {**HARBOUR, **change})
    with pytest.raises(Misconfigured):
        load_organisations([path])


def test_two_cannot_hold_one_name_or_key(tmp_path: Path) -> None:
    path = tmp_path / "link-organisations-x.yaml"
    other = {**HARBOUR, "key": "other"}
    with pytest.raises(Misconfigured):
        load_organisations([write(path, HARBOUR, other)])
    with pytest.raises(Misconfigured):
        load_organisations([write(path, HARBOUR, {**HARBOUR, "domains": ["o.example"]})])


def test_unknown_keys_of_a_file_and_unreadable_files_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "link-organisations-x.yaml", HARBOUR, colour="red")
    with pytest.raises(Misconfigured):
        load_organisations([path])
    with pytest.raises(Misconfigured):
        load_organisations([tmp_path / "absent.yaml"])
    lists = tmp_path / "link-lists.yaml"
    text = (POLICIES / "link-lists.yaml").read_text(encoding="utf-8")
    lists.write_text(text + "\ncolour: red\n", encoding="utf-8")
    with pytest.raises(Misconfigured):
        load_lists(lists)


def test_a_centre_adds_organisations_with_a_file(tmp_path: Path) -> None:
    for path in POLICIES.glob("link-*"):
        shutil.copy(path, tmp_path)
    write(tmp_path / "link-organisations-harbour.yaml", HARBOUR)
    own = LinkChannel(tmp_path)
    explained = own.explain("haigangyh-anquan.example")
    assert explained.resembles is not None
    assert explained.resembles.key == "harbour"
    assert own.explain("www.haigangyh.example").score == 0.0
    assert channel().explain("haigangyh-anquan.example").resembles is None


def test_scam_types_and_kinds_are_known() -> None:
    tables = load_tables(POLICIES)
    taxonomy = load_taxonomy(POLICIES.parent / "taxonomy.yaml")
    kinds = {one.kind for one in tables.organisations}
    assert set(tables.lists.scam_types) <= kinds
    for code in tables.lists.scam_types.values():
        assert code in taxonomy.main_classes or taxonomy.main_of(code)


SCAM = [f"{a}-{b}{n}.top" for a in ("verify", "wallet", "claim") for b in ("pay", "coin") for n in
        range(40)]  # fmt: skip
ORDINARY = [f"{a}{b}{c}.org" for a in ("garden", "school", "river") for b in ("news", "club")
            for c in "abcdefghijklmnopqrstuvwxyz"]  # fmt: skip


def test_training_repeats_and_separates(tmp_path: Path) -> None:
    table = load_tables(POLICIES).names
    settings = Settings(epochs=4)
    scams = [[n for n in SCAM if n.startswith("claim")], SCAM[:160]]
    model, record = train_on(scams, ORDINARY, table, settings)
    again, _ = train_on(scams, ORDINARY, table, settings)
    assert np.array_equal(model.weights, again.weights)
    assert np.array_equal(model.knots, again.knots)
    assert record["names"] == {"scam": [80, 160], "ordinary": len(ORDINARY)}
    unseen = table.take_apart(["verify-claim7.top", "lakeclub.org", "127.0.0.1"])
    odds = model.log_odds(unseen)
    assert odds[0] > odds[1]
    assert odds[2] == -np.inf
    assert (np.diff(model.rarity(np.linspace(-9, 9, 50, dtype=np.float32))) >= 0).all()
    model.save(tmp_path, record)
    read = Model.load(tmp_path)
    assert np.array_equal(read.log_odds(unseen), odds)


def test_a_broken_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        Model.load(tmp_path)
    (tmp_path / "model.npz").write_bytes((HERE / "model.npz").read_bytes()[:5_000])
    with pytest.raises(Misconfigured):
        Model.load(tmp_path)
    np.savez(tmp_path / "model.npz", weights=np.zeros(8), bias=0.0, knots=np.arange(11.0))
    with pytest.raises(Misconfigured):
        Model.load(tmp_path)


def test_one_name_is_on_one_side_of_the_split() -> None:
    train, test = held_out(SCAM, "scam")
    assert sorted(train + test) == sorted(SCAM)
    assert all(part_of(name) < 8 for name in train)
    assert held_out(train, "scam") == (train, [])
