"""How far a scam has walked with one person: 接触, 建立信任, 诱导操作, 绑卡加户, 转账, 之后."""

from __future__ import annotations

import enum


class Stage(enum.StrEnum):
    """Stages as a scam walks them (domain C3: 引流 → 建立信任 → 诱导操作 → 转账 → 追加), with the
    step before the payment apart (D5: contact → app installed → card bound → transferring)."""

    CONTACT = "contact"
    TRUST = "trust"
    OPERATION = "operation"
    """An app installed, a screen shared, codes read out."""
    BOUND = "bound"
    """A payee added, a card or device bound: the next act is the payment."""
    TRANSFER = "transfer"
    AFTER = "after"

    @property
    def imminence(self) -> int:
        """0 (contact) to 5 (after): how near the loss is."""
        return list(Stage).index(self)

    @property
    def zh(self) -> str:
        return ("接触", "建立信任", "诱导操作", "绑卡加户", "转账", "之后")[self.imminence]

    @property
    def en(self) -> str:
        return ("Contact", "Trust", "Operation", "Card bound", "Transfer", "After")[self.imminence]
