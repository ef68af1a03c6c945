"""Bank cards (ISO/IEC 7812-1): length, check digit, and who issued it where that is public."""

from __future__ import annotations

from dataclasses import dataclass

from fanzha.values import check_digits, reserved
from fanzha.values.writing import compact, is_digits, refused, veil

#: Widely published prefixes of the large Chinese issuers. Far from complete: a card that matches
#: none has an unknown issuer, which says nothing about the card.
_ISSUERS = {
    "中国工商银行": (
        "622200",
        "622202",
        "622203",
        "622208",
        "621226",
        "621225",
        "622230",
        "955880",
    ),
    "中国农业银行": ("622848", "622845", "622846", "623052", "622836", "622837", "95595", "95596"),
    "中国银行": ("621660", "621661", "621663", "621756", "621785", "621790", "456351", "601382"),
    "中国建设银行": ("621700", "622700", "622280", "436742", "621080", "621081", "622966"),
    "交通银行": ("622258", "622260", "622262", "622261", "601428", "405512", "621436"),
    "中国邮政储蓄银行": ("621096", "621098", "622188", "621799", "622150", "955100", "621797"),
    "招商银行": ("622588", "622575", "621286", "621483", "621485", "622580", "410062", "468203"),
    "中国民生银行": ("622615", "622617", "622618", "622622", "415599"),
    "兴业银行": ("622908", "622909", "966666", "438588"),
    "中信银行": ("622690", "622691", "622696", "622698", "433670", "433680"),
    "中国光大银行": ("622660", "622662", "622663", "622665"),
    "上海浦东发展银行": ("622518", "622520", "622521", "622522", "984301"),
    "平安银行": ("622155", "622156", "622986", "622989", "627066", "998801"),
    "广发银行": ("622568", "621462"),
}
_BY_PREFIX = {prefix: bank for bank, prefixes in _ISSUERS.items() for prefix in prefixes} | {
    bank.card_prefix: bank.name for bank in reserved.BANKS.values()
}
_LONGEST_PREFIX = max(map(len, _BY_PREFIX))


@dataclass(frozen=True, slots=True)
class BankCard:
    """`normal` is the digits, 12 to 19 of them."""

    normal: str

    @property
    def issuer(self) -> str | None:
        """The issuing bank's name; None where the prefix is not in our public list."""
        for length in range(_LONGEST_PREFIX, 2, -1):
            bank = _BY_PREFIX.get(self.normal[:length])
            if bank is not None:
                return bank
        return None

    @property
    def mask(self) -> str:
        return veil(self.normal, 4, 4, stars=" **** ")


def parse(text: str) -> BankCard:
    digits = compact(text)
    if not (is_digits(digits) and 12 <= len(digits) <= 19):
        raise refused(
            "card_length", "银行卡号须为 12 至 19 位数字", "a card has 12 to 19 digits", "card"
        )
    if check_digits.luhn(digits[:-1]) != digits[-1]:
        raise refused(
            "card_check_digit", "银行卡号校验位不符", "the card's check digit is wrong", "card"
        )
    return BankCard(digits)
