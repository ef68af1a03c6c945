"""Texts: what standard tools reach and what ours reach on the same rows, nothing seen before.

`python -m bench.quality.texts --data DIR [--each N] [--only own|english|left]`. Texts that are the
same in normal form are dropped; near-duplicates stand on one side of a split. `sms_fbs` is read as
it stands, its words set apart by spaces. The baseline is TF-IDF over
runs of 1–4 characters with a linear SVM and with logistic regression (scikit-learn). Ours is what
`fanzha train text` makes, with the allowance of a batch for the sentence encoder.

`own`: two thirds of `sms_fbs` teach, a third is measured: fraud, texts in no near-duplicate group,
four kinds; split by group, and once more at random with exact doubles alone dropped, as figures of
standard tools are usually taken. `english`: the same of `sms_en_smishing`, its labels set right by
one row. `left`: each source is left out in turn and measured, then the stand-ins by a model of
all sources; a threshold that 1 % of one source's honest texts reach is tried on the others.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.rate import wilson
from fanzha.detection.text.cascade.answer import Cascade
from fanzha.detection.text.cascade.figures import class_figures, fraud_figures, recall_at
from fanzha.detection.text.cascade.model import TextModel
from fanzha.detection.text.cascade.near import alike
from fanzha.detection.text.cascade.samples import Samples, own
from fanzha.detection.text.cascade.train import Settings, train
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser

Bools = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
POLICIES = Path(__file__).parents[2] / "policies"
STAND_IN = Path(__file__).parent / "stand_in"
KINDS = ("AD", "FR", "IL", "Other")
_PARTS = 3
_PIECE = 4_000


@dataclass(frozen=True, eq=False)
class Rows:
    """Texts of one source without doubles. `kind` is an index into KINDS, −1 for none."""

    name: str
    texts: list[str]
    fraud: Bools
    kind: I64
    talk: bool
    group: I64

    def of(self, rows: npt.NDArray[Any]) -> Rows:
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        return Rows(
            self.name, [self.texts[k] for k in rows.tolist()], self.fraud[rows], self.kind[rows],
            self.talk, self.group[rows],
        )  # fmt: skip

    @property
    def held_out(self) -> Bools:
        """A third, by group."""
        out: Bools = self.group * 2654435761 % 2**32 // 2**16 % _PARTS == 0
        return out

    @property
    def at_random(self) -> Bools:
        """A third, row by row: near-duplicates may stand on both sides."""
        return np.random.default_rng(11).random(self.fraud.size) < 1 / _PARTS


def read(data: Path, name: str, each: int, normaliser: Normaliser) -> Rows:
    """Up to `each` rows of a set (0: all), chosen evenly at random."""
    table = pl.read_parquet(data / f"{name}.parquet")
    kind = np.full(table.height, -1, dtype=np.int64)
    if name == "dialogues_teleantifraud":
        texts = ["\n".join(turn for turn in call if turn) for call in table["caller"]]
        fraud = table["fraud"].cast(pl.Boolean).to_numpy()
    elif name == "sms_fbs":
        texts = table["text"].to_list()
        said = [label[:2] if label != "Other" else label for label in table["label"]]
        kind = np.array([KINDS.index(one) for one in said])
        fraud = kind == KINDS.index("FR")
    elif name == "sms_zh_spam":  # what it calls spam is adverts and scams together: left aside
        texts = table.filter(pl.col("spam").cast(pl.Int64) == 0)["text"].to_list()
        fraud, kind = np.zeros(len(texts), dtype=bool), np.full(len(texts), -1)
    elif name == "sms_en_smishing":  # a text's label stands a row before it
        texts = table["text"].to_list()[1:]
        fraud = (table["label"] == "smishing").to_numpy()[:-1]
        kind = kind[1:]
    else:
        texts = table["text"].to_list()
        fraud = (table["label"] != "normal").to_numpy()
    rows = np.random.default_rng(7).permutation(len(texts))
    rows = np.sort(rows[: each or rows.size])
    normal = normaliser([texts[k] for k in rows.tolist()])
    first: dict[str, int] = {}
    for k in range(rows.size):
        if normal.row(k):
            first.setdefault(normal.row(k), k)
    rows = rows[sorted(first.values())]
    chosen = [texts[k] for k in rows.tolist()]
    group = alike(normaliser(chosen))
    return Rows(name, chosen, fraud[rows], kind[rows], name.startswith("dialogues"), group)


def stand_in(name: str) -> tuple[Rows, list[str]]:
    """Written texts of which there is no open set, and the style of each."""
    lines = (STAND_IN / f"{name}.jsonl").read_text("utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    texts = [
        one.get("text") or "\n".join(turn["text"] for turn in one["turns"] if turn["who"] == "them")
        for one in items
    ]
    fraud = np.array([one["fraud"] == 1 for one in items])
    many = np.arange(len(items))
    rows = Rows(name, texts, fraud, np.full(many.size, -1), name == "chats", many)
    return rows, [str(one["style"]) for one in items]


Judge = Callable[[Rows], F64]
"""Scores of texts; one above 0.5 says fraud."""


def baselines(teach: Sequence[Rows]) -> Iterator[tuple[str, Judge]]:
    """Linear models on TF-IDF of 1–4 characters; sources weigh alike where they are several."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

    words = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 4), min_df=2, sublinear_tf=True, max_features=500_000
    )
    grams = words.fit_transform([text for rows in teach for text in rows.texts])
    fraud = np.concatenate([rows.fraud for rows in teach])
    weight = np.concatenate([np.full(rows.fraud.size, 1 / rows.fraud.size) for rows in teach])
    weight *= weight.size / weight.sum()
    for name, model in (
        ("TF-IDF + linear SVM", LinearSVC(C=1.0)),
        ("TF-IDF + logistic", LogisticRegression(C=10.0, max_iter=200)),
    ):
        model.fit(grams, fraud, sample_weight=weight if len(teach) > 1 else None)

        def judge(rows: Rows, model: Any = model) -> F64:
            odds = model.decision_function(words.transform(rows.texts))
            return 1 / (1 + np.exp(-np.asarray(odds, dtype=np.float64)))

        yield name, judge


