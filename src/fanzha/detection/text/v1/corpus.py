"""What text v1 is trained on: messages written for it, and sets whose terms allow it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from fanzha.detection.taxonomy import Taxonomy
from fanzha.detection.text.v1.steps import GREY
from fanzha.errors import Misconfigured

__all__ = ["MESSAGES_FILE", "Sample", "dialogues", "fingerprint", "own_set", "written"]

MESSAGES_FILE = "written_messages.yaml"
DIALOGUES = "dialogues_teleantifraud.parquet"

#: Kinds of the dialogue set that a main class speaks for; the others only say fraud.
_DIALOGUE_CLASS = {"绑架诈骗": "XQ", "投资诈骗": "TZ", "客服诈骗": "KF", "彩票诈骗": "QT"}
_SLOTS: dict[str, tuple[str, ...]] = {
    "bank": ("工商银行", "建设银行", "农业银行", "中国银行", "招商银行", "交通银行", "邮储银行",
             "工行", "建行", "农行", "中行", "平安银行", "浦发银行", "农商银行"),
    "courier": ("顺丰", "中通", "圆通", "申通", "韵达", "极兔", "京东物流", "邮政", "德邦"),
    "shop": ("淘宝", "京东", "拼多多", "天猫", "唯品会", "苏宁", "抖音商城", "美团", "超市"),
    "city": ("江城", "海州", "清澜", "云溪", "北川", "南江", "东湖", "西山"),
    "name": ("王", "李", "张", "刘", "陈", "小杨", "小赵", "周", "吴先生", "孙女士"),
    "app": ("融易贷", "嘀嗒", "安心钱包", "通达", "乐活", "优选", "有钱花", "某某"),
    "url": ("http://a.cn/b", "www.a.com", "t.cn/x", "https://b.top/c"),
    "phone": ("10000000000", "00000000", "40000000000"),
    "n": ("1", "3", "20", "50", "88", "100", "200", "500", "800", "3000", "5", "6880"),
    "wx": ("abc1234", "wx10000", "k10000000"),
}  # fmt: skip
_SLOT = re.compile(r"\{(\w+)\}")
_NOISE = "乸乹乺乻乼乽乿亀亁亂亃亄亅亇亊"
_SPLITS = (" ", "*", "-", ".", "\u200b", "❤", "、", "_")


@dataclass(frozen=True, slots=True)
class Sample:
    """A text with what it is. `group` keeps variants of one text on one side of a split."""

    text: str
    fraud: bool
    grey: bool
    main: str | None
    kind: str
    group: int
    weight: float
    scam_type: str | None = None


def written(path: Path, taxonomy: Taxonomy, seed: int, variants: int) -> list[Sample]:
    """The messages of `written_messages.yaml`, each with variants and evasions."""
    data = _messages(path)
    rng = np.random.default_rng(seed)
    out: list[Sample] = []
    group = 0
    for part in ("fraud", "grey", "benign"):
        for name, messages in data[part].items():
            main = taxonomy.main_of(name) if part == "fraud" else GREY if part == "grey" else None
            for message in messages:
                for k in range(variants):
                    text = _fill(message, rng)
                    if k:
                        text = _evade(text, rng, hard=k % 2 == 0)
                    out.append(
                        Sample(
                            text,
                            part == "fraud",
                            part == "grey",
                            main,
                            "message",
                            group,
                            1 / variants,
                            name if part == "fraud" else None,
                        )
                    )
                group += 1
    return out


def dialogues(path: Path, first_group: int) -> list[Sample]:
    """Calls of the dialogue set: what the caller says, whole and as its first turns."""
    table = pl.read_parquet(path, columns=["fraud", "kind", "caller"])
    out = []
    for number, (fraud, kind, turns) in enumerate(table.iter_rows()):
        main = _DIALOGUE_CLASS.get(kind) if fraud else None
        text = "。".join(turn for turn in turns or () if turn)
        out.append(Sample(text, fraud, False, main, "transcript", first_group + number, 1.0))
    return out


def own_set(path: Path, first_group: int) -> list[Sample]:
    """A user's labelled texts: Parquet or CSV with `text`, `fraud` (0/1), may have `main_class`."""
    table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
    if not {"text", "fraud"} <= set(table.columns):
        raise Misconfigured(
            "training_set_invalid",
            zh="训练数据须有 text 与 fraud 两列",
            en="a training set has the columns text and fraud",
            field=path.name,
        )
    mains: Sequence[str | None] = [None] * table.height
    if "main_class" in table.columns:
        mains = table["main_class"].to_list()
    return [
        Sample(text or "", bool(fraud), False, main, "message", first_group + k, 1.0)
        for k, (text, fraud, main) in enumerate(
            zip(table["text"], table["fraud"], mains, strict=True)
        )
    ]


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, for the record beside a model."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _messages(path: Path) -> dict[str, dict[str, list[str]]]:
    data: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    if set(data) != {"version", "in_force_on", "fraud", "grey", "benign"}:
        raise Misconfigured(
            "messages_invalid",
            zh="自写短信文件的键不对",
            en="the file of written messages has unknown or missing keys",
            field=path.name,
        )
    return {part: data[part] for part in ("fraud", "grey", "benign")}


def _fill(message: str, rng: np.random.Generator) -> str:
    def choice(found: re.Match[str]) -> str:
        values = _SLOTS[found.group(1)]
        return values[int(rng.integers(len(values)))]

    return _SLOT.sub(choice, message)


def _evade(text: str, rng: np.random.Generator, *, hard: bool) -> str:
    """Split characters, drop some, and in `hard` variants write some as unknown characters."""
    out = []
    for char in text:
        luck = rng.random()
        if luck < 0.06:
            continue
        if hard and luck < 0.10 and "一" <= char <= "鿿":
            char = _NOISE[int(rng.integers(len(_NOISE)))]
        out.append(char)
        if luck > 0.9 and "一" <= char <= "鿿":
            out.append(_SPLITS[int(rng.integers(len(_SPLITS)))])
    cut = int(rng.integers(4)) if len(out) > 30 else 0
    return "".join(out[cut * 2 :])
