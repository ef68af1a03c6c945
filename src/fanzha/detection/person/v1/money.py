"""What transfers and changes of an account add to an episode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanzha.detection.finding import SubjectKind
from fanzha.detection.person.risk import Flow
from fanzha.detection.person.v1.episode import Episode
from fanzha.detection.person.v1.happening import Happening, why, write
from fanzha.detection.words import UNITS


def take_transfer(episode: Episode, it: Happening) -> bool:
    row = it.row
    if row["status"] in ("refused", "returned"):
        return False
    if it.key == row["payee_key"]:
        return _rebate(episode, it)
    finding = it.finding
    if row["payee_kind"] in ("merchant", "cash") and finding is None:
        return False
    if not row["payee_new"] and finding is None and row["payee_key"] not in episode.payees:
        return False
    amount = row["amount_fen"]
    facts = episode.facts
    facts["paid_asked"] = row["status"] == "asked"
    if not _announced(episode, row):
        if not facts["paid_n"]:
            facts["paid_first_fen"] = amount
        episode.add("paid_n")
        episode.add("paid_fen", amount)
    episode.raise_to("paid_max_fen", amount)
    episode.raise_to("paid_share", row["left_share"] or 0.0)
    suspicion = max(it.suspicion, row["payee_score"] or 0.0)
    episode.raise_to("payee_score", suspicion)
    if finding is not None or it.suspicion > 0.0:
        episode.raise_to("payee_fen", amount)
    facts["paid_on_call"] |= episode.on_line(it.at)
    facts["paid_on_strange_call"] |= bool(row["call_strange"])
    episode.after_contact("paid_after_s", it.at)
    episode.remember("payees", row["payee_key"])
    if finding:
        episode.raise_to("pay_score", finding.score)
        episode.say("payee_why", why(finding), finding.score)
    sum_zh, sum_en = (UNITS["yuan"](amount, language) for language in ("zh", "en"))
    verb_zh = "正向" if facts["paid_asked"] else "向"
    verb_en = "is paying" if facts["paid_asked"] else "paid"
    write(
        episode,
        it,
        Flow.MONEY,
        f"{verb_zh}从未付过款的账户转账 {sum_zh}，账户",
        f"{verb_en} {sum_en} to a payee never paid before,",
        SubjectKind.ACCOUNT,
        row["payee"],
    )
    return True


def _announced(episode: Episode, row: Mapping[str, Any]) -> bool:
    """True for the booking of a payment that was counted when it was asked for."""
    payment = [row["payee_key"], row["amount_fen"]]
    if row["status"] == "asked":
        episode.asked = [*episode.asked, payment][-8:]
    elif payment in episode.asked:
        episode.asked.remove(payment)
        return True
    return False


def _rebate(episode: Episode, it: Happening) -> bool:
    """A small sum from a stranger while in contact: the bait of task and investment scams."""
    row = it.row
    if (
        not row["payee_new"]
        or row["payer_kind"] in ("merchant", "cash")
        or row["status"] == "asked"
    ):
        return False
    episode.add("rebates_n")
    episode.add("rebate_fen", row["amount_fen"])
    amount = UNITS["yuan"](row["amount_fen"], "zh")
    write(
        episode,
        it,
        Flow.MONEY,
        f"收到陌生账户转入 {amount}，账户",
        f"got {amount} from a stranger's account,",
        SubjectKind.ACCOUNT,
        row["payer"],
        emphasis=False,
    )
    return True


def take_account(episode: Episode, it: Happening) -> bool:
    words = ACCOUNT_ACTS.get(it.row["action"])
    if words is None:
        return False
    episode.add("added_n")
    episode.after_contact("added_after_s", it.at)
    episode.facts["added_led"] |= episode.facts["sharing"] or episode.on_line(it.at)
    write(
        episode,
        it,
        Flow.MONEY,
        words[0],
        words[1],
        SubjectKind.ACCOUNT,
        it.row["account"],
        emphasis=False,
    )
    return True


ACCOUNT_ACTS: Mapping[str, tuple[str, str]] = {
    "add_payee": ("添加收款人", "added a payee"),
    "bind_device": ("账户绑定新设备", "bound a new device to the account"),
    "limit_change": ("调整转账限额", "changed the transfer limit"),
    "book_cash": ("预约取现", "booked a cash withdrawal"),
}
"""Acts on an account that prepare a payment."""