def kinds_by_baseline(teach: Rows, test: Rows) -> list[str]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2, sublinear_tf=True)
    model = LinearSVC(C=1.0).fit(words.fit_transform(teach.texts), teach.kind)
    return [KINDS[k] for k in model.predict(words.transform(test.texts)).tolist()]


class Ours:
    """A cascade trained on some sources."""

    def __init__(self, model: TextModel) -> None:
        self.cascade = Cascade.load(POLICIES, model)
        self.asked: dict[str, float] = {}

    @classmethod
    def taught(cls, teach: Sequence[Rows], normaliser: Normaliser, *, kinds: bool) -> Ours:
        classes = KINDS if kinds else ()
        fraud = np.array([one == "FR" for one in classes], dtype=bool)
        said = train(samples(teach, normaliser), classes, fraud, POLICIES, Settings(), tell)
        return cls(said)

    def __call__(self, rows: Rows) -> F64:
        return self.read(rows)[0]

    def read(self, rows: Rows) -> tuple[F64, list[str | None]]:
        """Scores and kinds, the encoder within the allowance of a batch."""
        allowance = self.cascade.policy.in_batch()
        score, kinds = [], []
        for k in range(0, len(rows.texts), _PIECE):
            texts = rows.texts[k : k + _PIECE]
            answers = self.cascade.read(texts, np.full(len(texts), rows.talk), allowance)
            score.append(answers.score)
            kinds += answers.classes
        self.asked[rows.name] = round(allowance.asked / allowance.seen, 3)
        return np.concatenate(score), kinds


def samples(teach: Sequence[Rows], normaliser: Normaliser) -> Samples:
    return own(
        [text for rows in teach for text in rows.texts],
        np.concatenate([rows.fraud for rows in teach]),
        np.concatenate([rows.kind for rows in teach]),
        [rows.name for rows in teach for _ in rows.texts],
        np.concatenate([np.full(rows.fraud.size, rows.talk) for rows in teach]),
        normaliser,
    )


def tell(zh: str, en: str) -> None:
    sys.stderr.write(f"{en}\n")


def say(what: str, who: str, figures: dict[str, Any]) -> None:
    """One row of the table."""
    parts = [f"{name} {shown(value)}" for name, value in figures.items()]
    print(f"| {what} | {who} | {'; '.join(parts)} |", flush=True)


def shown(value: Any) -> str:
    if isinstance(value, list):
        return f"{value[0]:.3f} ({value[1]:.3f}–{value[2]:.3f})"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def chosen(score: F64, rows: Rows, names: Sequence[str]) -> dict[str, Any]:
    figures = fraud_figures(score, rows.fraud)
    return {name: figures[name] for name in names if figures[name] is not None}


OWN = ("f1", "recall_at_1_percent", "recall_at_0.1_percent", "auc")
LEFT = ("auc", "f1", "recall", "false_positives")


def own_source(rows: Rows, normaliser: Normaliser, *, kinds: bool) -> None:
    """Fraud, unseen texts and kinds of a real set, split by group and at random."""
    for how, out in (("by group", rows.held_out), ("at random", rows.at_random)):
        own_split(f"{rows.name} {how}", rows.of(~out), rows.of(out), normaliser, kinds=kinds)


