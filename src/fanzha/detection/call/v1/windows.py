"""What is remembered of numbers, pairs of numbers and handsets, and for how long (domain D1)."""

from __future__ import annotations

from collections.abc import Sequence

from fanzha.features.declare import (
    Changes,
    Count,
    Distinct,
    Last,
    Max,
    Since,
    Sum,
    Trail,
    Window,
    span_ms,
)

__all__ = ["CATALOGUED", "LATE_MS", "WINDOWS"]

_LATE = "1h"
LATE_MS = span_ms(_LATE, "call")
_SILENT = "120d"
"""How long a number that is silent is remembered: a card that sleeps for 90 days is told."""

WINDOWS: Sequence[Window] = (
    Window(
        "acquaintance", "pair", key=("low_key", "high_key"), over="30d", step="10d",
        lateness=_LATE,
        features=(
            Count("pair_starts", where="is_start"), Count("pair_ends", where="is_end"),
            Since("pair_since_s", where="spoken"),
        ),
        zh="两个号码之间的通话", en="calls between two numbers",
    ),
    Window(
        "new_acquaintance", "pair", key=("low_key", "high_key"), over="24h", step="4h",
        lateness=_LATE,
        features=(
            Count("pair_starts_24h", where="is_start"), Count("pair_ends_24h", where="is_end"),
            Count("pair_low_24h", where="low_calls"), Count("pair_high_24h", where="high_calls"),
        ),
        zh="两个号码一天内的通话", en="calls between two numbers within a day",
    ),
    Window(
        "caller", "caller", key=("caller_key",), over="24h", step="4h", lateness=_LATE,
        forget="3d",
        features=(
            Count("calls_24h", where="out_call"),
            Count("strangers_24h", where="stranger"),
            Count("night_calls_24h", where="night_call"),
            Count("talks_24h", where="talked"),
            Count("short_talks_24h", where="short_talk"),
            Count("hung_up_24h", where="hung_up"),
            Count("one_rings_24h", where="one_ring"),
            Changes("cell_moves_24h", of="cell_key", where="out_call"),
            Since("quiet_since_s", where="out_call"),
            Sum("talk_sum_24h", of="talk_s", where="talked"),
            Sum("talk_sq_24h", of="talk_sq", where="talked"),
            Trail("path3", of="cell_key", length=3, where="out_call"),
            Max("silent_24h_s", of="silent_s", where="out_call", scale=1),
            Distinct("callees_24h", of="peer_key", where="out_call", buckets=256),
            Distinct("cells_24h", of="cell_key", where="out_call", buckets=256),
        ),
        zh="一个号码一天内的呼出", en="what a number calls within a day",
    ),
    Window(
        "caller_way", "caller", key=("caller_key",), over="3d", step="3d", lateness=_LATE,
        forget="3d",
        features=(Trail("path6", of="cell_key", length=6, where="out_call"),),
        zh="一个号码走过的基站", en="the way a number went from cell to cell",
    ),
    Window(
        "caller_hour", "caller", key=("caller_key",), over="1h", step="10m", lateness=_LATE,
        forget="3d",
        features=(
            Count("calls_1h", where="out_call"),
            Count("strangers_1h", where="stranger"),
            Count("talks_1h", where="talked"),
            Count("short_talks_1h", where="short_talk"),
        ),
        zh="一个号码一小时内的呼出", en="what a number calls within an hour",
    ),
    Window(
        "caller_day", "caller_day", key=("caller_key",), over="1d", step="1d", calendar=True,
        lateness=_LATE, forget="2d",
        features=(Count("calls_today", where="out_call"),),
        zh="一个号码当日的呼出", en="what a number calls on one day",
    ),
    Window(
        "caller_hours", "caller_week", key=("caller_key",), over="24h", step="4h", lateness=_LATE,
        forget="14d",
        features=(Count("hours_24h", where="first_this_hour"),),
        zh="一个号码一天内活动的钟点", en="hours in which a number calls within a day",
    ),
    Window(
        "caller_week", "caller_week", key=("caller_key",), over="7d", step="1d", lateness=_LATE,
        forget="14d",
        features=(
            Count("calls_7d", where="out_call"),
            Count("strangers_7d", where="stranger"),
            Count("office_7d", where="office_call"),
            Count("weekend_7d", where="weekend_call"),
            Count("night_7d", where="night_call"),
            Count("talks_7d", where="talked"),
            Count("short_talks_7d", where="short_talk"),
            Count("days_7d", where="first_today"),
            Count("bursts_7d", where="resumed"),
            Sum("squares_7d", of="square", where="out_call", scale=1),
            Sum("busy_7d_s", of="gap_s", where="out_call", scale=1),
        ),
        zh="一个号码一周的作息", en="how a number spreads its calls over a week",
    ),
    Window(
        "trunk", "trunk", key=("trunk_key",), over="24h", step="4h", lateness=_LATE,
        keys_max=200_000,
        features=(
            Count("trunk_calls_24h", where="out_call"),
            Count("trunk_strangers_24h", where="stranger"),
            Count("trunk_talks_24h", where="talked"),
            Count("trunk_short_24h", where="short_talk"),
            Distinct("trunk_clis_24h", of="caller_key", where="out_call", buckets=1024),
        ),
        zh="一条中继的来话", en="what comes in by one trunk",
    ),
    Window(
        "run_callee", "run_callee", key=("run_key", "peer_key"), over="24h", step="4h",
        lateness=_LATE, forget="24h",
        features=(Changes("line_changes_24h", of="caller_key", where="out_call"),),
        zh="连号轮流呼叫同一人", en="numbers in a row that call one person in turn",
    ),
    Window(
        "run", "run", key=("run_key",), over="24h", step="4h", lateness=_LATE, forget="3d",
        features=(
            Count("run_calls_24h", where="out_call"),
            Count("run_rotated_24h", where="rotated"),
            Distinct("run_clis_24h", of="caller_key", where="out_call", buckets=128),
        ),
        zh="一条中继上的一段连号", en="a run of a hundred numbers on one trunk",
    ),
    Window(
        "number", "number", key=("number_key",), over="24h", step="4h", lateness=_LATE,
        forget=_SILENT,
        features=(
            Count("placed_24h", where="placed"),
            Count("received_24h", where="in_call"),
            Count("strange_in_24h", where="strange_in"),
            Count("abroad_in_24h", where="abroad_in"),
            Count("abroad_missed_24h", where="abroad_missed"),
            Count("busy_in_24h", where="busy_in"),
            Count("fed_24h", where="fed"),
            Count("ringed_24h", where="ringed"),
            Count("calls_back_24h", where="calls_back"),
            Count("texts_out_24h", where="text_out"),
            Count("texts_in_24h", where="text_in"),
            Count("codes_24h", where="code_in"),
            Count("net_24h", where="net_use"),
            Max("risky_talk_s", of="talk_s", where="risky_talk", scale=1),
            Since("risky_since_s", where="risky_talk"),
            Since("used_since_s", where="used"),
            Since("activated_s", where="activated"),
            Since("picked_up_since_s", where="picked_up"),
            Since("hung_down_since_s", where="hung_down"),
            Since("call_code_s", where="call_code"),
            Since("forwarded_s", where="forwarded"),
            Last("strange_last", of="strange_call", where="picked_up", scale=1),
            Last("outlet_cards", of="outlet_n", where="opened_at_outlet", scale=1),
            Last("holder_cards", of="holder_n", where="opened_by_holder", scale=1),
            Distinct("code_senders_24h", of="peer_key", where="code_in", buckets=16),
        ),
        zh="一个号码的使用、接听与开通", en="how a number is used, and when it came to life",
    ),
    Window(
        "device", "device", key=("imei_key",), over="7d", step="1d", lateness=_LATE,
        features=(
            Distinct("imsis_7d", of="imsi_key"),
            Changes("card_changes_7d", of="imsi_key"),
        ),
        zh="一台设备用过的卡", en="cards used in one handset",
    ),
    Window(
        "device_hour", "device", key=("imei_key",), over="1h", step="10m", lateness=_LATE,
        features=(Changes("device_areas_1h", of="area_key"),),
        zh="一台设备一小时内的位置区变动", en="how often a handset changes its area within an hour",
    ),
    Window(
        "card", "card", key=("imsi_key",), over="7d", step="1d", lateness=_LATE,
        features=(Distinct("imeis_7d", of="imei_key", buckets=16),),
        zh="一张卡用过的设备", en="handsets one card was used in",
    ),
    Window(
        "cell", "cell", key=("cell_key",), over="1h", step="10m", lateness=_LATE,
        keys_max=1_000_000,
        features=(
            Count("cell_out_1h", where="out_call"),
            Count("cell_in_1h", where="in_call"),
            Count("cell_strangers_1h", where="stranger"),
            Count("cell_begun_1h", where="begun"),
            Count("cell_ended_1h", where="ended"),
            Since("cell_ended_s", where="ended"),
            Last("cell_last", of="number_code", where="ended", scale=1),
            Distinct("cell_cards_1h", of="card_key", where="out_call", buckets=256),
            Distinct("cell_devices_1h", of="imei_key", where="out_call", buckets=256),
        ),
        zh="一个基站一小时内的呼叫", en="calls under one cell within an hour",
    ),
    Window(
        "cell_turns", "cell_turn", key=("cell_key",), over="24h", step="4h", lateness=_LATE,
        keys_max=1_000_000,
        features=(Count("cell_relays_24h", where="relay"),),
        zh="一个基站下的接力呼叫", en="cards that call one after another under one cell",
    ),
    Window(
        "path", "path", key=("path_key",), over="24h", step="4h", lateness=_LATE, forget="3d",
        features=(Distinct("path_cards_24h", of="caller_key", where="out_call"),),
        zh="走过同样基站的号码", en="numbers that went the same way from cell to cell",
    ),
    Window(
        "outlet", "outlet", key=("outlet_key",), over="24h", step="4h", lateness=_LATE,
        keys_max=500_000,
        features=(Count("outlet_opened_24h", where="activated"),),
        zh="一个网点一天内开的卡", en="cards opened at one outlet within a day",
    ),
    Window(
        "card_holder", "card_holder", key=("holder_key",), over="180d", step="30d",
        lateness=_LATE, forget="180d",
        features=(
            Distinct("holder_cards_180d", of="number_key", where="activated", buckets=16),
        ),
        zh="一个户主半年内开的卡", en="cards one holder opened within half a year",
    ),
)  # fmt: skip
"""Rows come one an event, but `number` and `cell` rows two (caller's, callee's). The instants of
`caller_day` and `caller_week` are local, so that their panes are the days that people live by."""

