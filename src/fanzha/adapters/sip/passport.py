"""Signed caller identity in SIP (PASSporT, RFC 8225): what others say, and the caller card; pure.

Read: `shaken` (RFC 8588) and `rcd` (RFC 9795). Written: `rcd`, with name, reason and logo.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from fanzha.adapters.sip import authority, jws, scope
from fanzha.errors import Refused

__all__ = ["CallerCard", "Identity", "Passport", "digest", "identity", "number_form", "read",
           "sign_card", "verify"]  # fmt: skip

FRESH_S = 60
"""RFC 8224 6.2.4: a PASSporT older than a minute is stale."""
_KINDS = ("shaken", "rcd")
_PARAMETER = re.compile(r';\s*(info|alg|ppt)\s*=\s*("[^"]{0,300}"|<[^>]{0,2000}>|[^;\s]{1,300})')
_NUMBER = re.compile(r"[0-9*#]{1,15}")


@dataclass(frozen=True, slots=True)
class CallerCard:
    """反诈名片: what the called person sees. `logo_digest` binds the picture's bytes (`digest`)."""

    name: str
    reason: str
    logo: str = ""
    logo_digest: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """An Identity header: the token, where its certificate lies, which kind it says it is."""

    token: jws.Token
    info: str
    kind: str


@dataclass(frozen=True, slots=True)
class Passport:
    """What was said, by somebody who may say it of this number."""

    kind: str
    orig: str
    dest: tuple[str, ...]
    issued_at: datetime
    attest: str
    """`shaken`: A the customer and the number are known, B the customer, C a gateway; else ""."""
    origid: str
    card: CallerCard | None
    """`rcd`: what to show."""


def number_form(number: str) -> str:
    """A normal form of ours (`+86154…`, `95401`) as PASSporTs write it (RFC 8224 8.3)."""
    return number.removeprefix("+")


def digest(content: bytes) -> str:
    """For `rcdi` (RFC 9795 6.1)."""
    return "sha256-" + b64encode(hashlib.sha256(content).digest()).decode("ascii")


def sign_card(
    card: CallerCard,
    orig: str,
    dest: Sequence[str],
    key: EllipticCurvePrivateKey,
    x5u: str,
    at: datetime,
) -> str:
    """The value of an Identity header that carries `card`. `orig`, `dest`: normal forms."""
    rcd: dict[str, Any] = {"nam": card.name}
    payload: dict[str, Any] = {
        "orig": {"tn": number_form(orig)},
        "dest": {"tn": sorted(map(number_form, dest))},
        "iat": int(at.timestamp()),
        "rcd": rcd,
    }
    if card.reason:
        payload["crn"] = card.reason
    if card.logo:
        rcd["icn"] = card.logo
        if card.logo_digest:
            payload["rcdi"] = {"/icn": card.logo_digest}
    token = jws.sign({"typ": "passport", "ppt": "rcd", "x5u": x5u}, payload, key)
    return f"{token};info=<{x5u}>;alg=ES256;ppt=rcd"


def identity(value: str) -> Identity:
    """An Identity header, not yet checked. Raises `Refused` (`jws_form`, `identity_form`)."""
    if len(value) > jws.LONGEST:
        raise _refused("identity_form", "过长", "it is too long")
    token = jws.read(value.partition(";")[0].strip())
    given = {name: text.strip('"<>') for name, text in _PARAMETER.findall(value)}
    header = token.header
    kind, x5u = header.get("ppt", ""), header.get("x5u")
    if header.get("typ") != "passport" or not isinstance(kind, str) or not isinstance(x5u, str):
        raise _refused("identity_form", "不是 PASSporT", "it is no PASSporT")
    if given.get("info") != x5u or given.get("alg", "ES256") != "ES256":
        raise _refused("identity_form", "头域与令牌不符", "header and token do not agree")
    if given.get("ppt", kind) != kind:
        raise _refused("identity_form", "头域与令牌不符", "header and token do not agree")
    return Identity(token, x5u, kind)


