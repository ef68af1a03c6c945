"""Money in whole fen: reading amounts as people write them, writing them as forms ask."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fanzha.values.writing import fold, refused

_WRITTEN = re.compile(
    r"(?:CNY|RMB|人民币|¥|￥)?\s*([+-]?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,17})(?:\.([0-9]{1,6}))?"
    r"\s*(万|亿|万元|亿元|元|块|圆|CNY|RMB)?",
    re.IGNORECASE,
)
_SCALE = {"万": 10_000, "万元": 10_000, "亿": 100_000_000, "亿元": 100_000_000}
_CAPITALS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_CAPITAL_VALUES = {char: value for value, char in enumerate(_CAPITALS)} | {"两": 2, "〇": 0}
_CAPITAL_PLACES = {"拾": 10, "佰": 100, "仟": 1000}
#: The largest amount: int64 fen, as the streams carry it.
LIMIT_FEN = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency in its hundredth; never a float."""

    fen: int
    currency: str = "CNY"

    @property
    def normal(self) -> str:
        """`1234.56`, the form that parses to the same."""
        sign = "-" if self.fen < 0 else ""
        return f"{sign}{abs(self.fen) // 100}.{abs(self.fen) % 100:02d}"

    @property
    def written(self) -> str:
        """`1,234.56`."""
        sign = "-" if self.fen < 0 else ""
        return f"{sign}{abs(self.fen) // 100:,}.{abs(self.fen) % 100:02d}"

    @property
    def capitals(self) -> str:
        """人民币壹仟贰佰叁拾肆元伍角陆分, as receipts ask; refused for a negative amount."""
        return "人民币" + in_capitals(self.fen)

    @property
    def mask(self) -> str:
        """Amounts are open to those who hold the task: shown in full."""
        return self.written


def parse(text: str) -> Money:
    """Takes `1234.5`, `¥1,234.50`, `1.2万元`, `3亿` and capitals (壹万贰仟元整)."""
    written = fold(text)
    match = _WRITTEN.fullmatch(written)
    fen = _from_capitals(written) if match is None else _from_digits(match)
    if fen is None:
        raise refused("money_form", "不是金额", "not an amount of money", "money")
    if abs(fen) > LIMIT_FEN:
        raise refused("money_range", "金额过大", "the amount is too large", "money")
    return Money(fen)


def _from_digits(match: re.Match[str]) -> int:
    sign, whole, fraction, unit = match.groups()
    scale: int = 100 * _SCALE.get(unit or "", 1)
    digits = fraction or ""
    value: int = int(whole.replace(",", "")) * scale
    part: int = int(digits or "0") * scale
    tenths = int(10 ** len(digits))
    if part % tenths:
        raise refused("money_fraction", "金额不足一分", "the amount divides a fen", "money")
    value += part // tenths
    return -value if sign == "-" else value


def in_capitals(fen: int) -> str:
    """Capital numerals of an amount, by the rules for bills (支付结算办法, annex 1)."""
    if not 0 <= fen < 10**18:
        raise refused("money_range", "金额超出大写范围", "the amount cannot be written so", "money")
    yuan, cents = divmod(fen, 100)
    jiao, rest = divmod(cents, 10)
    out = _yuan_in_capitals(yuan)
    if jiao:
        out += _CAPITALS[jiao] + "角"
    elif rest and out:
        out += "零"
    if rest:
        out += _CAPITALS[rest] + "分"
    elif out:
        out += "整"
    return out or "零元整"


def _yuan_in_capitals(yuan: int) -> str:
    high, low = divmod(yuan, 10**8)
    out = _eight_in_capitals(high) + "亿" if high else ""
    if low:
        out += ("零" if out and low < 10**7 else "") + _eight_in_capitals(low)
    return out + "元" if out else ""


def _eight_in_capitals(number: int) -> str:
    high, low = divmod(number, 10**4)
    out = _four_in_capitals(high) + "万" if high else ""
    if low:
        out += ("零" if out and low < 1000 else "") + _four_in_capitals(low)
    return out


def _four_in_capitals(number: int) -> str:
    out, zero = "", False
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if digit:
            out += ("零" if zero and out else "") + _CAPITALS[digit] + _PLACES[place]
        zero = not digit
    return out


def _from_capitals(text: str) -> int | None:
    """The amount that capitals write; only what `in_capitals` would write the same way counts."""
    body = text.removeprefix("人民币").replace("圆", "元").replace("正", "整")
    yuan_text, mark, cents_text = body.rpartition("元") if "元" in body else ("", "", body)
    yuan = _group_value(yuan_text) if mark else 0
    cents = re.fullmatch(
        r"零?(?:([壹贰叁肆伍陆柒捌玖])角)?零?(?:([壹贰叁肆伍陆柒捌玖])分)?整?", cents_text
    )
    if yuan is None or cents is None or not set(body) & set(_CAPITALS):
        return None
    jiao, rest = (_CAPITAL_VALUES.get(char or "零", 0) for char in cents.groups())
    fen = yuan * 100 + jiao * 10 + rest
    if fen >= 10**18:
        return None
    # 零 between groups may be written or left out; everything else must be as we would write it.
    ours = in_capitals(fen).removesuffix("整").replace("零", "")
    return fen if ours == body.removesuffix("整").replace("零", "") else None


def _group_value(text: str) -> int | None:
    total = group = digit = 0
    for char in text:
        if char in _CAPITAL_VALUES:
            digit = _CAPITAL_VALUES[char]
        elif char in _CAPITAL_PLACES:
            group, digit = group + digit * _CAPITAL_PLACES[char], 0
        elif char == "万":
            total, group, digit = total + (group + digit) * 10_000, 0, 0
        elif char == "亿":
            total, group, digit = (total + group + digit) * 100_000_000, 0, 0
        else:
            return None
    return total + group + digit
