"""What is remembered of accounts, pairs of accounts and devices, and for how long (domain D2)."""

from __future__ import annotations

from collections.abc import Sequence

from fanzha.features.declare import Count, Distinct, Last, Max, Min, Since, Sum, Window

__all__ = ["WINDOWS"]

_LATE = "1h"

WINDOWS: Sequence[Window] = (
    Window(
        "paid", "paid", key=("payer_key", "payee_key"), over="180d", step="180d",
        lateness=_LATE, forget="180d", where="moved",
        features=(Since("paid_since_s"),),
        zh="付款人向收款人付过款", en="the payer has paid the payee",
    ),
    Window(
        "met", "met", key=("low_key", "high_key"), over="180d", step="180d",
        lateness=_LATE, forget="180d", where="moved",
        features=(Since("met_since_s"),),
        zh="两个账户有过往来", en="two accounts have been in touch",
    ),
    Window(
        "activity", "activity", key=("account_key",), over="400d", step="400d",
        lateness=_LATE, forget="400d", where="moved",
        features=(Since("active_since_s"),),
        zh="账户上次有资金往来", en="when money last moved on an account",
    ),
    Window(
        "account", "account", key=("account_key",), over="24h", step="4h", lateness=_LATE,
        features=(
            Count("in_n_24h", where="money_in"),
            Count("out_n_24h", where="money_out"),
            Count("strange_in_24h", where="strange_in"),
            Count("strange_out_24h", where="strange_out"),
            Count("night_n_24h", where="at_night"),
            Count("new_paid_24h", where="new_out"),
            Sum("in_fen_24h", of="amount_fen", where="money_in", scale=1),
            Sum("out_fen_24h", of="amount_fen", where="money_out", scale=1),
            Distinct("payers_24h", of="peer_key", where="money_in"),
            Distinct("payees_24h", of="peer_key", where="money_out"),
            Min("new_min_24h_fen", of="amount_fen", where="new_out", scale=1),
            Max("idle_s", of="idle_s", where="moved", scale=1),
            Since("since_in_s", where="money_in"),
            Since("opened_s", where="opened"),
            Since("added_s", where="added"),
        ),
        zh="一个账户一天内的收付", en="what comes to and leaves an account within a day",
    ),
    Window(
        "probe", "account", key=("account_key",), over="30m", step="5m", lateness="30m",
        forget="2h", where="money_in",
        features=(Min("in_min_30m_fen", of="amount_fen", scale=1),),
        zh="半小时内最小一笔转入", en="the smallest sum received within half an hour",
    ),
    Window(
        "device", "device", key=("device_key",), over="7d", step="1d", lateness=_LATE,
        features=(Distinct("device_accounts_7d", of="account_key"),),
        zh="一台设备操作过的账户", en="accounts operated from one device",
    ),
    Window(
        "exits", "account", key=("account_key",), over="24h", step="4h", lateness=_LATE,
        forget="3d",
        features=(
            Count("cash_n_24h", where="cash_out"),
            Count("wallet_n_24h", where="wallet_out"),
            Count("firm_n_24h", where="firm_out"),
            Count("merchant_n_24h", where="merchant_out"),
            Count("round_in_24h", where="round_in"),
            Count("qr_in_24h", where="qr_in"),
            Sum("cash_fen_24h", of="amount_fen", where="cash_out", scale=1),
            Sum("merchant_fen_24h", of="amount_fen", where="merchant_out", scale=1),
            Distinct("cash_places_24h", of="place_key", where="cash_out", buckets=16),
            Distinct("merchants_24h", of="peer_key", where="merchant_out", buckets=16),
        ),
        zh="一个账户一天内的出口", en="by which doors money leaves an account within a day",
    ),
    Window(
        "week", "account", key=("account_key",), over="7d", step="1d", lateness=_LATE,
        features=(
            Count("in_n_7d", where="money_in"),
            Count("out_n_7d", where="money_out"),
            Count("strange_in_7d", where="strange_in"),
            Count("strange_out_7d", where="strange_out"),
            Count("emptied_7d", where="emptied"),
            Sum("in_fen_7d", of="amount_fen", where="money_in", scale=1),
            Sum("out_fen_7d", of="amount_fen", where="money_out", scale=1),
            Distinct("payers_7d", of="peer_key", where="money_in"),
            Distinct("payees_7d", of="peer_key", where="money_out"),
        ),
        zh="一个账户一周内的收付", en="what comes to and leaves an account within a week",
    ),
    Window(
        "refusals", "refusal", key=("account_key",), over="30d", step="5d", lateness=_LATE,
        features=(Distinct("refused_payers_30d", of="peer_key", where="refused", buckets=16),),
        zh="付给该账户而被拒的付款人", en="payers whose payments to an account were refused",
    ),
    Window(
        "near", "near", key=("account_key",), over="30d", step="5d", lateness=_LATE,
        where="near_stopped",
        features=(Count("near_stopped_30d"),),
        zh="与被止付账户的往来", en="dealings with accounts that payments are refused to",
    ),
    Window(
        "holder", "holding", key=("holder_key",), over="180d", step="30d", lateness=_LATE,
        forget="180d",
        features=(Distinct("holder_accounts_180d", of="account_key", buckets=16),),
        zh="同一户主的账户", en="accounts of one holder",
    ),
    Window(
        "held", "held", key=("account_key",), over="180d", step="180d", lateness=_LATE,
        forget="180d",
        features=(
            Last("held_accounts", of="holder_accounts", where="held", scale=1),
            Since("corporate_opened_s", where="corporate_opened"),
        ),
        zh="账户的户主和性质", en="whose an account is, and of what sort",
    ),
    Window(
        "device_holder", "device_holder", key=("device_key",), over="7d", step="1d",
        lateness=_LATE,
        features=(Distinct("device_holders_7d", of="holder_key", buckets=16),),
        zh="一台设备上的户主", en="holders whose accounts are used on one device",
    ),
)  # fmt: skip
"""`paid`, `met` and `device` rows come one an event; `activity`, `account`, `refusal`, `near` and
`held` rows two (payer's, payee's) for a transfer, one for a change of an account."""
