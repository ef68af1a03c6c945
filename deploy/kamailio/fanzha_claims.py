"""What a request says about who calls and who is called, read with distrust; pure.

The standard library only: this runs inside Kamailio's own Python.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

_MOST_ADDRESSES = 8
_MOST_HEADER = 8192
_SCHEME = re.compile(r"\s*(sips?|tel):", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s().\-]")


def number_in(uri: str) -> str:
    """The number that a SIP or tel URI writes, as it is written; "" where it writes none.

    Escapes are undone, parameters and passwords left away. What the number means, country,
    trunk prefix and all, is for the edge to say: it reads numbers in one way for every wire.
    """
    scheme = _SCHEME.match(uri)
    if not scheme:
        return ""
    rest = uri[scheme.end() :]
    if scheme[1].lower() == "tel":
        user, *parameters = rest.split(";")
        context = next((p[14:] for p in parameters if p.lower().startswith("phone-context=")), "")
        user = unquote(user)
        if context.startswith("+") and not user.startswith("+"):
            user = unquote(context) + user
    else:
        user, at, _ = rest.partition("@")
        if not at:
            return ""
        user = unquote(user) if "%" in user else user
        if ":" in user or ";" in user:
            user = re.split("[:;]", user, maxsplit=1)[0]
    user = user.strip()[:64]
    return user if any("0" <= c <= "9" for c in user) else ""


def uris_in(value: str) -> list[str]:
    """The URIs of a header that holds names and addresses, however odd; at most eight."""
    found: list[str] = []
    text, at = value[:_MOST_HEADER], 0
    while at < len(text) and len(found) < _MOST_ADDRESSES:
        at, uri = _next_uri(text, at)
        if uri:
            found.append(uri)
    return found


def _next_uri(text: str, at: int) -> tuple[int, str]:
    """(where the next address of the list begins, the URI of the one at `at`)."""
    begin, uri = at, ""
    while at < len(text):
        char = text[at]
        if char == '"' and not uri:
            at = _after_quoted(text, at + 1)
        elif char == "<" and not uri:
            end = text.find(">", at)
            end = len(text) if end < 0 else end
            uri = text[at + 1 : end].strip()
            at = end + 1
        elif char == ",":
            break
        else:
            at += 1
    if not uri:
        bare = text[begin:at].strip()
        end = bare.find(";", max(0, bare.find("@")))
        uri = bare if end < 0 else bare[:end]
    return at + 1, uri


def _after_quoted(text: str, at: int) -> int:
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == '"':
            return at + 1
        at += 1
    return at


def originator(identity: str) -> str:
    """The number that the PASSporT in an Identity header speaks for (RFC 8225 5.2.1); "" if none.

    Its signature is not checked here: this is one more claim about who calls.
    """
    parts = identity[:_MOST_HEADER].partition(";")[0].strip().split(".")
    if len(parts) != 3 or not parts[1]:
        return ""
    try:
        payload = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        number = payload["orig"]["tn"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    if not isinstance(number, str):
        return ""
    # A number of the world stands there without its + (RFC 8224 8.3), a short code as dialled.
    return "+" + number[:63] if number.isdigit() and len(number) >= 8 else number[:64]


def _first(sender: str) -> list[str]:
    """The address in From, whether it comes with a name or alone."""
    return [sender] if _SCHEME.match(sender) else uris_in(sender)[:1]


class Claim(NamedTuple):
    """A number that a request says it comes from. `protects`: where it is on the protected list,
    the call passes; what anybody can write beside From does not."""

    number: str
    protects: bool


def claims(
    asserted: Iterable[str],
    identities: Iterable[str],
    party: Iterable[str],
    sender: str,
    believed: bool = True,
) -> list[Claim]:
    """Every number that a request claims to come from, the strongest claim first: what the network
    asserts (RFC 3325), where it is `believed`; what a PASSporT speaks for; Remote-Party-ID; From.
    Each once, at most eight, so many of each kind that none can crowd out the others."""
    of_network = (number_in(uri) for value in asserted for uri in uris_in(value))
    ranks = (
        (4, believed, of_network),
        (2, False, (originator(value) for value in identities)),
        (1, False, (number_in(uri) for value in party for uri in uris_in(value))),
        (1, True, (number_in(uri) for uri in _first(sender))),
    )
    found: dict[str, bool] = {}
    for most, protects, numbers in ranks:
        for number in islice(filter(None, numbers), most):
            found[number] = found.get(number, False) or protects
    return [Claim(*one) for one in found.items()]


def is_emergency(uri: str, always: Sequence[str]) -> bool:
    """Whether a request goes to a number that must always be reached, dialled in whatever way."""
    if uri[:16].lower().startswith("urn:service:sos"):
        return True
    number = _SEPARATORS.sub("", number_in(uri))
    if number in always:
        return True
    bare = number.removeprefix("+").removeprefix("00").removeprefix("86")
    if bare == number and not number.startswith("0"):
        return False
    bare = bare.removeprefix("0")
    return any(rest in always for rest in (bare, bare[2:], bare[3:]))


def may_imitate(numbers: Iterable[str], ours: Sequence[str]) -> bool:
    """Whether one of the numbers ends like one of ours: only then is the edge asked about it."""
    ends = tuple(number for number in ours if number)
    return bool(ends) and any(_SEPARATORS.sub("", number).endswith(ends) for number in numbers)


def announces_608(capabilities: Iterable[str]) -> bool:
    """Whether the caller's side understands 608 (RFC 8688 3.3, RFC 6809)."""
    return any(
        word.strip().lower().partition("=")[0] == "+sip.608"
        for value in capabilities
        for word in re.split(r"[;,]", value[:_MOST_HEADER])
    )
