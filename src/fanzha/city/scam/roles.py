"""What part an event plays in a scam, as the truth files name it."""

from __future__ import annotations

HOPS = ("hop_l1", "hop_l2", "hop_l3", "hop_l4", "hop_l5")
"""`hop_l1` moves money on from the first layer of accounts, `hop_l5` from the fifth."""
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
    "code",
    "rebate",
    "loan",
    "gather",
    "relay_in",
    "relay_out",
    "payment",
    *HOPS,
    "fee",
    "card_opened",
    "mule_opened",
    "den_call",
    "control_call",
    "pool_code",
)
ROLE = {name: place for place, name in enumerate(ROLES)}
