"""How senders dodge filters: split words, look-alike characters, traditional characters."""

from __future__ import annotations

from functools import cache

import numpy as np
import opencc
import pyarrow as pa

_SPLIT = (
    "贷款", "兼职", "刷单", "额度", "佣金", "退订", "内部", "导师", "客服", "理赔", "赔付", "征信",
    "返利", "涨停", "赚", "提现", "优惠", "免费", "注销", "冻结", "安全账户", "垫付", "特惠",
)  # fmt: skip
_MARKS = (" ", "·", "-", "*", "_", "\u200b", "、", "/")
_ALIKE = str.maketrans(
    {
        "加": "咖", "微": "薇", "赚": "賺", "贷": "袋", "元": "圆", "费": "菲", "返": "反",
        "现": "馅", "0": "０", "1": "⒈", "群": "裙", "单": "丹", "号": "呺", "代": "玳", "网": "罔",
        "额": "頟",
    }
)  # fmt: skip


@cache
def _traditional() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


def evade(bodies: pa.Array, rng: np.random.Generator, share: float) -> pa.Array:
    """Rewrite this share of the bodies in one of four ways; links stay as they are."""
    chosen = np.flatnonzero(rng.random(len(bodies)) < share)
    if not len(chosen):
        return bodies
    texts: list[str] = bodies.to_pylist()
    ways = rng.integers(4, size=len(chosen))
    marks = rng.integers(len(_MARKS), size=len(chosen))
    keeps = rng.random(len(chosen))
    for place, way, mark, keep in zip(chosen.tolist(), ways, marks, keeps, strict=True):
        texts[place] = _rewritten(texts[place], int(way), _MARKS[mark], float(keep))
    return pa.array(texts, pa.string())


def _rewritten(text: str, way: int, mark: str, keep: float) -> str:
    head, link, tail = _around_link(text)
    if way == 0:
        return _split(head, mark) + link + _split(tail, mark)
    if way == 1:
        cut = int(len(head) * keep * 0.5)
        return head[:cut] + head[cut:].translate(_ALIKE) + link + tail.translate(_ALIKE)
    if way == 2:
        return _in_traditional(head) + link + _in_traditional(tail)
    return _split(_in_traditional(head).translate(_ALIKE), mark) + link + tail


def _in_traditional(text: str) -> str:
    return str(_traditional().convert(text))


def _around_link(text: str) -> tuple[str, str, str]:
    """The text before its link, the link, and what follows; links are plain ASCII."""
    begin = text.find("http")
    if begin < 0:
        begin = text.find(".example")
        while begin > 0 and text[begin - 1].isascii() and not text[begin - 1].isspace():
            begin -= 1
    if begin < 0:
        return text, "", ""
    end = begin
    while end < len(text) and text[end].isascii() and not text[end].isspace():
        end += 1
    return text[:begin], text[begin:end], text[end:]


def _split(text: str, mark: str) -> str:
    for word in _SPLIT:
        text = text.replace(word, mark.join(word) if len(word) > 1 else word + mark)
    return text
