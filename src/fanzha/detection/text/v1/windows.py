"""What is remembered of who sends texts: how many a day, how many of them suspected, to whom."""

from __future__ import annotations

from collections.abc import Sequence

from fanzha.features.declare import Count, Distinct, Window

__all__ = ["WINDOWS"]

WINDOWS: Sequence[Window] = (
    Window(
        "text_sender", "text", key=("sender_key",), over="24h", step="4h", lateness="1h",
        forget="24h",
        features=(Count("texts_24h"),),
        zh="一个号码一天内发出的短信", en="texts a number sent within a day",
    ),
    Window(
        "scam_sender", "text", key=("sender_key",), over="24h", step="4h", lateness="1h",
        forget="24h",
        features=(
            Count("scam_texts_24h", where="scam"),
            Distinct("scam_recipients_24h", of="recipient_key", where="scam", buckets=64),
        ),
        zh="一个号码一天内发出的涉诈短信", en="suspected texts a number sent within a day",
    ),
    Window(
        "burst", "text_burst", key=("campaign_key", "cell_key"), over="10m", step="1m",
        lateness="10m", forget="1h", keys_max=200_000,
        features=(
            Count("burst_texts"),
            Distinct("burst_senders", of="sender_key", buckets=64),
            Distinct("burst_recipients", of="recipient_key", buckets=64),
        ),
        zh="十分钟内同一小区发出的近似短信",
        en="nearly the same texts from one cell in ten minutes",
    ),
)  # fmt: skip
