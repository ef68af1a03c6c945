"""Accounts as transfers name them: `institution:account`, or an exit (cash, merchant, wallet)."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from enum import StrEnum

from fanzha.errors import Refused
from fanzha.values import wallet
from fanzha.values.writing import compact, fold, is_digits, refused, veil


class AccountKind(StrEnum):
    """Where the money lies, or by which door it leaves what can be followed."""

    BANK = "bank"
    PAYMENT = "payment"
    CASH = "cash"
    MERCHANT = "merchant"
    WALLET = "wallet"


_EXITS = frozenset((AccountKind.CASH, AccountKind.MERCHANT, AccountKind.WALLET))
_PAYMENT_FIRM = re.compile(r"[A-Z][A-Z0-9]{1,19}")
#: Letters and digits, and the signs that e-mail and handle accounts of payment firms use.
_HELD = re.compile(r"[0-9A-Za-z][0-9A-Za-z.@_+\-*]{0,63}")
_PLACE = re.compile(r"[^\s:\x00-\x1f]{0,64}")


@dataclass(frozen=True, slots=True)
class PaymentAccount:
    """`institution` is a 12-digit bank code, a payment firm's code, or the name of the exit."""

    institution: str
    account: str
    kind: AccountKind

    @property
    def normal(self) -> str:
        return f"{self.institution}:{self.account}"

    @property
    def mask(self) -> str:
        """The account's first and last four around stars; cash and merchants in full."""
        if self.kind in (AccountKind.CASH, AccountKind.MERCHANT):
            return self.normal
        shown = 4 if len(self.account) >= 16 else 3 if len(self.account) >= 12 else 2
        return veil(self.account, shown, shown, stars=" **** ")


def parse(text: str) -> PaymentAccount:
    institution, colon, account = fold(text).partition(":")
    if not colon:
        raise refused(
            "account_form",
            "账户须写作 机构:账号，或以 cash:、merchant:、wallet: 开头",
            "write an account as institution:account, or begin with cash:, merchant: or wallet:",
            "account",
        )
    institution = institution.strip()
    exit_name = institution.lower()
    if exit_name in _EXITS:
        return _exit(AccountKind(exit_name), account)
    if is_digits(institution) and len(institution) == 12:
        return PaymentAccount(institution, _held(account), AccountKind.BANK)
    institution = institution.upper()
    if _PAYMENT_FIRM.fullmatch(institution):
        return PaymentAccount(institution, _held(account), AccountKind.PAYMENT)
    raise refused(
        "account_institution",
        "机构须为 12 位行号或支付机构代码",
        "the institution must be a 12-digit bank code or a payment firm's code",
        "account",
    )


def _held(account: str) -> str:
    """The account at its institution; groups of digits are joined, anything else stays as it is."""
    joined = compact(account)
    kept = joined if is_digits(joined) else account.strip()
    if not _HELD.fullmatch(kept):
        raise refused(
            "account_number",
            "账号须为 1 至 64 位字母、数字",
            "the account must be 1 to 64 letters and digits",
            "account",
        )
    return kept


def _exit(kind: AccountKind, account: str) -> PaymentAccount:
    kept = account.strip()
    if not _PLACE.fullmatch(kept) or (kind is not AccountKind.CASH and not kept):
        raise refused(
            "account_exit",
            "出口账户须有 1 至 64 个字符，不含空格和冒号",
            "an exit needs 1 to 64 characters without blanks or colons",
            "account",
        )
    if kind is AccountKind.WALLET:
        # A ledger we cannot read is still an exit: its address is kept as it came.
        with contextlib.suppress(Refused):
            kept = wallet.parse(kept).normal
    return PaymentAccount(kind.value, kept, kind)
