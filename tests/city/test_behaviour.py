"""Behaviour files: another file is another run, and a slip of the pen is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from fanzha.city.behaviour import POLICIES, load_behaviour
from fanzha.city.generate import generate
from fanzha.errors import Misconfigured
from tests.city.conftest import START

DEFAULT: dict[str, Any] = yaml.safe_load((POLICIES / "default.yaml").read_text(encoding="utf-8"))


def _over(folder: Path, **changes: Any) -> Path:
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump({"extends": "default.yaml", **changes}), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["default", "demo", "rough", "dense"])
def test_shipped_files_are_sound(name: str) -> None:
    assert load_behaviour(POLICIES / f"{name}.yaml").version.startswith("2026")


def test_another_file_changes_the_run(tmp_path: Path) -> None:
    quiet = load_behaviour(
        _over(tmp_path, scams={"engaged_per_10k_day": 0}, dens={"goip": {"answered": 0.1}})
    )
    plain = load_behaviour(POLICIES / "default.yaml")
    assert quiet.calls == plain.calls
    without = generate(400, 1, 9, START, quiet).truth["truth_incident"]
    with_some = generate(400, 1, 9, START, plain).truth["truth_incident"]
    assert all(len(stages) == 1 for stages in without["stages"].to_pylist())
    assert not without.equals(with_some)


def _sections() -> list[tuple[str, ...]]:
    """Every mapping of the default file whose keys are fixed."""
    open_keys = {("texts", "per_day"), ("texts", "personal"), ("scams", "scripts")}
    found: list[tuple[str, ...]] = [()]
    for name, section in DEFAULT.items():
        if isinstance(section, dict):
            found.append((name,))
            found += [
                (name, key)
                for key, inner in section.items()
                if isinstance(inner, dict) and (name, key) not in open_keys
            ]
    return found


@pytest.mark.parametrize("section", _sections(), ids="/".join)
def test_unknown_keys_are_refused_everywhere(section: tuple[str, ...], tmp_path: Path) -> None:
    changes: dict[str, Any] = {}
    inner = changes
    for key in section:
        inner[key] = {}
        inner = inner[key]
    inner["no_such_key"] = 1
    with pytest.raises(Misconfigured) as bad:
        load_behaviour(_over(tmp_path, **changes))
    assert bad.value.field is not None
    assert section == () or bad.value.field.startswith(section[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"texts": {"per_day": {"no_such_rule": 1.0}}},
        {"texts": {"personal": {"no_such_rule": 1.0}}},
        {"scams": {"scripts": {"XX99": DEFAULT["scams"]["scripts"]["SD01"]}}},
        {"scams": {"engaged_per_10k_day": -1}},
        {"coverage": {"visit": 1.5}},
        {"mules": {"exits": {"submarine": 1.0}}},
        {"mules": {"layers": []}},
        {"mules": {"layers": [DEFAULT["mules"]["layers"][0]] * 6}},
        {"dens": {"castle": DEFAULT["dens"]["goip"]}},
        {"scams": {"staged_types": ["XX99"]}},
        {"delivery": {"call": [{"name": "a", "share": 1.0, "without": ["caller"]}]}},
        {"delivery": {"letters": [{"name": "a", "share": 1.0}]}},
        {"seen_twice": {"call": 1.5}},
        {"rhythms": {"life": {"hours": [1, 2, 3]}}},
    ],
)
def test_wrong_values_are_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        load_behaviour(_over(tmp_path, **changes))


def _script(**changes: Any) -> dict[str, Any]:
    return {"scams": {"scripts": {"SD01": {**DEFAULT["scams"]["scripts"]["SD01"], **changes}}}}


def test_the_steps_of_a_script_stand_in_order(tmp_path: Path) -> None:
    steps = DEFAULT["scams"]["scripts"]["SD01"]["steps"]
    with pytest.raises(Misconfigured, match="order"):
        load_behaviour(_over(tmp_path, **_script(steps=steps[::-1])))
    with pytest.raises(Misconfigured, match="begins with contact"):
        load_behaviour(_over(tmp_path, **_script(steps=steps[4:])))
    visit = [{"stage": "contact", "do": "visit", "site": "law"}]
    with pytest.raises(Misconfigured, match="not among"):
        load_behaviour(_over(tmp_path, **_script(steps=visit)))
    half = [{"stage": "contact", "do": "text", "origin": ["port"]}]
    with pytest.raises(Misconfigured, match="needs"):
        load_behaviour(_over(tmp_path, **_script(steps=half)))


def test_a_script_names_what_there_is(tmp_path: Path) -> None:
    for changes in ({"sites": {"task": ["nobody"]}}, {"cold_texts": "no_such_text"}):
        behaviour = load_behaviour(_over(tmp_path, **_script(**changes)))
        with pytest.raises(Misconfigured, match="there are no"):
            generate(100, 0.1, 1, START, behaviour)


def test_files_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{one}.yaml").write_text(f"extends: {other}.yaml\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match="extend each other"):
        load_behaviour(tmp_path / "a.yaml")
    with pytest.raises(Misconfigured, match="no file"):
        load_behaviour(tmp_path / "missing.yaml")
    (tmp_path / "list.yaml").write_text("- 1\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match="mapping"):
        load_behaviour(tmp_path / "list.yaml")
