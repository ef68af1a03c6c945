"""What each graph feature means: name, words in Chinese and English, unit, source."""

from __future__ import annotations

from fanzha.features.catalogue import Meaning
from fanzha.features.graph.declare import GraphWindow, Pattern

__all__ = ["Meaning", "meanings"]

_D2 = "domain D2: fan-in of unrelated payers, fan-out to many"
_THROUGH = "domain D2: rapid in and out, balance near zero"


_LANES = (
    ("{who}_out_n", "{zh}转出笔数", "transfers that the {who} sent", "transfers", "domain D2"),
    ("{who}_out_fen", "{zh}转出金额", "money that the {who} sent", "fen", "domain D2"),
    ("{who}_fan_out", "{zh}收款对手数", "different accounts that the {who} paid", "accounts", _D2),
    ("{who}_in_n", "{zh}转入笔数", "transfers that the {who} received", "transfers", "domain D2"),
    ("{who}_in_fen", "{zh}转入金额", "money that the {who} received", "fen", "domain D2"),
    ("{who}_fan_in", "{zh}付款对手数", "different accounts that paid the {who}", "accounts", _D2),
)
_PAIR = (
    ("pair_n", "付款人向该收款人转账笔数", "transfers from payer to payee", "transfers"),
    ("pair_fen", "付款人向该收款人转账金额", "money from payer to payee", "fen"),
    ("back_n", "收款人向该付款人转账笔数", "transfers from payee back to payer", "transfers"),
    ("back_fen", "收款人向该付款人转账金额", "money from payee back to payer", "fen"),
)
_PATTERNS = {
    Pattern.THROUGH: (
        (
            "through_share",
            "付款人转入资金在停留时限内又转出的比例",
            "share of the money that came to the payer and left again within the residence time, "
            "first in, first out",
            "0–1",
            _THROUGH,
        ),
        (
            "residence_s",
            "过账资金的平均停留时间",
            "mean stay of the money that passed through the payer, weighted by fen",
            "seconds",
            _THROUGH,
        ),
    ),
    Pattern.GATHER_SCATTER: (
        (
            "gather_scatter",
            "付款人先集中转入后分散转出的对手数",
            "greatest k: at least k accounts paid the payer up to some instant, and the payer paid "
            "at least k from it on",
            "accounts",
            "domain D2: typology gather-scatter",
        ),
    ),
    Pattern.SCATTER_GATHER: (
        (
            "scatter_gather",
            "同一来源经多个中间账户汇入收款人的中间账户数",
            "over the accounts that paid the payer: the most accounts that one of them paid and "
            "that paid the payee afterwards",
            "accounts",
            "domain D2: typology scatter-gather",
        ),
    ),
    Pattern.CYCLE: (
        (
            "cycle_length",
            "资金环的最短长度",
            "transfers in the shortest cycle that this one closes, in order of time; 0 if none",
            "transfers",
            "domain D2: typology cycle",
        ),
    ),
}


def meanings(window: GraphWindow) -> tuple[Meaning, ...]:
    """Every feature of a declaration, in the order of the kernel's columns."""
    found: list[Meaning] = []
    for span in window.windows:
        for who, zh in (("payer", "付款人"), ("payee", "收款人")):
            for name, words, english, unit, source in _LANES:
                found.append(
                    Meaning(
                        f"{name.format(who=who)}_{span}",
                        f"{words.format(zh=zh)}（{span}）",
                        f"{english.format(who=who)}, {span}",
                        unit,
                        source,
                        f"{who}_{span}_truncated",
                    )
                )
        for name, words, english, unit in _PAIR:
            source = "domain D2: typology cycle" if name.startswith("back") else "domain D2"
            cut_by = f"pair_{span}_truncated"
            found.append(
                Meaning(
                    f"{name}_{span}",
                    f"{words}（{span}）",
                    f"{english}, {span}",
                    unit,
                    source,
                    cut_by,
                )
            )
    for pattern in Pattern:
        if pattern in window.patterns:
            found += [Meaning(*one, f"{pattern}_truncated") for one in _PATTERNS[pattern]]
    return tuple(found)
