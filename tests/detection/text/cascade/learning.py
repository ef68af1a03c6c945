"""A small cascade trained on invented texts, and an encoder that needs no weights, for tests."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fanzha.detection.taxonomy import Taxonomy
from fanzha.detection.text.cascade import ground, meanings
from fanzha.detection.text.cascade.model import TextModel
from fanzha.detection.text.cascade.samples import Samples, built_in, own
from fanzha.detection.text.cascade.train import Settings, train
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser

POLICIES = Path(__file__).parents[4] / "policies"
NORMALISER = Normaliser.load(POLICIES / "text" / VARIANTS_FILE)
SMALL = Settings(variants=1, folds=2, encoded=400, iterations=15)
CLASSES = ("AD", "FR", "Other")
WORDS = {
    "FR": "{who}的资金已被冻结，请先交{what}解冻费再提现",
    "AD": "{who}家具店开业，{what}全场五折欢迎选购",
    "Other": "{who}读书会这周改在{what}，下午见面聊聊",
}
WHO = ("紫云", "青山", "白露", "东篱", "南浦", "西窗", "北辰", "秋水", "晚晴", "早春")
WHAT = ("三千元", "沙发床", "图书馆", "两万块", "大衣柜", "咖啡厅", "一笔钱", "餐桌椅", "小礼堂")


def said(name: str, k: int) -> str:
    """The k-th text of a class."""
    return WORDS[name].format(who=WHO[k % 10] + WHO[k // 10 % 10], what=WHAT[k % 9])


class Hashing:
    """Unit vectors from the hashes of characters: alike texts are near, nothing is loaded."""

    def encode(self, texts: list[str]) -> Any:
        out = np.zeros((len(texts), meanings.WIDTH), dtype=np.float32)
        for row, text in enumerate(texts):
            for k in range(len(text)):
                out[row, zlib.crc32(text[k : k + 2].encode("utf-8", "replace")) % 512] += 1
            out[row] /= max(float(np.linalg.norm(out[row])), 1.0)
        return out


def few_built_in(policies: Path, taxonomy: Taxonomy, seed: int, variants: int) -> Samples:
    """A part of the messages written for fanzha, so that training takes a second."""
    whole = built_in(policies, taxonomy, seed, variants)
    return whole.chosen(np.flatnonzero(np.arange(len(whole)) % 16 == 0))


def small_model(monkeypatch: pytest.MonkeyPatch) -> TextModel:
    """Trained on ninety texts of three classes, many of them alike."""
    monkeypatch.setattr(meanings, "sentence_encoder", Hashing)
    monkeypatch.setattr(ground, "built_in", few_built_in)
    names = [name for name in CLASSES for _ in range(30)]
    texts = [said(name, k) for k, name in enumerate(names)]
    samples = own(
        texts, np.array([name == "FR" for name in names]),
        np.array([CLASSES.index(name) for name in names]), ["own"] * len(texts),
        np.zeros(len(texts), dtype=bool), NORMALISER,
    )  # fmt: skip
    return train(samples, CLASSES, np.array([False, True, False]), POLICIES, SMALL)
