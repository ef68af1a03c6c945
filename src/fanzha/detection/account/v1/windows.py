"""What is remembered of accounts, pairs of accounts and devices, and for how long (domain D2)."""

from __future__ import annotations

from collections.abc import Sequence

from fanzha.features.declare import Count, Distinct, Last, Max, Min, Since, Sum, Window

__all__ = ["CATALOGUED", "WINDOWS"]

_LATE = "1h"

WINDOWS: Sequence[Window] = (
    Window(
        "paid", "paid", key=("payer_key", "payee_key"), over="180d", step="180d",
        lateness=_LATE, forget="180d", where="moved",
        features=(Since("paid_since_s"),),
        zh="付款人向收款人付过款", en="the payer has paid the payee",
    ),
    Window(
        "paid_day", "paid", key=("payer_key", "payee_key"), over="24h", step="8h", lateness=_LATE,
        forget="180d", where="moved",
        features=(
            Count("paid_n_24h"),
            Sum("paid_fen_24h", of="amount_fen", scale=1),
            Min("paid_min_24h_fen", of="amount_fen", scale=1),
        ),
        zh="付款人一天内付给该收款人", en="what the payer paid the payee within a day",
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
            Distinct("amounts_24h", of="amount_key", where="money_in"),
            Distinct("payer_places_24h", of="payer_place_key", where="money_in"),
            Min("new_min_24h_fen", of="amount_fen", where="new_out", scale=1),
            Max("idle_s", of="idle_s", where="moved", scale=1),
            Since("since_in_s", where="money_in"),
            Since("opened_s", where="opened"),
            Since("added_s", where="added"),
            Since("booked_s", where="booked"),
            Since("redeemed_s", where="redeemed"),
        ),
        zh="一个账户一天内的收付", en="what comes to and leaves an account within a day",
    ),
    Window(
        "account_before", "account", key=("account_key",), over="24h", step="4h", lateness=_LATE,
        before=True,
        features=(Max("new_max_before_fen", of="amount_fen", where="new_out", scale=1),),
        zh="此前一天付给新收款人的最大一笔", en="the most paid to a new payee before",
    ),
    Window(
        "rises", "rise", key=("account_key",), over="24h", step="4h", lateness=_LATE,
        features=(Count("rises_24h", where="rise"),),
        zh="一天内逐笔放大的付款", en="payments that grow within a day",
    ),
    Window(
        "account_hour", "account", key=("account_key",), over="1h", step="10m", lateness=_LATE,
        features=(
            Count("in_n_1h", where="money_in"),
            Count("out_n_1h", where="money_out"),
            Sum("in_fen_1h", of="amount_fen", where="money_in", scale=1),
            Sum("out_fen_1h", of="amount_fen", where="money_out", scale=1),
        ),
        zh="一个账户一小时内的收付", en="what comes to and leaves an account within an hour",
    ),
    Window(
        "account_2d", "account", key=("account_key",), over="48h", step="8h", lateness=_LATE,
        features=(
            Sum("in_fen_48h", of="amount_fen", where="money_in", scale=1),
            Sum("out_fen_48h", of="amount_fen", where="money_out", scale=1),
        ),
        zh="一个账户两天内的收付", en="what comes to and leaves an account within two days",
    ),
    Window(
        "account_month", "account", key=("account_key",), over="30d", step="5d", lateness=_LATE,
        features=(
            Count("in_n_30d", where="money_in"),
            Count("out_n_30d", where="money_out"),
            Count("spent_n_30d", where="merchant_out"),
            Sum("in_fen_30d", of="amount_fen", where="money_in", scale=1),
            Sum("out_fen_30d", of="amount_fen", where="money_out", scale=1),
            Sum("spent_fen_30d", of="amount_fen", where="merchant_out", scale=1),
        ),
        zh="一个账户一月内的收付与消费", en="what comes, goes and is spent within a month",
    ),
    Window(
        "loans", "account", key=("account_key",), over="2h", step="20m", lateness=_LATE,
        features=(
            Sum("loans_fen_2h", of="amount_fen", where="loan_in", scale=1),
            Distinct("lenders_2h", of="peer_key", where="loan_in", buckets=16),
        ),
        zh="一个账户两小时内的借款到账", en="loans paid out to an account within two hours",
    ),
    Window(
        "probe", "account", key=("account_key",), over="30m", step="5m", lateness="30m",
        forget="30d", where="money_in",
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
            Count("empty_days_7d", where="began_empty"),
            Count("days_moved_7d", where="first_today"),
            Count("night_n_7d", where="at_night"),
            Count("cash_n_7d", where="cash_out"),
            Sum("cash_fen_7d", of="amount_fen", where="cash_out", scale=1),
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
        features=(
            Count("holder_opened_180d", where="opened"),
            Count("holder_closed_180d", where="closed"),
            Distinct("holder_accounts_180d", of="account_key", buckets=16),
        ),
        zh="同一户主的账户", en="accounts of one holder",
    ),
    Window(
        "held", "held", key=("account_key",), over="180d", step="180d", lateness=_LATE,
        forget="180d",
        features=(
            Last("held_accounts", of="holder_accounts", where="held", scale=1),
            Last("held_closed", of="holder_closed", where="held", scale=1),
            Last("outlet_accounts", of="outlet_n", where="opened_at_outlet", scale=1),
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
    Window(
        "ip", "ip", key=("ip_key",), over="7d", step="1d", lateness=_LATE,
        features=(Distinct("ip_accounts_7d", of="account_key"),),
        zh="一个网络地址操作过的账户", en="accounts operated from one network address",
    ),
    Window(
        "own_device", "own_device", key=("account_key", "device_key"), over="180d", step="30d",
        lateness=_LATE, forget="180d",
        features=(Count("own_device_180d"),),
        zh="账户从该设备操作", en="uses of an account from one device",
    ),
    Window(
        "own_device_day", "own_device", key=("account_key", "device_key"), over="24h", step="8h",
        lateness=_LATE, forget="180d",
        features=(Count("own_device_24h"),),
        zh="账户一天内从该设备操作", en="uses of an account from one device within a day",
    ),
    Window(
        "any_device", "own_device", key=("account_key",), over="180d", step="30d", lateness=_LATE,
        forget="180d", where="on_device",
        features=(Count("any_device_180d"),),
        zh="账户从任一设备操作", en="uses of an account from any device",
    ),
    Window(
        "outlet", "outlet", key=("outlet_key",), over="24h", step="4h", lateness=_LATE,
        keys_max=500_000,
        features=(Count("outlet_opened_24h", where="opened"),),
        zh="一个网点一天内开的账户", en="accounts opened at one outlet within a day",
    ),
    Window(
        "payee_name", "payee_name", key=("name_key",), over="30d", step="5d", lateness=_LATE,
        where="moved",
        features=(
            Count("name_paid_30d"),
            Distinct("name_accounts_30d", of="payee_key", buckets=32),
            Distinct("name_payers_30d", of="payer_key", buckets=32),
        ),
        zh="付给同一姓名的账户", en="accounts that are paid under one name",
    ),
    Window(
        "account_name", "payee_name", key=("payee_key",), over="30d", step="5d", lateness=_LATE,
        where="moved",
        features=(Distinct("payee_names_30d", of="name_key", buckets=16),),
        zh="付给一个账户时所写的姓名", en="names under which one account is paid",
    ),
)  # fmt: skip
"""`activity`, `account`, `refusal`, `near` and `held` rows come two (payer's, payee's) for a
transfer, one for a change of an account; all other rows come one an event."""

CATALOGUED: Sequence[Window] = (
    Window(
        "account_quarter", "account", key=("account_key",), over="90d", step="10d", lateness=_LATE,
        forget="90d",
        features=(
            Count("in_n_90d", where="money_in"),
            Count("out_n_90d", where="money_out"),
            Sum("in_fen_90d", of="amount_fen", where="money_in", scale=1),
            Sum("out_fen_90d", of="amount_fen", where="money_out", scale=1),
            Distinct("payers_90d", of="peer_key", where="money_in", buckets=256),
            Distinct("payees_90d", of="peer_key", where="money_out", buckets=256),
        ),
        zh="一个账户一季的收付", en="what comes to and leaves an account within a quarter",
    ),
    Window(
        "account_minutes", "account", key=("account_key",), over="10m", step="1m", lateness="10m",
        features=(Count("in_n_10m", where="money_in"), Count("out_n_10m", where="money_out")),
        zh="一个账户十分钟内的收付", en="what comes to and leaves an account within ten minutes",
    ),
)  # fmt: skip
"""Declared and not counted live, for what they cost. Rows carry the columns that they need:
`AccountChannel(…, windows=(*WINDOWS, *CATALOGUED))` counts them too."""
