"""Our own lines: which card each shows, and who outside imitates their numbers; pure."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from fanzha.adapters.sip.passport import CallerCard, digest, sign_card
from fanzha.errors import Misconfigured, policy_reader
from fanzha.values import phone_number
from fanzha.values.phone_number import NumberKind

__all__ = ["Line", "Lines", "Presented", "load"]

_MOST_PADDING = 4
"""Digits that imitations put before a number: +, 00, a country code of their choice."""
_LONGEST_REASON = 64


@dataclass(frozen=True, slots=True)
class Line:
    """Numbers (normal forms) that show one card."""

    numbers: tuple[str, ...]
    card: CallerCard


@dataclass(frozen=True, slots=True)
class Presented:
    """What Kamailio adds to a call from one of our lines: values of header fields."""

    identity: str
    call_info: str
    name: str


class Lines:
    """The lines of a centre. `key` signs, its certificate lies at `x5u`."""

    def __init__(self, lines: Sequence[Line], key: EllipticCurvePrivateKey, x5u: str) -> None:
        self._cards = {number: line.card for line in lines for number in line.numbers}
        self._key = key
        self._x5u = x5u

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(self._cards)

    def present(self, orig: str, dest: str, at: datetime) -> Presented | None:
        """For a call that comes from inside; None where `orig` is no line of ours."""
        number = phone_number.read(orig)[0]
        card = self._cards.get(number)
        called, kind, _ = phone_number.read(dest)
        if card is None or kind is NumberKind.MALFORMED:
            return None
        identity = sign_card(card, number, [called], self._key, self._x5u, at)
        return Presented(identity, call_info(card), card.name)

    def imitated_by(self, presented: str) -> str | None:
        """The number of ours that a number presented from outside is, or is dressed up as."""
        normal, kind, _ = phone_number.read(presented)
        if normal in self._cards:
            return normal
        if kind not in (NumberKind.MALFORMED, NumberKind.OVERSEAS):
            return None
        digits = "".join(char for char in normal if char in "0123456789")
        for ours in self._cards:
            for form in {ours.removeprefix("+"), ours.removeprefix("+86")}:
                if digits.endswith(form) and len(digits) - len(form) <= _MOST_PADDING:
                    return ours
        return None


def call_info(card: CallerCard) -> str:
    """RFC 9796: the card as a jCard in the address itself, the logo, the reason; one field."""
    rows: list[list[Any]] = [["version", {}, "text", "4.0"], ["fn", {}, "text", card.name]]
    if card.logo:
        rows.append(["logo", {}, "uri", card.logo])
    text = json.dumps(["vcard", rows], ensure_ascii=False, separators=(",", ":"))
    inline = b64encode(text.encode("utf-8")).decode("ascii")
    found = f"<data:application/json;base64,{inline}>;purpose=jcard"
    if card.logo:
        found += f",<{card.logo}>;purpose=icon"
    return found + (f';call-reason="{card.reason}"' if card.reason else "")


@policy_reader
def load(path: Path) -> tuple[Line, ...]:
    """`policies/wires/cards.yaml`. Raises `Misconfigured` for what is unknown or cannot stand in a
    header."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    _keys(data, {"version", "in_force_on", "lines"})
    return tuple(_line(one, path.parent) for one in data["lines"])


def _line(data: Mapping[str, Any], folder: Path) -> Line:
    _keys(data, {"numbers", "name", "reason", "logo", "picture"})
    numbers = tuple(phone_number.parse(str(text)).normal for text in data["numbers"])
    name, reason, logo = (str(data[key] or "") for key in ("name", "reason", "logo"))
    for text in (name, reason, logo):
        if not text.isprintable() or any(char in text for char in '"<>\\'):
            raise _wrong("quotes, brackets or controls in a card")
    if not name or len(reason) > _LONGEST_REASON or (logo and not logo.startswith("https://")):
        raise _wrong("a card needs a name, a reason of at most 64 letters, a logo over https")
    picture = (folder / str(data["picture"])).read_bytes() if data["picture"] else None
    return Line(numbers, CallerCard(name, reason, logo, digest(picture) if picture else ""))


def _keys(data: Mapping[str, Any], known: set[str]) -> None:
    if set(data) != known:
        raise _wrong(f"exactly {sorted(known)}")


def _wrong(what: str) -> Misconfigured:
    return Misconfigured(
        "caller_cards", zh=f"名片政策文件有误：{what}", en=f"the cards' policy is wrong: {what}"
    )
