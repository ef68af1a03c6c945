"""Answers of `classify link`: the trained score, whom a name imitates, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from fanzha.detection.link.ranking.columns import COLUMNS
from fanzha.detection.link.ranking.model import HERE, Ranked, Ranker, registrable
from fanzha.detection.link.v1.address import CUT, FLAGS, VALID
from fanzha.detection.link.v1.channel import LinkChannel
from fanzha.detection.link.v1.columns import likenesses, look_with
from fanzha.detection.link.v1.tables import Tables, load_tables

__all__ = ["SCHEMA", "LinkAnswers"]

_REASON = pl.Struct({"code": pl.String, "zh": pl.String, "en": pl.String})
_ORGANISATION = pl.Struct({"zh": pl.String, "en": pl.String})
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "score": pl.Float64,
    "reasons": pl.List(_REASON),
    "registrable": pl.String,
    "looks_like": _ORGANISATION,
    "error": pl.String,
}
"""What is answered for an address; `score` and the rest are null where `error` is not."""
_NOT_WEB = (
    r"^\s*(?i:tel|callto|sms|smsto|mms|mailto|geo|data|javascript|about|blob|file|cid|mid|urn):"
)
_WITH_HOST = r"^\s*[A-Za-z]+:\s*[/\\]{2}[^/\\]"
_OTHER_KIND = (
    "是电话、邮件等链接，不是网页地址 a link of another kind (tel, mailto …), no web address"
)
_NO_ADDRESS = "不是网址或域名 not an address or name"
_NUMBER = r"^\s*[0-9]+(?:\.[0-9]+){0,2}\.?\s*$"
"""A bare number, which a browser would take for an IP address, but nobody writes for one."""
_WITHIN = (
    "本机或内部网络的地址，无从判断 an address of one's own machine or network: nothing to judge by"
)
_PARTS = (
    ("linear_own", "spelt_like_known_scams", "注册的域名部分拼写", "the registered label is spelt"),
    ("linear_suffix", "suffix_like_known_scams", "后缀及其前的写法", "the suffix and what it ends"),
    ("linear_front", "front_like_known_scams", "注册域名前的各级名称", "the labels in front are"),
)


_COLUMN = {name: place for place, name in enumerate(COLUMNS)}


@dataclass(frozen=True, eq=False)
class LinkAnswers:
    """A ranker beside the channel whose signals give the words."""

    tables: Tables
    channel: LinkChannel
    ranker: Ranker

    @classmethod
    def load(cls, policies: Path, model: Path | None = None) -> LinkAnswers:
        """The shipped model where none is named."""
        tables = load_tables(policies)
        return cls(tables, LinkChannel(policies), Ranker.load(tables, policies, model or HERE))

    def answer(self, urls: pl.Series) -> pl.DataFrame:
        """One row an address, the columns of `SCHEMA`; nothing is fetched."""
        addresses = self.tables.names.take_apart(urls.to_arrow())
        found = likenesses(addresses, self.tables, self.ranker.scripts)
        ranked = self.ranker.score(addresses, found)
        looked = look_with(found, addresses, self.tables, self.channel.model)
        scored = self.channel.signals.score(looked.frame)
        one_in = self.ranker.one_in(ranked.name)
        number = urls.str.contains(_NUMBER).fill_null(value=False).to_numpy()
        valid = (addresses.parts[:, FLAGS] & VALID != 0) & ~number
        within = self.ranker.within(addresses)
        speaking = scored.score > 0.0
        other = (urls.str.contains(_NOT_WEB) & ~urls.str.contains(_WITH_HOST)).to_list()
        rows: list[dict[str, Any]] = []
        for row in range(len(addresses)):
            if other[row]:
                rows.append({"error": _OTHER_KIND})
                continue
            if not valid[row]:
                rows.append({"error": _NO_ADDRESS})
                continue
            if within[row]:
                rows.append({"error": _WITHIN})
                continue
            reasons = []
            if addresses.parts[row, FLAGS] & CUT:
                reasons.append(
                    _said(
                        "cut",
                        "网址过长，只按域名和路径开头判断",
                        "very long: judged by its host and the beginning of its path",
                    )
                )
            if ranked.score[row] >= self.ranker.policy.said_from:
                reasons += self._learned(ranked, row, float(one_in[row]))
            if speaking[row]:
                reasons += [
                    {"code": r.code, "zh": r.zh, "en": r.en}
                    for r in scored.reasons(row, looked.words(row))
                ]
            holder = looked.holder(row)
            if holder is not None:
                reasons.append(
                    _said("own_name", f"{holder.zh}自己的域名", f"{holder.en}'s own name")
                )
            resembles = looked.resembles(row)
            rows.append(
                {
                    "score": float(ranked.score[row]),
                    "reasons": reasons,
                    "registrable": registrable(addresses, row),
                    "looks_like": resembles and {"zh": resembles.zh, "en": resembles.en},
                    "error": None,
                }
            )
        return pl.DataFrame(rows, schema=SCHEMA)

    def _learned(self, ranked: Ranked, row: int, one_in: float) -> list[dict[str, str]]:
        """What the trained part saw, the weightiest part of the name first."""
        out = []
        if ranked.known[row] > 0:
            out.append(
                _said(
                    "known_scam_name", "训练数据中已是诈骗域名", "a scam name in the training rows"
                )
            )
        if ranked.name[row] > 0:
            shares = [float(ranked.columns[row, _COLUMN[part]]) for part, *_ in _PARTS]
            _, code, zh, en = _PARTS[int(np.argmax(shares))]
            out.append(
                _said(
                    code,
                    f"{zh}像已知的诈骗域名；正常域名约每 {one_in:,.0f} 个有一个如此",
                    f"{en} as in known scams; about one ordinary name in {one_in:,.0f} is",
                )
            )
        if ranked.path[row] > self.ranker.policy.path_most / 2:
            out.append(
                _said("path_like_known_scams", "路径写法像诈骗网页", "the path is as on scam pages")
            )
        return out


def _said(code: str, zh: str, en: str) -> dict[str, str]:
    return {"code": code, "zh": zh, "en": en}