def own_split(what: str, teach: Rows, test: Rows, normaliser: Normaliser, *, kinds: bool) -> None:
    """What is learned of one part, measured on the other."""
    known = np.isin(test.group, teach.group)
    many = np.bincount(test.group)
    alone = test.of(~known & (many[test.group] == 1))
    ours = Ours.taught([teach], normaliser, kinds=kinds)
    judges: list[tuple[str, Judge]] = [
        *baselines([teach]),
        ("ours", ours),
        ("ours, shipped", Ours(TextModel.load())),
    ]
    for name, judge in judges:
        say(f"{what}, fraud, {test.fraud.size} texts", name, chosen(judge(test), test, OWN))
        say(
            f"… {alone.fraud.size} in no near-duplicate group", name,
            chosen(judge(alone), alone, ("f1", "auc")),
        )  # fmt: skip
    if kinds:
        meant = [KINDS[k] for k in test.kind.tolist()]
        said = [one or "—" for one in ours.read(test)[1]]
        for name, found in (
            ("TF-IDF + linear SVM", kinds_by_baseline(teach, test)), ("ours", said),
        ):  # fmt: skip
            figures = class_figures(found, meant)
            say("four kinds", name, {key: figures[key] for key in ("weighted_f1", "macro_f1")})
    say("share read by the encoder", "ours", dict(ours.asked))


def left_out(sets: Sequence[Rows], normaliser: Normaliser) -> None:
    """Each source by models of the others; the stand-ins by models of all."""
    for left in sets:
        if not left.fraud.any():
            continue
        teach = [rows for rows in sets if rows is not left]
        for name, judge in judges_of(teach, normaliser):
            say(f"{left.name} left out", name, chosen(judge(left), left, LEFT))
    teach = [rows.of(~rows.held_out) for rows in sets]
    for name, judge in judges_of(teach, normaliser):
        for other in ("chats", "polished"):
            rows, style = stand_in(other)
            score = judge(rows)
            say(f"{other}, written stand-in", name, chosen(score, rows, LEFT))
            if other == "polished":
                for kind in ("sourced", "polished"):
                    some = ~rows.fraud | np.array([one == kind for one in style])
                    recall = recall_at(score[some], rows.fraud[some], 0.05)
                    there = int(rows.fraud[some].sum())
                    rate = [recall, *wilson(round(recall * there), there)]
                    say(f"… {kind}, recall at 5 %", name, {"recall": rate})
        thresholds_moved(name, judge, [rows.of(rows.held_out) for rows in sets])


def judges_of(teach: Sequence[Rows], normaliser: Normaliser) -> list[tuple[str, Judge]]:
    ours = Ours.taught(teach, normaliser, kinds=False)
    return [*baselines(teach), ("ours", ours), ("ours, shipped", Ours(TextModel.load()))]


def thresholds_moved(name: str, judge: Judge, sets: Sequence[Rows]) -> None:
    """False alarms on one source at the threshold that 1 % of another's honest texts reach."""
    honest = {rows.name: judge(rows)[~rows.fraud] for rows in (*sets, stand_in("chats")[0])}
    worst: dict[str, Any] = {}
    for a, of_a in honest.items():
        for b, of_b in honest.items():
            if a != b:
                hits = int((of_b > np.quantile(of_a, 0.99)).sum())
                worst[f"{a} → {b}"] = [hits / of_b.size, *wilson(hits, of_b.size)]
    most = sorted(worst, key=lambda pair: -worst[pair][0])[:3]
    say("threshold moved, the three worst", name, {pair: worst[pair] for pair in most})


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--each", type=int, default=0, help="rows of each set; 0: all")
    parser.add_argument("--only", choices=("own", "english", "left"))
    asked = parser.parse_args()
    normaliser = Normaliser.load(POLICIES / "text" / VARIANTS_FILE)
    print("| what | who | figures |\n|---|---|---|")
    if asked.only in (None, "own"):
        fbs = read(asked.data, "sms_fbs", asked.each, normaliser)
        own_source(fbs, normaliser, kinds=True)
    if asked.only in (None, "english"):
        english = read(asked.data, "sms_en_smishing", asked.each, normaliser)
        own_source(english, normaliser, kinds=False)
    if asked.only in (None, "left"):
        names = ("sms_fbs", "texts_telecom5", "dialogues_teleantifraud", "sms_zh_spam")
        sets = [read(asked.data, name, asked.each, normaliser) for name in names]
        left_out(sets, normaliser)


if __name__ == "__main__":
    main()
