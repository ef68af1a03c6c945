"""The accounts of a demo: who they are, and the password that the door itself shows."""

from __future__ import annotations

from fanzha.lifecycles.actor import Role

DEMO_PASSWORD = "fanzha-demo"  # noqa: S105 - a demo's; refused on any address but loopback
DEMO_ANALYST = "linyue"
DEMO_ACCOUNTS: tuple[tuple[str, str, str, frozenset[Role], str], ...] = (
    ("chenjing", "陈静", "劝阻员 dissuader, 清澜市中心",
     frozenset({Role.DISSUADER}), "470100"),
    ("heshan", "何珊", "值班长 duty officer, 清澜市中心",
     frozenset({Role.DISSUADER, Role.DUTY_OFFICER}), "470100"),
    ("zhouhang", "周航", "劝阻员 dissuader, 松涛派出所",
     frozenset({Role.DISSUADER}), "470103001"),
    (DEMO_ANALYST, "林越", "分析员 analyst", frozenset({Role.ANALYST}), "470100"),
    ("sunqi", "孙琦", "审计员 auditor", frozenset({Role.AUDITOR}), "470100"),
    ("fangyuan", "方原", "管理员 administrator", frozenset({Role.ADMINISTRATOR}), "470100"),
)  # fmt: skip
"""Name, display, words, roles, unit."""
