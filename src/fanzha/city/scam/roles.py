"""What part an event plays in a scam, as the truth files name it."""

from __future__ import annotations

ROLES = (
    "cold_call",
    "cold_text",
    "scam_call",
    "scam_text",
    "scam_chat",
    "visit",
    "install",
    "app",
    "share",
    "forward",
    "account_act",
    "rebate",
    "loan",
    "gather",
    "payment",
    "hop_l1",
    "hop_l2",
    "fee",
    "card_opened",
    "mule_opened",
    "den_call",
)
ROLE = {name: place for place, name in enumerate(ROLES)}
"""`hop_l1` moves money from the first layer of accounts to the second, `hop_l2` out of sight."""
