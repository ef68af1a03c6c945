"""What a centre adds of its own: families by likeness, weights by its data, tables by hand."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest
import yaml

from fanzha.detection.app.static.channel import StaticApps
from fanzha.detection.app.static.facts import AppFacts, facts_of
from fanzha.detection.app.static.families import SLOTS, Families, minima
from fanzha.detection.app.static.figures import figures
from fanzha.detection.app.static.learned import Learned, fit
from fanzha.detection.model_file import ModelFile
from fanzha.detection.ranking import area, average_precision
from fanzha.errors import Misconfigured, Refused
from tests.fixtures import POLICIES

DETECTION = POLICIES / "detection"
APPS = StaticApps(DETECTION)


def _app(
    package: str, parts: list[str], certificate: str | None = None, **more: object
) -> AppFacts:
    return facts_of(
        {
            "package": package,
            "components": [f"{package}.{part}" for part in parts],
            "permissions": ["INTERNET", "READ_SMS", "CAMERA"],
            "schemes": ["v2"],
            "certificates": [certificate] if certificate else [],
            **more,
        }
    )


LOAN = ["ui.Splash", "ui.Borrow", "net.Upload", "svc.Contacts", "svc.Sms", "ui.Pay", "ui.Kefu"]
OTHER = ["Home", "player.Video", "player.Audio", "Settings", "About", "Search", "History"]
SIGNAL = {"code": "abc", "when": "publisher", "weight": 1, "zh": "", "en": "", "source": ""}
KEY_A, KEY_B = "a" * 64, "b" * 64


def test_a_family_is_known_by_its_parts_under_a_new_package() -> None:
    known = Families.learn(
        [(_app("com.one.x", LOAN), "快贷"), (_app("com.two.y", OTHER), "影音")], frozenset()
    )
    near = known.nearest(_app("cn.qwe.zz", [*LOAN[:-1], "ui.Help"]))
    assert near is not None
    assert near.family == "快贷"
    assert near.likeness > 0.5
    far = known.nearest(_app("org.else.app", [f"p{n}.C" for n in range(9)]))
    assert far is None or far.likeness < 0.5


def test_permissions_alone_make_no_family() -> None:
    known = Families.learn([(_app("com.one.x", LOAN), "快贷")], frozenset())
    bare = facts_of({"package": "com.one.x", "permissions": ["INTERNET", "READ_SMS", "CAMERA"]})
    assert known.nearest(bare) is None


def test_a_key_names_a_family_but_for_keys_that_everybody_has() -> None:
    debug = {"certificates": [{"sha256": KEY_B, "debug": True}]}
    known = Families.learn(
        [
            (_app("com.one.x", LOAN, KEY_A), "快贷"),
            (_app("com.two.y", OTHER, **debug), "影音"),
            (_app("com.three.z", OTHER, "c" * 64), "影音"),
        ],
        frozenset({"c" * 64}),
    )
    assert set(known.keys) == {KEY_A}
    near = known.nearest(_app("org.nothing.alike", [], KEY_A))
    assert near is not None
    assert (near.family, near.same_key) == ("快贷", True)


def test_families_speak_in_the_verdict_and_survive_the_file() -> None:
    known = Families.learn([(_app("com.one.x", LOAN), "快贷")], frozenset())
    arrays, texts = known.parts()
    back = Families.of(ModelFile("app", {}, arrays, texts))
    apps = StaticApps(DETECTION, families=back)
    sample = _app("cn.qwe.zz", LOAN, label="应用")
    (with_family,) = apps.judge([sample])
    (without,) = APPS.judge([sample])
    assert with_family.family == "快贷"
    assert "family" in {reason.code for reason in with_family.reasons}
    assert (with_family.score or 0) > (without.score or 0)
    with pytest.raises(Misconfigured):
        Families.of(ModelFile("app", {}, {}, texts))


def test_minima_estimate_the_share_in_common() -> None:
    chance = Random(4)
    for share in (0.2, 0.5, 0.9):
        both = [f"b{chance.random()}" for _ in range(int(400 * share))]
        a, b = ([f"{side}{n}" for n in range(400 - len(both))] for side in "xy")
        alike = len(both) / (800 - len(both))
        found = float((minima(both + a) == minima(both + b)).mean())
        assert abs(found - alike) < 4 * (alike * (1 - alike) / SLOTS) ** 0.5 + 0.02


def _labelled() -> tuple[list[AppFacts], np.ndarray]:
    """A centre where banking apps of its own read texts, and bad ones come with odd versions."""
    chance = Random(9)
    apps, truth = [], []
    for n in range(160):
        bad = n % 2 == 0
        apps.append(
            facts_of(
                {
                    "package": f"org.local.app{n}",
                    "label": f"应用{n}",
                    "version": "final" if bad and chance.random() < 0.8 else "2.1",
                    "target_sdk": 26,
                    "permissions": ["INTERNET", "READ_SMS"] if not bad else ["INTERNET", "CAMERA"],
                }
            )
        )
        truth.append(bad)
    return apps, np.array(truth)


def test_training_moves_the_written_weights_to_the_centre_s_apps() -> None:
    apps, truth = _labelled()
    seen, odds = APPS.evidence(apps[:100])
    model = ModelFile("app", {}, {}, {"weights": fit(seen, odds, truth[:100])})
    trained = StaticApps(DETECTION, Learned.of(model), model=model.version)
    before, after = ([v.score or 0.0 for v in judge.judge(apps[100:])] for judge in (APPS, trained))
    assert area(np.array(after), truth[100:]) > max(0.95, area(np.array(before), truth[100:]))
    assert model.version in trained.version
    assert fit(seen, odds, truth[:100]) == model.texts["weights"]


def test_too_few_apps_are_refused_and_a_damaged_model_told() -> None:
    apps, truth = _labelled()
    seen, odds = APPS.evidence(apps[:20])
    with pytest.raises(Refused) as caught:
        fit(seen, odds, truth[:20])
    assert caught.value.code == "too_few_apps"
    for text in ("[]", "{}", "nothing", '{"shift": "x", "weights": {}}'):
        with pytest.raises(Misconfigured):
            Learned.of(ModelFile("app", {}, {}, {"weights": text}))


def test_figures_of_scores() -> None:
    chance = np.random.default_rng(1)
    truth = chance.random(400) < 0.3
    scores = np.round(chance.normal(size=400) + truth, 1)
    pairs = [(a > b) + (a == b) / 2 for a in scores[truth] for b in scores[~truth]]
    assert area(scores, truth) == pytest.approx(np.mean(pairs))
    few = average_precision(np.array([3.0, 2, 1]), np.array([True, False, True]))
    assert few == pytest.approx(5 / 6)
    assert average_precision(np.zeros(4), np.array([1, 0, 0, 0], bool)) == pytest.approx(0.25)
    found = figures(scores.tolist(), truth.tolist(), 0.5)
    assert found["auc"]["low"] < found["auc"]["value"] < found["auc"]["high"]
    assert figures([0.1], [True], 0.5)["note"] == "one side only"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("app-static-signals.yaml", {"prior": "x"}),
        ("app-static-signals.yaml", {"unknown": 1}),
        ("app-static-signals.yaml", {"levels": {"suspicious": 0.9, "fraud": 0.2}}),
        ("app-static-signals.yaml", {"signals": [{**SIGNAL, "when": "no_such"}]}),
        ("app-static-signals.yaml", {"signals": [{**SIGNAL, "when": "target_sdk"}]}),
        ("app-static-signals.yaml", {"signals": [{**SIGNAL, "zh": "{no_such:words}"}]}),
        ("app-static-permissions.yaml", {"permissions": {"X": {"group": "none", "weight": 1}}}),
        ("app-static-names.yaml", {"kinds": [{"code": "x"}]}),
        ("app-static-markers.yaml", {"packers": [{"key": "x", "zh": "x", "en": "x", "odd": []}]}),
        ("app-static-organisations.yaml", {"packages": {"no_such_organisation": ["a.b"]}}),
        ("app-static-organisations.yaml", {"in_force_on": "soon"}),
    ],
)  # fmt: skip
def test_a_table_that_is_wrong_is_told(tmp_path: Path, name: str, change: dict) -> None:
    folder = tmp_path / "detection"
    shutil.copytree(DETECTION, folder)
    held = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    (folder / name).write_text(yaml.safe_dump(held | change, allow_unicode=True), encoding="utf-8")
    with pytest.raises(Misconfigured):
        StaticApps(folder)


def test_a_confirmed_certificate_settles_whose_app_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "detection"
    shutil.copytree(DETECTION, folder)
    path = folder / "app-static-organisations.yaml"
    held = yaml.safe_load(path.read_text(encoding="utf-8"))
    held["certificates"] = {"icbc": [KEY_A]}
    path.write_text(yaml.safe_dump(held, allow_unicode=True), encoding="utf-8")
    apps = StaticApps(folder)
    real = _app("com.icbc", LOAN, KEY_A, label="中国工商银行")
    forged = _app("com.icbc", LOAN, KEY_B, label="中国工商银行")
    (good, bad) = apps.judge([real, forged])
    assert {"confirmed_certificate"} <= {reason.code for reason in good.reasons}
    assert {"wrong_certificate"} <= {reason.code for reason in bad.reasons}
    assert good.score is not None
    assert bad.score is not None
    assert good.score < 0.02
    assert bad.score > 0.5
