"""What is remembered of numbers, pairs of numbers and handsets, and for how long (domain D1)."""

from __future__ import annotations

from collections.abc import Sequence

from fanzha.features.declare import Changes, Count, Distinct, Last, Max, Since, Sum, Window

__all__ = ["WINDOWS"]

_LATE = "1h"

WINDOWS: Sequence[Window] = (
    Window(
        "acquaintance", "pair", key=("low_key", "high_key"), over="30d", step="10d",
        lateness=_LATE,
        features=(Count("pair_starts", where="is_start"), Count("pair_ends", where="is_end")),
        zh="两个号码之间的通话", en="calls between two numbers",
    ),
    Window(
        "new_acquaintance", "pair", key=("low_key", "high_key"), over="24h", step="4h",
        lateness=_LATE, forget="24h",
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
            Since("quiet_since_s", where="out_call"),
            Sum("talk_sum_24h", of="talk_s", where="talked"),
            Sum("talk_sq_24h", of="talk_sq", where="talked"),
            Distinct("callees_24h", of="peer_key", where="out_call", buckets=256),
            Distinct("cells_24h", of="cell_key", where="out_call", buckets=256),
        ),
        zh="一个号码一天内的呼出", en="what a number calls within a day",
    ),
    Window(
        "caller_hour", "caller", key=("caller_key",), over="1h", step="10m", lateness=_LATE,
        forget="2h",
        features=(Count("calls_1h", where="out_call"),),
        zh="一个号码一小时内的呼出", en="what a number calls within an hour",
    ),
    Window(
        "caller_day", "caller_day", key=("caller_key",), over="1d", step="1d", lateness=_LATE,
        forget="2d",
        features=(Count("calls_today", where="out_call"),),
        zh="一个号码当日的呼出", en="what a number calls on one day",
    ),
    Window(
        "caller_week", "caller_week", key=("caller_key",), over="7d", step="1d", lateness=_LATE,
        forget="14d",
        features=(
            Count("calls_7d", where="out_call"),
            Count("strangers_7d", where="stranger"),
            Count("office_7d", where="office_call"),
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
        features=(
            Count("received_24h", where="in_call"),
            Count("fed_24h", where="fed"),
            Count("ringed_24h", where="ringed"),
            Count("calls_back_24h", where="calls_back"),
            Max("risky_talk_s", of="talk_s", where="risky_talk", scale=1),
            Since("risky_since_s", where="risky_talk"),
            Since("activated_since_s", where="activated"),
            Since("picked_up_since_s", where="picked_up"),
            Since("hung_down_since_s", where="hung_down"),
            Last("strange_last", of="strange_call", where="picked_up", scale=1),
        ),
        zh="一个号码的接听与开通", en="what a number receives, and when it came to life",
    ),
    Window(
        "device", "device", key=("imei_key",), over="7d", step="1d", lateness=_LATE,
        features=(Distinct("imsis_7d", of="imsi_key"),),
        zh="一台设备用过的卡", en="cards used in one handset",
    ),
)  # fmt: skip
"""All rows come one an event, but `number` rows two (caller's, callee's). The instants of
`caller_day` and `caller_week` are local, so that their panes are the days that people live by."""