def verify(
    found: Identity,
    chain: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    now: datetime,
    *,
    orig: str,
    dest: str | None = None,
    pictures: Mapping[str, bytes] | None = None,
) -> Passport:
    """RFC 8224 6.2: chain, numbers of the certificate, signature, call, freshness.

    `orig`, `dest`: the numbers of the call, normal forms. `pictures`: bytes by address, to hold
    against `rcdi`; what is not given is not shown. Raises `Refused`: `chain_untrusted`,
    `identity_signature`, `identity_form`, `identity_numbers`, `identity_scope`, `identity_stale`.
    """
    if found.kind not in _KINDS:
        raise _refused("identity_form", "类型不认识", "its kind is not known")
    key = authority.trusted(chain, roots, now)
    if not found.token.is_signed_by(key):
        raise _refused("identity_signature", "签名不符", "it is not signed by that certificate")
    passport = read(found)
    if passport.orig != number_form(orig):
        raise _refused("identity_numbers", "主叫号码不符", "it is of another caller")
    if dest is not None and number_form(dest) not in passport.dest:
        raise _refused("identity_numbers", "被叫号码不符", "it is for another called number")
    allowed = authority.numbers_of(chain[0])
    # A provider's certificate (SHAKEN) names the provider, not numbers.
    if (found.kind == "rcd" or allowed) and not scope.holds(allowed, passport.orig):
        raise _refused("identity_scope", "证书不含此号码", "the certificate is not for it")
    if abs(now.timestamp() - passport.issued_at.timestamp()) > FRESH_S:
        raise _refused("identity_stale", "已过时", "it is not of now")
    return _shown(passport, pictures or {})


def read(found: Identity) -> Passport:
    """What an Identity says, whoever says it. Raises `Refused` (`identity_form`)."""
    payload = found.token.payload
    issued = payload.get("iat")
    if not isinstance(issued, int) or isinstance(issued, bool) or not 0 <= issued < 2**33:
        raise _refused("identity_form", "没有签发时间", "it does not say when it was made")
    orig, dest = _numbers(payload.get("orig")), _numbers(payload.get("dest"))
    if len(orig) != 1 or not dest:
        raise _refused("identity_form", "没有主被叫号码", "it does not name caller and called")
    attest, origid = payload.get("attest", ""), payload.get("origid", "")
    if found.kind == "shaken" and (attest not in ("A", "B", "C") or not isinstance(origid, str)):
        raise _refused("identity_form", "没有认证等级", "it does not say how sure it is")
    card = _card(payload) if found.kind == "rcd" else None
    at = datetime.fromtimestamp(issued, UTC)
    shaken = found.kind == "shaken"
    return Passport(
        found.kind, orig[0], tuple(dest), at,
        str(attest) if shaken else "", str(origid) if shaken else "", card,
    )  # fmt: skip


def _card(payload: Mapping[str, Any]) -> CallerCard:
    rcd, bound = payload.get("rcd"), payload.get("rcdi", {})
    if not isinstance(rcd, dict) or not isinstance(bound, dict):
        raise _refused("identity_form", "没有名片", "it holds no card")
    texts = (rcd.get("nam"), payload.get("crn", ""), rcd.get("icn", ""), bound.get("/icn", ""))
    if not all(isinstance(text, str) and text.isprintable() for text in texts) or not texts[0]:
        raise _refused("identity_form", "名片有误", "its card cannot be read")
    name, reason, logo, picture = (str(text)[:500] for text in texts)
    return CallerCard(name, reason, logo, picture)


def _shown(passport: Passport, pictures: Mapping[str, bytes]) -> Passport:
    """A logo whose bytes were not seen, or are others than those that were signed, is left out."""
    card = passport.card
    if card is None or not card.logo:
        return passport
    content = pictures.get(card.logo)
    if content is not None and card.logo_digest == digest(content):
        return passport
    bare = CallerCard(card.name, card.reason)
    return Passport(
        passport.kind, passport.orig, passport.dest, passport.issued_at, passport.attest,
        passport.origid, bare,
    )  # fmt: skip


def _numbers(party: object) -> list[str]:
    found = party.get("tn") if isinstance(party, dict) else None
    listed = found if isinstance(found, list) else [found]
    numbers = [n for n in listed if isinstance(n, str) and _NUMBER.fullmatch(n)]
    return numbers if len(numbers) == len(listed) else []


def _refused(code: str, zh: str, en: str) -> Refused:
    return Refused(code, zh=f"来电身份无效：{zh}", en=f"the identity is not valid: {en}")
