"""The signed card that a refused caller is sent to: who refused, why, how to appeal (RFC 8688)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)

from fanzha.adapters.sip import jws
from fanzha.errors import Refused

__all__ = ["MEDIA_TYPE", "Card", "Refusal", "jcard", "read", "sign"]

MEDIA_TYPE = "application/jose"
"""What the address in Call-Info answers with: a JWS in compact form (RFC 7515 9.2.1)."""
_TYPE = "vcard+json"
_CONTACTS = ("url", "email", "tel", "adr")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a caller who was refused is told. Words in both languages, no numbers, no persons.

    `code` is what to appeal with (`lists.code.write`; "" where there is none), `appeal_url` the
    page that takes the appeal, `telephone` a number to call (E.164 or as dialled at home).
    """

    centre_zh: str
    centre_en: str
    ground_zh: str
    ground_en: str
    article: str
    code: str
    appeal_url: str
    telephone: str
    documents_zh: str = ""
    documents_en: str = ""
    ends_at: datetime | None = None
    logo: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A card that was read and is signed: its properties by name, each value as text."""

    issued_at: datetime
    x5u: str
    properties: dict[str, list[str]]


def jcard(refusal: Refusal) -> list[Any]:
    """RFC 7095. At least one of URL, EMAIL, TEL or ADR is there (RFC 8688 3.2.2)."""
    zh, en = {"language": "zh", "altid": "1"}, {"language": "en", "altid": "1"}
    rows: list[list[Any]] = [
        ["version", {}, "text", "4.0"],
        ["fn", zh, "text", refusal.centre_zh],
        ["fn", en, "text", refusal.centre_en],
        ["kind", {}, "text", "org"],
        ["url", {"type": "work", "pref": "1"}, "uri", refusal.appeal_url],
        ["tel", {"type": "voice"}, "uri", f"tel:{refusal.telephone}"],
        ["note", zh, "text", _words_zh(refusal)],
        ["note", en, "text", _words_en(refusal)],
    ]
    if refusal.logo:
        rows.append(["logo", {}, "uri", refusal.logo])
    return ["vcard", rows]


def sign(refusal: Refusal, key: EllipticCurvePrivateKey, x5u: str, at: datetime) -> str:
    """The JWS that `/v1/jcards/CODE` answers with. `x5u` is an https address of the certificate of
    `key` (RFC 8688 3.2.1); `at` the instant of the refusal, or of asking where it is not known."""
    payload = {"iat": int(at.timestamp()), "jcard": jcard(refusal)}
    return jws.sign({"typ": _TYPE, "x5u": x5u}, payload, key)


def read(text: str, key: EllipticCurvePublicKey, now: datetime, most_s: int = 60) -> Card:
    """What a caller's side does with it (RFC 8688 3.3): the signature, then how old it is.

    Raises `Refused`: `jws_form`, `jcard_signature`, `jcard_old`, `jcard_form`.
    """
    token = jws.read(text)
    if token.header.get("typ") != _TYPE or not isinstance(token.header.get("x5u"), str):
        raise _refused("jcard_form", "类型或证书地址不对", "its type or certificate is not right")
    if not token.is_signed_by(key):
        raise _refused("jcard_signature", "签名不符", "it is not signed by that key")
    issued = token.payload.get("iat")
    if not isinstance(issued, int) or isinstance(issued, bool):
        raise _refused("jcard_form", "没有签发时间", "it does not say when it was issued")
    if abs(now.timestamp() - issued) > most_s:
        raise _refused("jcard_old", "签发时间太久", "it was not issued just now")
    found = _properties(token.payload.get("jcard"))
    return Card(datetime.fromtimestamp(issued, UTC), token.header["x5u"], found)


def _properties(card: object) -> dict[str, list[str]]:
    form = _refused("jcard_form", "不是 jCard", "it holds no jCard")
    if not (isinstance(card, list) and len(card) == 2 and card[0] == "vcard"):
        raise form
    found: dict[str, list[str]] = {}
    if not isinstance(card[1], list):
        raise form
    for row in card[1]:
        if not (isinstance(row, list) and len(row) >= 4 and isinstance(row[0], str)):
            raise form
        if not isinstance(row[1], dict) or not isinstance(row[2], str):
            raise form
        values = [value for value in row[3:] if isinstance(value, str)]
        found.setdefault(row[0].lower(), []).extend(values)
    if found.get("version") != ["4.0"] or not found.get("fn"):
        raise form
    if not any(found.get(name) for name in _CONTACTS):
        raise _refused("jcard_form", "没有联系方式", "it names no way to reach anybody")
    return found


def _words_zh(refusal: Refusal) -> str:
    parts = [
        f"您的呼叫已被拒绝。理由：{refusal.ground_zh}。",
        f"依据：{refusal.article}。" if refusal.article else "",
        f"期限至北京时间 {_beijing(refusal.ends_at):%Y-%m-%d %H:%M}。" if refusal.ends_at else "",
        f"如有异议，请凭申诉码 {refusal.code} 申诉。" if refusal.code else "如有异议，请来电。",
        f"所需材料：{refusal.documents_zh}。" if refusal.documents_zh else "",
    ]
    return "".join(parts)


def _words_en(refusal: Refusal) -> str:
    parts = [
        f"Your call was refused. Ground: {refusal.ground_en}.",
        f"Under: {refusal.article}." if refusal.article else "",
        f"Until {_beijing(refusal.ends_at):%Y-%m-%d %H:%M} UTC+8." if refusal.ends_at else "",
        f"If this is wrong, appeal with the code {refusal.code}." if refusal.code
        else "If this is wrong, call us.",
        f"Bring: {refusal.documents_en}." if refusal.documents_en else "",
    ]  # fmt: skip
    return " ".join(part for part in parts if part)


def _beijing(at: datetime) -> datetime:
    return at.astimezone(timezone(timedelta(hours=8)))


def _refused(code: str, zh: str, en: str) -> Refused:
    return Refused(code, zh=f"拒接名片无效：{zh}", en=f"the card is not valid: {en}")
