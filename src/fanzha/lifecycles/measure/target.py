"""What a measure is taken against: parsed once, in normal form, with how far it reaches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from fanzha.errors import Refused
from fanzha.values import account, dns_name, phone_number, url
from fanzha.values.mask import mask_account
from fanzha.values.phone_number import NumberKind
from fanzha.values.writing import compact, fold, is_digits, veil

__all__ = ["MeasureKind", "Reach", "Target", "parse"]

_SENDER_MOST = 21
"""Letters of a sender's name: SMPP 3.4 has room for 20, CMPP for 21."""
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


class MeasureKind(StrEnum):
    """What it is about. An account measure is a notice to its institution, on no wire."""

    NUMBER = "number"
    SENDER = "sender"
    NAME = "name"
    URL = "url"
    APP = "app"
    ACCOUNT = "account"


class Reach(StrEnum):
    """How far it reaches beyond the one thing."""

    EXACT = "exact"
    PREFIX = "prefix"
    RANGE = "range"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Target:
    """`text` is the normal form; of a range its first, and `last` its last number."""

    kind: MeasureKind
    reach: Reach
    text: str
    last: str = ""

    @property
    def key(self) -> str:
        """One text that names it: two targets with the same key are the same."""
        return f"{self.reach}:{self.text}" + (f"-{self.last}" if self.last else "")

    @property
    def mask(self) -> str:
        """As screens show it. Names, addresses, senders and packages are public."""
        match self.kind:
            case MeasureKind.NUMBER if self.reach is Reach.EXACT:
                return phone_number.parse(self.text).mask
            case MeasureKind.NUMBER:
                end = "*" if self.reach is Reach.PREFIX else f"–{self.last[-4:]}"
                return self.text + end
            case MeasureKind.ACCOUNT:
                return mask_account(self.text)
            case MeasureKind.NAME if self.reach is Reach.BELOW:
                return f"*.{self.text}"
            case MeasureKind.APP:
                return f"sha256:{veil(self.text, 12, 4)}"
        return self.text + ("*" if self.reach is Reach.PREFIX else "")


def parse(kind: MeasureKind, text: str) -> Target:
    """The target that `text` writes: `13012345678`, `1301234*`, `13012340000-13012349999`,
    `+447*`; a sender `BANKX` or `BANK*`; `shop.example` (and all under it), `=shop.example` (it
    alone); an address `http://shop.example/pay`; `sha256:…` of a package or certificate; an
    account `institution:account`. `Refused` names the rule, never the value."""
    match kind:
        case MeasureKind.NUMBER:
            return _number(text)
        case MeasureKind.SENDER:
            return _sender(text)
        case MeasureKind.NAME:
            return _name(text)
        case MeasureKind.URL:
            return _url(text)
        case MeasureKind.APP:
            found = _SHA256.fullmatch(fold(text).lower())
            if found is None:
                raise _bad("app_form", "应用须写 sha256: 加 64 位十六进制",
                           "an app is written sha256: and 64 hexadecimal digits")  # fmt: skip
            return Target(kind, Reach.EXACT, found[1])
        case MeasureKind.ACCOUNT:
            return Target(kind, Reach.EXACT, account.parse(text).normal)


def _number(text: str) -> Target:
    written = fold(text).replace("～", "~").replace("至", "~")
    if written.endswith("*"):
        return Target(MeasureKind.NUMBER, Reach.PREFIX, _prefix(compact(written[:-1])))
    if (ends := _ends(written)) is None:
        return Target(MeasureKind.NUMBER, Reach.EXACT, phone_number.parse(written).normal)
    begin, end = (phone_number.parse(e).normal for e in ends)
    if len(begin) != len(end) or begin > end:
        raise _bad(
            "range_form",
            "号段的首尾须等长且首不大于尾",
            "both ends of a range have one length, and the first is not the greater",
        )
    return Target(MeasureKind.NUMBER, Reach.RANGE, begin, end)


def _ends(written: str) -> tuple[str, str] | None:
    """The two ends of a range. A dash stands within numbers too: it parts two numbers only where
    what stands on either side is one."""
    if "~" in written:
        first, _, last = written.partition("~")
        return first, last
    sides = re.split(r"[-–—]", written)
    if len(sides) == 2 and all(
        phone_number.parse_cli(side).kind is not NumberKind.MALFORMED for side in sides
    ):
        return sides[0], sides[1]
    return None


def _prefix(digits: str) -> str:
    """Beginning of a normal form. Refused where it is no beginning of numbers we know."""
    bare = digits[1:] if digits.startswith("+") else digits
    if not is_digits(bare):
        raise _bad("prefix_form", "号段前缀只能是数字", "a prefix of numbers is digits")
    if digits.startswith("+"):
        return digits
    if bare.startswith("00"):
        return "+" + bare[2:]
    if bare.startswith("0"):
        return "+86" + bare[1:]
    if bare[0] == "1" and len(bare) > 1 and bare[1] in "3456789":
        return "+86" + bare
    return bare


def _sender(text: str) -> Target:
    written = fold(text).lower()
    reach = Reach.PREFIX if written.endswith("*") else Reach.EXACT
    name = written.rstrip("*").strip()
    if not 1 <= len(name) <= _SENDER_MOST:
        raise _bad("sender_form", f"发送方须为 1 至 {_SENDER_MOST} 个字符",
                   f"a sender has 1 to {_SENDER_MOST} characters")  # fmt: skip
    if phone_number.parse_cli(name).kind is not NumberKind.MALFORMED:
        raise _bad(
            "sender_is_number",
            "发送方是号码，请登记为号码",
            "this sender is a number: list it as one",
        )
    return Target(MeasureKind.SENDER, reach, name)


def _name(text: str) -> Target:
    written = fold(text)
    alone = written.startswith("=")
    name = dns_name.parse(written.lstrip("=").removeprefix("*."))
    if name.registrable is None:
        raise _bad(
            "name_too_wide",
            "这是公共后缀，不能整体封堵",
            "this is a public suffix: it is not one registrant's",
        )
    return Target(MeasureKind.NAME, Reach.EXACT if alone else Reach.BELOW, name.normal)


def _url(text: str) -> Target:
    found = url.parse(text)
    if found.tail in ("", "/") and not found.is_address:
        raise _bad(
            "url_is_name",
            "没有路径的网址请登记为域名",
            "an address without a path: list it as a name",
        )
    return Target(MeasureKind.URL, Reach.EXACT, f"{found.host}{found.tail}")


def _bad(code: str, zh: str, en: str) -> Refused:
    return Refused(code, zh=zh, en=en, field="target")