CATALOGUED: Sequence[Window] = (
    Window(
        "caller_minutes", "caller", key=("caller_key",), over="10m", step="1m", lateness="10m",
        forget="3d",
        features=(Count("calls_10m", where="out_call"),),
        zh="一个号码十分钟内的呼出", en="what a number calls within ten minutes",
    ),
    Window(
        "caller_reach", "caller_week", key=("caller_key",), over="7d", step="1d", lateness=_LATE,
        forget="14d",
        features=(
            Distinct("callees_7d", of="peer_key", where="out_call", buckets=512),
            Distinct("cells_7d", of="cell_key", where="out_call", buckets=512),
        ),
        zh="一个号码一周内的对方与基站", en="whom a number calls within a week, and whence",
    ),
    Window(
        "caller_quarter", "caller_week", key=("caller_key",), over="90d", step="10d",
        lateness=_LATE, forget="90d",
        features=(
            Count("calls_90d", where="out_call"),
            Count("strangers_90d", where="stranger"),
            Count("days_90d", where="first_today"),
        ),
        zh="一个号码一季的呼出", en="what a number calls within a quarter",
    ),
    Window(
        "number_week", "number", key=("number_key",), over="7d", step="1d", lateness=_LATE,
        forget=_SILENT,
        features=(
            Count("received_7d", where="in_call"),
            Count("texts_out_7d", where="text_out"),
            Count("codes_7d", where="code_in"),
            Count("net_7d", where="net_use"),
        ),
        zh="一个号码一周的使用", en="how a number is used within a week",
    ),
    Window(
        "device_cells", "device", key=("imei_key",), over="24h", step="4h", lateness=_LATE,
        features=(
            Distinct("device_cells_24h", of="cell_key", buckets=32),
            Distinct("device_areas_24h", of="area_key", buckets=32),
        ),
        zh="一台设备一天内的位置", en="where a handset was within a day",
    ),
    Window(
        "visit", "cell", key=("cell_key", "number_key"), over="24h", step="4h", lateness=_LATE,
        forget="3d",
        features=(Count("here_out_24h", where="out_call"), Count("here_in_24h", where="in_call")),
        zh="一个号码在一个基站下的收发", en="a number's calls out and in under one cell",
    ),
)  # fmt: skip
"""Declared and not counted live, for what they cost. Rows carry the columns that they need:
`CallChannel(…, windows=(*WINDOWS, *CATALOGUED))` counts them too."""
