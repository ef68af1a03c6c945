"""Short messages read a second on one core: the first stage, and the whole channel with it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import yaml

from bench.running.figure import Figure
from bench.running.machine import on_one_core
from fanzha.detection.arrays import instants, keys_of
from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.campaign.told import new_clusters
from fanzha.detection.text.v1.channel import TextChannel
from fanzha.detection.text.v1.corpus import Sample, written
from fanzha.detection.text.v1.evidence import Evidence, Reader
from fanzha.detection.text.v1.steps import STEPS_FILE
from fanzha.records.door import admit
from fanzha.values import reserved

POLICIES = Path(__file__).resolve().parent.parent / "policies"
ROWS = 60_000
PEER_ROWS = 3_000
PRIOR = (0.0, 0.0)
TFIDF = "scikit-learn: TF-IDF of 1-4 characters, linear SVM"
POLARS = "Polars: the same steps as regular expressions"
START_MS = 1_795_000_000_000
ORDINARY = (
    "【银行】您尾号{n}的卡{d}日消费支出人民币{n}.50元，余额{n}.33元。",
    "【快递】您的快件已到驿站，凭取件码{d}-{d}-{n}领取，请于今日20点前取件。",
    "【运营商】您本月已使用流量{d}GB，剩余{d}GB，话费余额{n}元。",
    "您的验证码是{n}，5分钟内有效，请勿向任何人泄露。",
    "妈，我今晚{d}点到家，不用等我吃饭",
    "明天上午{d}点在三楼会议室开会，请带上季度报表。",
    "【超市】周末鸡蛋{d}元一斤，满{n}减20，详情www.shop{d}.example，回T退订",
)
SCAM = "兼职刷单日结，点赞就有佣金，一单{d}元，加微信ab{n}进群领任务"


def run(*, quick: bool = False) -> Figure:
    """First stage: an Arrow column in; scores of fraud and grey trade, types of the found, out."""
    core = on_one_core()
    channel, reader = TextChannel(POLICIES), Reader.load(POLICIES, PRIOR)
    frame = _batch(ROWS // 20 if quick else ROWS)
    few = frame[: PEER_ROWS // 20 if quick else PEER_ROWS]
    plain = frame.filter(pl.col("source") == "ordinary")
    samples = written(
        POLICIES / "text" / "written_messages.yaml",
        load_taxonomy(POLICIES / TAXONOMY_FILE), 3, 1 if quick else 6,
    )  # fmt: skip
    bodies, evaded = frame["body"].to_arrow(), pa.array([one.text for one in samples])
    patterns, judge = _patterns(), _tfidf(samples[:: 4 if quick else 1])
    works: dict[str, tuple[int, Callable[[], object]]] = {
        "first": (frame.height, lambda: _first(reader, bodies)),
        "written_and_evaded": (len(evaded), lambda: _score(reader, evaded)),
        "channel": (frame.height, lambda: _read(channel, frame)),
        "channel_ordinary_only": (plain.height, lambda: _read(channel, plain)),
        "clusters": (frame.height, lambda: _cluster(reader, frame)),
        TFIDF: (few.height, lambda: judge(few["body"].to_list())),
        POLARS: (few.height, lambda: _by_patterns(few, patterns)),
    }
    _read(channel, few)
    _first(reader, bodies)
    rounds = [
        {name: _rate(rows, work) for name, (rows, work) in works.items()}
        for _ in range(3 if quick else 5)
    ]
    median = {name: statistics.median(one[name] for one in rounds) for name in works}
    return Figure(
        name="texts",
        ours=median["first"],
        unit="messages/s",
        peers={name: median[name] for name in (TFIDF, POLARS)},
        also={
            "slowest_round": min(one["first"] for one in rounds),
            "fastest_round": max(one["first"] for one in rounds),
            **{k: median[k] for k in list(works)[1:5]},
        },
        settings={
            "core": f"one ({core})",
            "messages": f"{frame.height:,} made ones, 0.2 % scams",
            "mean_bytes": round(float(frame["body"].str.len_bytes().mean() or 0), 1),  # type: ignore[arg-type]
            "first": "normal form, steps, grams, both scores, scam type where the score is 0.5",
            "written_and_evaded": f"{len(evaded):,} training messages, half of them scams; no type",
            "channel": "the first stage, addresses, senders' windows, signals, findings",
            "clusters": "normal form, MinHash, cluster, distinct senders and recipients, hours",
            "clock": "processor time of this process",
            "peers": f"on {few.height:,} of them; no normal form, no reasons",
        },
    )


def _batch(rows: int) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    scam = rng.random(rows) < 0.002
    which = rng.integers(0, len(ORDINARY), rows)
    bodies = [
        (SCAM if scam[k] else ORDINARY[which[k]]).format(n=1000 + k % 8999, d=1 + k % 28)
        for k in range(rows)
    ]
    table = pa.table(
        {
            "event_id": pa.array(range(rows), pa.uint64()),
            "source": ["scam" if one else "ordinary" for one in scam],
            "at": pa.array([START_MS + 10 * k for k in range(rows)], pa.timestamp("ms", "UTC")),
            "sender": [reserved.port(k % 500) for k in range(rows)],
            "recipient": [reserved.mobile(k % 20_000) for k in range(rows)],
            "body": bodies,
        }
    )
    frame = pl.from_arrow(admit("text", table, "bench").batch)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _read(channel: TextChannel, frame: pl.DataFrame) -> None:
    batch = frame.select(pl.all())
    channel.urls(batch)
    channel.read(batch, np.zeros(batch.height))


def _score(reader: Reader, bodies: pa.Array) -> Evidence:
    evidence = reader.read(bodies)
    _ = evidence.score, evidence.grey
    return evidence


def _first(reader: Reader, bodies: pa.Array) -> list[str | None]:
    evidence = _score(reader, bodies)
    return [evidence.scam_type(row) for row in np.flatnonzero(evidence.score >= 0.5).tolist()]


def _cluster(reader: Reader, frame: pl.DataFrame) -> None:
    level = np.zeros(frame.height, dtype=np.uint8)
    new_clusters().add(
        reader.normaliser(frame["body"].to_arrow()), instants(frame),
        keys_of(frame, "sender_key"), keys_of(frame, "recipient_key"), level,
    )  # fmt: skip


def _tfidf(samples: list[Sample]) -> Callable[[list[str]], object]:
    """What is commonly used: TF-IDF of one to four characters and a linear SVM."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
    from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

    weighing = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2, sublinear_tf=True)
    rows = weighing.fit_transform([one.text for one in samples])
    machine = LinearSVC().fit(rows, [one.fraud for one in samples])
    return lambda texts: machine.decision_function(weighing.transform(texts))


def _patterns() -> list[str]:
    data = yaml.safe_load((POLICIES / "text" / STEPS_FILE).read_text(encoding="utf-8"))
    return ["|".join(f"(?:{one})" for one in step["any"]) for step in data["steps"]]


def _by_patterns(frame: pl.DataFrame, patterns: list[str]) -> pl.DataFrame:
    """What a few lines of Polars do: every step's patterns on every message."""
    body = pl.col("body")
    return frame.select(body.str.contains(one).alias(str(k)) for k, one in enumerate(patterns))


def _rate(rows: int, work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return rows / (time.process_time() - begun)
