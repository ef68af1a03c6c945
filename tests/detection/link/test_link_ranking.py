"""The trained number of a link: learnt from rows of our own, read back, held to its bounds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visits import POLICIES

from fanzha.detection.link.ranking.forest import Forest, forest_of
from fanzha.detection.link.ranking.measure import ranking
from fanzha.detection.link.ranking.model import Ranker
from fanzha.detection.link.ranking.policy import load_ranking
from fanzha.detection.link.ranking.standins import (
    on_platforms,
    ordinary_paths,
    package_paths,
    scam_paths,
    with_fronts,
)
from fanzha.detection.link.ranking.train import Settings, train
from fanzha.detection.link.v1.address import HOST, HOST_END
from fanzha.detection.link.v1.tables import Tables, load_tables
from fanzha.detection.model_file import ModelFile, write_model
from fanzha.errors import Misconfigured, Refused

QUICK = Settings(epochs=3, folds=2, trees=15, least_in_leaf=5, paths_made=400)
WORDS = ("garden", "school", "river", "museum", "bakery", "cycling", "library", "weather")
BAITS = ("claim", "verify", "wallet", "airdrop", "unlock", "refund", "secure", "bonus")


@cache
def tables() -> Tables:
    return load_tables(POLICIES)


def rows() -> tuple[list[str], np.ndarray]:
    ordinary = [f"{a}{b}{c}.example" for a in WORDS for b in WORDS for c in ("", "s", "club")]
    scam = [
        f"http://{a}-{b}{n}.top/{a}/login.php?id={n}" for a in BAITS for b in BAITS for n in (1, 22)
    ]
    return ordinary + scam, np.arange(len(ordinary) + len(scam)) >= len(ordinary)


@cache
def trained() -> ModelFile:
    urls, scam = rows()
    return train(tables().names.take_apart(urls), scam, tables(), QUICK)


@cache
def ranker() -> Ranker:
    return Ranker.of(trained(), tables(), POLICIES)


def score(urls: list[str], by: Ranker | None = None) -> np.ndarray:
    return (by or ranker()).score(tables().names.take_apart(urls)).score


def test_training_repeats_and_ranks_names_it_never_saw() -> None:
    urls, scam = rows()
    again = train(tables().names.take_apart(urls), scam, tables(), QUICK)
    assert again.version == trained().version
    unseen = [
        "bakerylake.example",
        "schoolbaths.example",
        "verify-refund9.top",
        "bonus-claim77.top",
    ]
    found = score(unseen)
    assert found[:2].max() < found[2:].min()
    assert len(set(found.tolist())) > 2


def test_a_model_file_gives_the_same_answers(tmp_path: Path) -> None:
    write_model(tmp_path / "m", trained())
    urls = [*rows()[0][:50], "www.icbc.com.cn", "http://47.1.2.3/x.apk"]
    read = Ranker.load(tables(), POLICIES, tmp_path / "m")
    assert np.array_equal(score(urls), score(urls, read))


@pytest.mark.parametrize(
    "name",
    ["numbers", "name_weights", "path_weights", "knots", "known_keys", "known_values",
     "forest_column", "forest_limit", "forest_left", "forest_right", "forest_leaves",
     "forest_roots"],
)  # fmt: skip
def test_an_array_of_another_shape_is_named_when_it_is_read(name: str) -> None:
    """Not found while scoring, where it would be a fault of ours."""
    whole = trained()
    right = whole.arrays[name]
    wrong = [right.reshape(1, 1, -1), right.astype("U8"), np.array(1, right.dtype),
             right.astype(np.complex64)]  # fmt: skip
    if right.dtype.kind == "f":
        wrong += [np.full_like(right, v, np.float64) for v in (1e300, -1e30, np.nan, np.inf)]
    for array in wrong:
        with pytest.raises(Misconfigured) as refused:
            Ranker.of(ModelFile("link", {}, {**whole.arrays, name: array}), tables(), POLICIES)
        assert (refused.value.code, refused.value.field) == ("model_invalid", name)
        assert name in refused.value.en


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    whole = trained()
    for name in whole.arrays:
        arrays = {key: value for key, value in whole.arrays.items() if key != name}
        with pytest.raises(Misconfigured):
            Ranker.of(ModelFile("link", {}, arrays), tables(), POLICIES)
    for name, wrong in (
        ("name_weights", np.zeros(8, np.float16)),
        ("forest_left", np.zeros_like(whole.arrays["forest_left"])),
        ("forest_column", whole.arrays["forest_column"] + 99),
        ("forest_roots", whole.arrays["forest_roots"] + 10**6),
        ("known_values", np.full_like(whole.arrays["known_values"], 7)),
    ):
        with pytest.raises(Misconfigured):
            Ranker.of(ModelFile("link", {}, {**whole.arrays, name: wrong}), tables(), POLICIES)
    keys = whole.arrays["known_keys"]
    again = {**whole.arrays, "known_keys": np.full_like(keys, keys[0])}
    with pytest.raises(Misconfigured):
        Ranker.of(ModelFile("link", {}, again), tables(), POLICIES)
    (tmp_path / "m").write_bytes(b"PK no model")
    with pytest.raises(Misconfigured):
        Ranker.load(tables(), POLICIES, tmp_path / "m")


def test_too_few_rows_are_refused() -> None:
    urls = [
        f"{kind}{n}.example" for kind in ("lqzm", "school") for n in range(49 + (kind == "school"))
    ]
    scam = np.array([url.startswith("lqzm") for url in urls])
    with pytest.raises(Refused, match="50 different"):
        train(tables().names.take_apart(urls), scam, tables(), QUICK)


def test_the_shipped_model_answers_and_is_what_its_file_says() -> None:
    shipped = Ranker.load(tables(), POLICIES)
    assert shipped.version.startswith("link-")
    found = score(["metamask-walletrestore-airdrop.example", "shanghai-library.example"], shipped)
    assert found[0] > 0.5 > found[1]


names = st.sampled_from(["riverschool.example", "verify-bonus4.top", "lqzm.example", "a.b.lqzm.cn"])
innocent = st.sampled_from(["", "/", "?", "/?", "#top", "/#", "//"])


@settings(max_examples=60, deadline=None)
@given(names, innocent)
def test_an_empty_path_says_nothing(name: str, path: str) -> None:
    assert score([name]) == score([name + path])


@settings(max_examples=200, deadline=None)
@given(names, st.sampled_from(sorted(package_paths())[::7] + ordinary_paths(300, 5)))
def test_a_path_moves_the_number_no_further_than_the_policy_lets_it(name: str, path: str) -> None:
    policy = load_ranking(POLICIES / "link-ranking.yaml")
    bare, full = (np.log(p / (1 - p)) for p in score([name, f"{name}/{path}"]))
    extra = policy.installer if ".apk" in path else 0.0
    assert policy.path_least - 1e-3 <= full - bare <= policy.path_most + extra + 1e-3


@settings(max_examples=40, deadline=None)
@given(names)
def test_scheme_www_and_usual_ports_say_nothing(name: str) -> None:
    forms = [name, f"http://{name}", f"https://www.{name}/", f"www.{name}:443", f"HTTP://{name}."]
    assert len(set(score(forms).tolist())) == 1


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=60), names, st.binary(max_size=60).map(
    lambda raw: "http://" + raw.decode("latin-1"))), max_size=8))  # fmt: skip
def test_any_text_is_scored_or_is_no_address_whatever_stands_beside_it(urls: list[str]) -> None:
    together = score(urls)
    assert together.shape == (len(urls),)
    real = together[~np.isnan(together)]
    assert ((real > 0.0) & (real < 1.0)).all()
    alone = np.array([score([url])[0] for url in urls])
    assert np.array_equal(together, alone, equal_nan=True)


def test_enormous_addresses_are_scored_or_refused() -> None:
    urls = ["a." * 120 + "example", "x" * 63 + ".example", "http://e.example/" + "%41/" * 1_500,
            "http://e.example/" + "a" * 9_000, "@" * 5_000, "http://" + "u" * 4_000 + "@e.example/",
            "xn--" + "9" * 59 + ".example", "\x00" * 100, "http://[" + ":" * 500 + "]"]  # fmt: skip
    found = score(urls)
    assert not np.isnan(found[:4]).any()
    assert np.isnan(found[[4, 7, 8]]).all()


def test_a_known_name_and_a_listed_holder_weigh_as_the_policy_says() -> None:
    addresses = tables().names.take_apart(
        ["gardenschool.example", "claim-bonus1.top", "new.example"]
    )
    policy = ranker().policy
    known = ranker().score(addresses).known.tolist()
    assert known == [policy.known_ordinary, policy.known_scam, 0.0]
    assert ranker().seen(addresses).tolist() == [True, True, False]
    assert score(["www.icbc.com.cn"])[0] < score(["www.icbc.com.cn.lqzm.example"])[0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 24))
def test_flat_trees_answer_as_lightgbm_does(seed: int, leaves: int) -> None:
    chance = np.random.default_rng(seed)
    columns = chance.integers(0, 9, (300, 4)).astype(np.float32) / 7
    wanted = (columns[:, 0] + chance.random(300) > columns[:, 1]).astype(np.float32)
    how = {"objective": "binary", "num_leaves": leaves, "verbose": -1, "num_threads": 1,
           "min_data_in_leaf": 5, "boost_from_average": False, "use_missing": False}  # fmt: skip
    model = lightgbm.train(how, lightgbm.Dataset(columns, wanted), 8)
    flat = forest_of(model.model_to_string())
    assert np.allclose(flat.raw(columns), model.predict(columns, raw_score=True), atol=1e-5)
    again = Forest.of_file(ModelFile("link", {}, flat.arrays()), 4)
    assert np.array_equal(again.raw(columns), flat.raw(columns))


def test_ranking_figures_against_counting() -> None:
    chance = np.random.default_rng(3)
    scores, scam = chance.normal(size=3_000).round(2), chance.random(3_000) < 0.4
    scores[scam] += 1.5
    found = ranking(scores, scam)
    assert found is not None
    high, low = scores[scam], scores[~scam]
    pairs = (high[:, None] > low).mean() + 0.5 * (high[:, None] == low).mean()
    assert found.auc == pytest.approx(pairs)
    assert found.auc_interval[0] < found.auc < found.auc_interval[1]
    assert (low > found.threshold[0.01]).mean() <= 0.01
    assert found.recall[0.01] == (high > found.threshold[0.01]).mean()
    assert found.recall_interval[0.01][0] <= found.recall[0.01] <= found.recall_interval[0.01][1]
    assert ranking(scores, np.ones(3_000, np.bool_)) is None


def test_standins_repeat_and_are_addresses() -> None:
    for make in (ordinary_paths, scam_paths):
        assert make(50, 1) == make(50, 1) != make(50, 2)
        assert not np.isnan(score([f"lqzm.example/{path}" for path in make(300, 1)])).any()
    fronts = with_fronts(["lqzm.example"], 20, 1) + on_platforms(["lqzm"], 20, 1)
    assert not np.isnan(score(fronts)).any()
    assert not any("@" in path for path in package_paths())


@pytest.mark.parametrize("change", ["colour: red\n", "user: much\n", "path_least: 3.0\n"])
def test_a_policy_with_a_mistake_is_refused(tmp_path: Path, change: str) -> None:
    text = (POLICIES / "link-ranking.yaml").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if line.split(":")[0] != change.split(":")[0]]
    (tmp_path / "p.yaml").write_text("\n".join(kept) + "\n" + change, encoding="utf-8")
    with pytest.raises(Misconfigured):
        load_ranking(tmp_path / "p.yaml")


SHIPPED = cache(lambda: Ranker.load(tables(), POLICIES))


@pytest.mark.parametrize(
    "url",
    [
        "paypa1.com", "lcbc.com.cn", "taoba0.com", "alipay-service.com",
        "icbc.com.cn.verify.example.com", "аlipay.com", "xn--pypal-4ve.com", "раураl.com",
        "http://аpple.com", "www.аррӏе.com", "xn--80ak6aa92e.com", "icbc.vercel.app",
        "http://evil.top#@icbc.com.cn", "http://evil.top/@www.icbc.com.cn/x",
        "hxxps://alipay-login[.]top/x",
    ],
)  # fmt: skip
def test_who_is_named_a_look_alike_is_no_ordinary_address(url: str) -> None:
    assert score([url], SHIPPED())[0] >= 0.5


@pytest.mark.parametrize(
    "url",
    ["icbc-us.com", "www.icbc.com.cn", "mybank.icbc.com.cn", "paypal.com", "applebees.com",
     "apple.com", "google.com.br", "http://icbc.com.cn#@icbc.com.cn"],
)  # fmt: skip
def test_ones_own_and_other_words_are_no_look_alikes(url: str) -> None:
    assert score([url], SHIPPED())[0] < 0.2


def test_no_length_hides_a_host() -> None:
    plain = score(["http://paypa1.com/"], SHIPPED())[0]
    long = ["http://paypa1.com/" + "a" * 9_000, "http://" + "a" * 9_000 + "@paypa1.com/",
            "http://paypa1.com/" + "好" * 9_000]  # fmt: skip
    assert (score(long, SHIPPED()) >= plain - 0.01).all()
    alone = tables().names.take_apart(long[:1])
    among = tables().names.take_apart(["a.example", *long, "b.example/x", *long])
    assert among.parts[1].tolist() == alone.parts[0].tolist()
    assert among.text(4, HOST, HOST_END) == "b.example"
