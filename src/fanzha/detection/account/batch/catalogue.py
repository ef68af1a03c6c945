"""The table of features: name, unit, words in both languages, law of the pattern, source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["AMOUNTS", "BOND", "CIRCLE", "CONDUCT", "FEATURES", "BatchFeature"]

_D2 = "D2"
_FAN = "D2 fan-in, fan-out, starburst [P17][P20]"
_RING = "D2 cycles [P17][P20]"
_FAST = "D2 rapid in-out [P17][P18]"
_NEAR = "D2 involved share: distance at most 2 [D]"


@dataclass(frozen=True, slots=True)
class BatchFeature:
    """One number about an account; `{value}` in the words is the number in its unit.

    `law` is 1 where more of it can only speak for laundering, else 0.
    """

    name: str
    unit: str
    """`count`, `share` (0–1), `ratio`, `times` (natural log of a ratio to this data set's mean),
    `steps` (of 150 over the span), `log` (log10 of how many times chance), `ln` (the same, natural,
    with what the others are suspected of), `rare` (−log10 of a share of pairs), `logit`."""
    law: int
    zh: str
    en: str
    source: str


def _sides(
    name: str, unit: str, law: int, zh: str, en: str, source: str
) -> tuple[BatchFeature, ...]:
    """The feature over payments (`_out`) and over receipts (`_in`); `{side}` in the words."""
    words = (("out", "付款", "paying"), ("in", "收款", "receiving"))
    return tuple(
        BatchFeature(
            f"{name}_{side}", unit, law, zh.replace("{side}", z), en.replace("{side}", e), source
        )
        for side, z, e in words
    )


def _lengths(name: str, zh: str, en: str, source: str, unit: str = "log") -> list[BatchFeature]:
    return [
        BatchFeature(
            f"{name}_{k}", unit, 1, zh.replace("{k}", str(k)), en.replace("{k}", str(k)), source
        )
        for k in range(2, 7)
    ]


CONDUCT: tuple[BatchFeature, ...] = (
    *_sides("peers", "ratio", 0, "{side}对手数为平均的 {value} 倍",
            "{side} counterparts {value} times the mean", _FAN),
    *_sides("moves", "ratio", 0, "{side}笔数为平均的 {value} 倍",
            "{side} transfers {value} times the mean", _D2),
    *_sides("odd", "count", 1, "{value} 个{side}对手间有罕见的连续重复转账",
            "{value} counterparts on the {side} side with repeats that are rare here",
            "D2 scripted transfers [P19][P17]"),
    *_sides("rarity", "rare", 1, "{side}中有每 {value} 对账户才见一对的重复转账",
            "when {side}, repeats that one pair of accounts in {value} has",
            "D2 scripted transfers [P19][P17]"),
    *_sides("excess", "ratio", 0, "{side}时每个对手 {value} 笔",
            "{value} transfers a counterpart when {side}", _D2),
    *_sides("same", "count", 1, "{side}时同一对手同一时刻 {value} 笔",
            "{value} transfers with one counterpart at one instant when {side}", _D2),
    *_sides("begin", "share", 0, "首次{side}在数据期的 {value} 处",
            "began {side} at {value} of the period", "D2 new account used beyond its tenure [P17]"),
    *_sides("end", "share", 0, "末次{side}在数据期的 {value} 处",
            "last {side} at {value} of the period", _D2),
    *_sides("middle", "share", 0, "{side}时间的平均位置为 {value}",
            "mean time of {side} at {value} of the period", _D2),
    *_sides("spread", "share", 0, "{side}时间的分散程度 {value}",
            "spread of times of {side}: {value}", "D2 dormant then sudden high use [P17]"),
    BatchFeature("span", "share", 0, "活动期占数据期的 {value}", "active for {value} of the period",
                 _D2),
    BatchFeature("balance", "ratio", 0, "收款笔数为付款笔数的 {value} 倍",
                 "{value} receipts a payment", _D2),
    BatchFeature("wait_least", "steps", 0, "收款后最短 {value} 步即付出",
                 "paid on {value} steps after a receipt at the quickest", _FAST),
    BatchFeature("wait_mean", "steps", 0, "收款后平均 {value} 步付出",
                 "paid on {value} steps after a receipt on average", _FAST),
    BatchFeature("bunched", "ratio", 0, "三步内收款对手为均匀时的 {value} 倍",
                 "payers within three steps {value} times an even spread", _FAN),
    BatchFeature("scatters", "ratio", 1, "经多个中间账户汇到同一账户（强度 {value}）",
                 "scatters to one account through several ({value})", "D2 scatter-gather [D]"),
    BatchFeature("gathers", "ratio", 1, "同一来源经多个中间账户汇入（强度 {value}）",
                 "gathers one account's money from several ({value})", "D2 gather-scatter [D]"),
    BatchFeature("between", "ratio", 0, "处于多条并行路径的中间（强度 {value}）",
                 "stands between on parallel paths ({value})", "D2 scatter-gather, stack [D]"),
    BatchFeature("pays_like", "ratio", 0, "与另一账户付给同一批对手（相似 {value}）",
                 "pays the same accounts as another ({value})", "D2 bipartite [D]"),
    BatchFeature("paid_like", "ratio", 0, "与另一账户由同一批对手付款（相似 {value}）",
                 "is paid by the same accounts as another ({value})", "D2 bipartite [D]"),
    *_sides("near_peers_out", "times", 0, "{side}对手的付款对手数 {value}",
            "payees of counterparts when {side}: {value}", _FAN),
    *_sides("near_peers_in", "times", 0, "{side}对手的收款对手数 {value}",
            "payers of counterparts when {side}: {value}", _FAN),
    *_sides("near_least_out", "times", 0, "{side}对手中付款对手最少者 {value}",
            "fewest payees of a counterpart when {side}: {value}", _FAN),
    *_sides("near_least_in", "times", 0, "{side}对手中收款对手最少者 {value}",
            "fewest payers of a counterpart when {side}: {value}", _FAN),
    *_sides("near_most_out", "times", 0, "{side}对手中付款对手最多者 {value}",
            "most payees of a counterpart when {side}: {value}", _FAN),
    *_sides("near_most_in", "times", 0, "{side}对手中收款对手最多者 {value}",
            "most payers of a counterpart when {side}: {value}", _FAN),
    *_sides("near_odd", "ratio", 1, "{side}对手与他人有罕见重复转账（强度 {value}）",
            "counterparts when {side} have rare repeats with others ({value})", _NEAR),
    *_sides("near_odd_share", "share", 1, "{side}对手中 {value} 与他人有罕见重复转账",
            "{value} of counterparts when {side} have rare repeats with others", _NEAR),
    *_sides("near_odd_in", "ratio", 1, "{side}对手收到的罕见重复转账（最强 {value}）",
            "rare repeats received by a counterpart when {side} ({value})", _NEAR),
    *_sides("near_odd_out", "ratio", 1, "{side}对手付出的罕见重复转账（最强 {value}）",
            "rare repeats paid by a counterpart when {side} ({value})", _NEAR),
    *_sides("near_odd_in_all", "ratio", 1, "{side}对手收到的罕见重复转账（合计 {value}）",
            "rare repeats received by counterparts when {side} ({value} in all)", _NEAR),
    *_sides("near_odd_out_all", "ratio", 1, "{side}对手付出的罕见重复转账（合计 {value}）",
            "rare repeats paid by counterparts when {side} ({value} in all)", _NEAR),
    *_lengths("ring_count", "在 {value} 个 {k} 账户的资金环上",
              "on {value} rings of {k} accounts", _RING, "count"),
    *_lengths("ring", "处于 {k} 个账户的资金环，难以用巧合解释（{value} 倍）",
              "on a ring of {k} accounts that chance hardly explains ({value} times)", _RING),
    *_lengths("ring_odd", "处于 {k} 个账户、含罕见重复转账的资金环（{value} 倍）",
              "on a ring of {k} accounts with rare repeats ({value} times)", _RING),
    *_lengths("ring_rising", "处于 {k} 个账户、时间依次递进的资金环（{value} 倍）",
              "on a ring of {k} accounts whose times rise ({value} times)", _RING),
    BatchFeature("ring_all", "log", 1, "资金环合计强度 {value} 倍",
                 "all its rings together: {value} times chance", _RING),
)  # fmt: skip

AMOUNTS: tuple[BatchFeature, ...] = (
    *_sides("amount_least", "share", 0, "最小{side}金额处于全体的 {value} 分位",
            "smallest amount {side} at quantile {value}", "D2 probing amount [P19]"),
    *_sides("amount_most", "share", 0, "最大{side}金额处于全体的 {value} 分位",
            "largest amount {side} at quantile {value}", _D2),
    *_sides("amount_mean", "share", 0, "{side}金额平均处于全体的 {value} 分位",
            "mean amount {side} at quantile {value}", _D2),
    BatchFeature("passed_on", "ratio", 0, "付出总额为收入的 {value} 倍",
                 "paid {value} times what came in", _FAST),
)  # fmt: skip

CIRCLE: tuple[BatchFeature, ...] = (
    BatchFeature("conduct", "logit", 1, "自身行为得分 {value}", "score of its own conduct {value}",
                 _D2),
    *_sides("first", "logit", 1, "{side}对手中最可疑者 {value}",
            "most suspected counterpart when {side}: {value}", _NEAR),
    *_sides("second", "logit", 1, "{side}对手中次可疑者 {value}",
            "second most suspected counterpart when {side}: {value}", _NEAR),
    *_sides("suspects", "count", 0, "约 {value} 个可疑{side}对手",
            "about {value} suspected counterparts when {side}", _NEAR),
    *_sides("close", "count", 1, "{side}对手可疑且往来集中（合计 {value}）",
            "suspected counterparts with few others when {side} ({value} in all)", _NEAR),
    *_sides("close_most", "count", 1, "{side}对手可疑且往来集中（最强 {value}）",
            "a suspected counterpart with few others when {side} ({value})", _NEAR),
    *_sides("quiet", "count", 1, "可疑且少有往来的{side}对手（{value}）",
            "suspected counterparts that deal with few when {side} ({value})", _NEAR),
    *_sides("siblings", "share", 1, "{side}对手的其他对手平均可疑 {value}",
            "others dealing with a counterpart when {side} are suspected: {value}", _NEAR),
    *_sides("siblings_too", "share", 1, "{side}对手及其其他对手均可疑 {value}",
            "a counterpart when {side} and its others are suspected: {value}", _NEAR),
    *_lengths("ring_circle", "与可疑账户同处 {k} 个账户的资金环（{value}）",
              "on a ring of {k} accounts with suspected ones ({value})", _RING, "ln"),
    BatchFeature("ring_best", "ln", 1, "与可疑账户同处资金环（最强 {value}）",
                 "on a ring with suspected accounts ({value})", _RING),
    BatchFeature("ring_total", "ln", 1, "与可疑账户同处资金环（合计 {value}）",
                 "on rings with suspected accounts ({value} in all)", _RING),
)  # fmt: skip

BOND: tuple[BatchFeature, ...] = (
    *_sides("bond_first", "share", 1, "与一个{side}对手合伙过账的可能 {value}",
            "likeliest to launder with a counterpart when {side}: {value}", _NEAR),
    *_sides("bond_second", "share", 1, "与第二个{side}对手合伙过账的可能 {value}",
            "with a second counterpart when {side}: {value}", _NEAR),
    *_sides("bond_third", "share", 1, "与第三个{side}对手合伙过账的可能 {value}",
            "with a third counterpart when {side}: {value}", _NEAR),
    *_sides("bond_sum", "count", 1, "约与 {value} 个{side}对手合伙过账",
            "launders with about {value} counterparts when {side}", _NEAR),
    *_sides("bond_any", "ratio", 1, "{side}时有合伙过账的对手（强度 {value}）",
            "launders with some counterpart when {side} ({value})", _NEAR),
    BatchFeature("bond_best", "share", 1, "与某一对手合伙过账的可能 {value}",
                 "likeliest to launder with any counterpart: {value}", _NEAR),
    BatchFeature("bond_all", "ratio", 1, "有合伙过账的对手（强度 {value}）",
                 "launders with some counterpart ({value})", _NEAR),
)  # fmt: skip

FEATURES: Mapping[str, BatchFeature] = {f.name: f for f in (*CONDUCT, *AMOUNTS, *CIRCLE, *BOND)}
