"""What is fuzzed on the road of calls: the hook's reading of requests, cards, caller identities."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from fanzha.adapters.sip import jcard, jws, message, passport, scope
from fanzha.adapters.sip.lines import Line, Lines
from fanzha.errors import Refused
from fanzha.testing.kamailio import DEPLOY
from fanzha.values import phone_number
from tools.soak.mutate import broken, like, text

Case = Callable[[Random], None]
_NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
_X5U = "https://fanzha.example/c.pem"
_HEADERS = (
    '"a, \\"b\\" <c>" <sip:+8615400000001;npdi=yes@x.example:5060;user=phone>;tag=1, <tel:95401>',
    "<tel:5400-0001;phone-context=+8615>;x=y", "sip:%2B8615400000001@[2001:db8::1]",
    "urn:service:sos.police", "*;+sip.608;+g.x", '"骗" <sips:01012345678:pw@x?a=b>',
)  # fmt: skip
_REFUSAL = jcard.Refusal(
    "反诈中心", "Centre", "诈骗", "fraud", "14", "7K3QF-9X2MT", "https://x.example/a", "96110"
)
_CARD = passport.CallerCard("中心", "提醒", "https://x.example/l.png", "sha256-AAAA")


@contextmanager
def requests() -> Iterator[Case]:
    """Headers of any form: claims are read, asked about, answered; never a fault."""
    sys.path.insert(0, str(DEPLOY))
    import fanzha_claims as claims  # type: ignore[import-not-found]
    import fanzha_edge as edge  # type: ignore[import-not-found]

    lines = Lines([Line(("95496",), _CARD)], generate_private_key(SECP256R1()), _X5U)
    always = edge.Settings().always

    def case(chance: Random) -> None:
        asserted, identity, party, sender = (_header(chance) for _ in range(4))
        found = claims.claims([asserted], [identity, _token(chance)], [party], sender)
        assert len(found) <= 8
        numbers = [claim.number for claim in found]
        for number in numbers:
            assert phone_number.read(number)[0]
            lines.imitated_by(number)
        claims.is_emergency(sender, always)
        claims.announces_608([party])
        body = broken(chance, edge.frame(numbers)[4:])
        with contextlib.suppress(edge.Nonsense):
            edge.verdict(edge.answers(body, len(found)), [one.protects for one in found])
        message.read(f"From: {asserted}\r\nTo: {sender}\r\nIdentity: {identity}")

    yield case


@contextmanager
def tokens() -> Iterator[Case]:
    """Cards and identities that are broken, or signed and odd: read or refused."""
    key = generate_private_key(SECP256R1())
    card = jcard.sign(_REFUSAL, key, _X5U, _NOW)
    identity = passport.sign_card(_CARD, "95496", ["+8615400000001"], key, _X5U, _NOW)
    numbers = scope.encoded([scope.Range("96110"), scope.Range("86154", 1000)])

    def case(chance: Random) -> None:
        with contextlib.suppress(Refused):
            jcard.read(_wounded(chance, card), key.public_key(), _NOW)
        with contextlib.suppress(Refused):
            passport.read(passport.identity(_wounded(chance, identity)))
        payload = {name: _json(chance, 3) for name in ("orig", "dest", "rcd", "rcdi", "crn")}
        header = {"typ": "passport", "ppt": chance.choice(("rcd", "shaken")), "x5u": _X5U}
        signed = jws.sign(header, {**payload, "iat": int(_NOW.timestamp())}, key)
        with contextlib.suppress(Refused):
            passport.read(passport.identity(f"{signed};info=<{_X5U}>"))
        with contextlib.suppress(Refused):
            scope.decoded(broken(chance, numbers))

    yield case


def _header(chance: Random) -> str:
    if chance.random() < 0.3:
        return text(chance, 120)
    return like(chance, chance.choice(_HEADERS), 6)


def _token(chance: Random) -> str:
    inner = chance.choice(('{"orig":{"tn":"8615400000001"}}', '{"orig":[]}', "[" * 90))
    return f"e30.{jws._base64(like(chance, inner, 3).encode('utf-8', 'replace'))}.x;info=<y>"


def _wounded(chance: Random, token: str) -> str:
    return broken(chance, token.encode(), 3).decode("utf-8", "replace")


def _json(chance: Random, depth: int) -> Any:
    kind = chance.randrange(8 if depth else 5)
    if kind < 2:
        return chance.choice((None, True, 0, -1, 10**40, 1.5, "", "95496", "+86"))
    if kind < 5:
        return text(chance, 20)
    if kind == 5:
        return [_json(chance, depth - 1) for _ in range(chance.randrange(4))]
    names = ("tn", "nam", "icn", "/icn", "jcd", "uri")
    return {name: _json(chance, depth - 1) for name in chance.sample(names, chance.randrange(5))}
