"""What is remembered of numbers, pairs of numbers and handsets, and for how long (domain D1)."""

from __future__ import annotations

from collections.abc import Sequence

from fanzha.features.declare import Count, Distinct, Last, Since, Sum, Window

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
        "number", "number", key=("number_key",), over="24h", step="4h", lateness=_LATE,
        features=(
            Count("received_24h", where="in_call"),
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
"""`pair`, `caller` and `device` rows come one an event, `number` rows two (caller's, callee's)."""
