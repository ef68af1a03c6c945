"""JSON that is signed (RFC 7515, compact, ES256 only), as SIP carries it; pure."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from fanzha.errors import Refused

__all__ = ["LONGEST", "Token", "encoded", "read", "sign"]

LONGEST = 16_384
"""Characters that are looked at; a PASSporT or a card has one or two thousand."""
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_HALF = 32


@dataclass(frozen=True, slots=True)
class Token:
    """What was signed, and the signature, not yet checked."""

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    signed: bytes
    signature: bytes

    def is_signed_by(self, key: EllipticCurvePublicKey) -> bool:
        """Whether the holder of this P-256 key signed it."""
        if not isinstance(key.curve, SECP256R1) or len(self.signature) != 2 * _HALF:
            return False
        r, s = (int.from_bytes(half, "big") for half in _halves(self.signature))
        try:
            key.verify(encode_dss_signature(r, s), self.signed, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def sign(
    header: Mapping[str, Any], payload: Mapping[str, Any], key: EllipticCurvePrivateKey
) -> str:
    """Three parts with dots between. The key must be of P-256; `alg` is ours to write."""
    if not isinstance(key.curve, SECP256R1):
        raise ValueError("ES256 is of P-256")
    signed = f"{encoded({**header, 'alg': 'ES256'})}.{encoded(payload)}"
    r, s = decode_dss_signature(key.sign(signed.encode("ascii"), ECDSA(SHA256())))
    signature = r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")
    return f"{signed}.{_base64(signature)}"


def encoded(value: Mapping[str, Any]) -> str:
    """Keys in order, no blanks (RFC 8225 9), in base64url."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return _base64(text.encode("utf-8"))


def read(text: str) -> Token:
    """Raises `Refused` (`jws_form`) where it is none, or is signed in another way than ES256."""
    parts = text.split(".") if len(text) <= LONGEST else []
    if len(parts) != 3:
        raise _form("三段文字", "three parts")
    header, payload = (_object(part) for part in parts[:2])
    if header.get("alg") != "ES256":
        raise _form("ES256 签名", "signed with ES256")
    if "crit" in header:
        raise _form("不含 crit 要求", "without demands that we do not know (crit)")
    return Token(header, payload, f"{parts[0]}.{parts[1]}".encode("ascii"), _bytes(parts[2]))


def _object(part: str) -> Mapping[str, Any]:
    try:
        found = json.loads(_bytes(part), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _form("JSON 对象", "a JSON object") from error
    if not isinstance(found, dict):
        raise _form("JSON 对象", "a JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _no_constant(text: str) -> float:
    raise ValueError(text)


def _bytes(part: str) -> bytes:
    if not _BASE64URL.fullmatch(part):
        raise _form("base64url 编码", "in base64url")
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise _form("base64url 编码", "in base64url") from error


def _base64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def _halves(signature: bytes) -> tuple[bytes, bytes]:
    return signature[:_HALF], signature[_HALF:]


def _form(zh: str, en: str) -> Refused:
    return Refused("jws_form", zh=f"签名令牌有误：应为{zh}", en=f"not a token: should be {en}")
