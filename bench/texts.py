"""Short messages read a second on one core: normal form, steps, grams, addresses, findings."""

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
from fanzha.detection.text.v1.channel import TextChannel
from fanzha.detection.text.v1.steps import STEPS_FILE
from fanzha.records.door import admit
from fanzha.values import reserved

POLICIES = Path(__file__).resolve().parent.parent / "policies"
ROWS = 60_000
PEER_ROWS = 3_000
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
    """An admitted batch in; addresses, scores and findings out."""
    core = on_one_core()
    channel = TextChannel(POLICIES)
    frame = _batch(ROWS // 20 if quick else ROWS)
    few = frame[: PEER_ROWS // 20 if quick else PEER_ROWS]
    plain = frame.filter(pl.col("source") == "ordinary")
    patterns = _patterns()
    _read(channel, few)
    ours, alone, polars = [], [], []
    for _ in range(3 if quick else 5):
        ours.append(_rate(frame.height, lambda: _read(channel, frame)))
        alone.append(_rate(plain.height, lambda: _read(channel, plain)))
        polars.append(_rate(few.height, lambda: _by_patterns(few, patterns)))
    return Figure(
        name="texts",
        ours=statistics.median(ours),
        unit="messages/s",
        peers={"Polars: the same steps as regular expressions": statistics.median(polars)},
        also={
            "slowest_round": min(ours),
            "fastest_round": max(ours),
            "ordinary_only": statistics.median(alone),
        },
        settings={
            "core": f"one ({core})",
            "messages": f"{frame.height:,} made ones, 0.2 % scams",
            "mean_bytes": round(float(frame["body"].str.len_bytes().mean() or 0), 1),  # type: ignore[arg-type]
            "clock": "processor time of this process",
            "peers": f"on {few.height:,} of them; no normal form, no score, no reasons",
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
