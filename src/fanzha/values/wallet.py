"""Wallet addresses on the three ledgers that scams cash out by: Bitcoin, Ethereum, TRON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from fanzha.errors import Refused
from fanzha.values.addresses import base58check_decode, bech32_decode, ethereum_checksum
from fanzha.values.writing import fold, refused, veil


class Chain(StrEnum):
    """The ledger an address belongs to, by its own check; tokens (USDT) ride on ETH and TRON."""

    BTC = "BTC"
    ETH = "ETH"
    TRON = "TRON"


_HEX = re.compile(r"0[xX][0-9a-fA-F]{40}")
_WITNESS = re.compile(r"(?:bc1[0-9a-z]{8,87}|BC1[0-9A-Z]{8,87})")


@dataclass(frozen=True, slots=True)
class Wallet:
    """`normal`: base58 as it is, bech32 in small letters, Ethereum as 0x and small hex digits."""

    normal: str
    chain: Chain

    @property
    def mask(self) -> str:
        return veil(self.normal, 4, 4, stars="…")


def parse(text: str) -> Wallet:
    written = fold(text)
    if _HEX.fullmatch(written):
        return _ethereum(written)
    if _WITNESS.fullmatch(written):
        if bech32_decode(written.lower()) is None:
            raise _check_failed()
        return Wallet(written.lower(), Chain.BTC)
    payload = base58check_decode(written)
    if payload is not None and len(payload) == 21:
        if payload[0] in (0x00, 0x05):
            return Wallet(written, Chain.BTC)
        if payload[0] == 0x41:
            return Wallet(written, Chain.TRON)
    if payload is None and 26 <= len(written) <= 35 and written.isascii() and written.isalnum():
        raise _check_failed()
    raise refused(
        "wallet_form",
        "不是比特币、以太坊或波场地址",
        "not an address on Bitcoin, Ethereum or TRON",
        "wallet",
    )


def _ethereum(written: str) -> Wallet:
    digits = written[2:]
    mixed = digits not in (digits.lower(), digits.upper())
    if mixed and ethereum_checksum(bytes.fromhex(digits)) != "0x" + digits:
        raise _check_failed()
    return Wallet("0x" + digits.lower(), Chain.ETH)


def _check_failed() -> Refused:
    return refused(
        "wallet_check", "钱包地址校验不符", "the wallet address fails its check", "wallet"
    )
