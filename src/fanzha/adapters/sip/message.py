"""As much of a SIP request as a verifier of cards needs: who calls, who is called, identities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from fanzha.errors import Refused
from fanzha.values import phone_number

__all__ = ["Call", "read"]

_LONGEST = 65_536
_FIELD = re.compile(r"([!%'*+\-.0-9A-Z_`a-z~]{1,64})[ \t]*:[ \t]*(.*)")
_COMPACT = {"f": "from", "t": "to", "y": "identity"}
_URI = re.compile(r"(?:sips?|tel):[^>;,\s\"]{1,300}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """Numbers in normal form; "" where the request names none. `identities` as they stand."""

    orig: str
    dest: str
    identities: tuple[str, ...]


def read(text: str) -> Call:
    """A whole request, or lines of it. The caller is whom the network asserts, else From; the
    called is To: what PASSporTs are made of (RFC 8224 4.1). Raises `Refused` (`sip_form`)."""
    if len(text) > _LONGEST:
        raise Refused("sip_form", zh="SIP 请求过长", en="the request is too long", field="message")
    found: dict[str, list[str]] = {}
    unfolded = re.sub(r"\r?\n[ \t]+", " ", text)
    for line in unfolded.splitlines():
        if not line.strip() and found:
            break
        if field := _FIELD.fullmatch(line.rstrip()):
            name = field[1].lower()
            found.setdefault(_COMPACT.get(name, name), []).append(field[2].strip())
    asserted = found.get("p-asserted-identity") or found.get("from") or [""]
    return Call(
        _number(asserted[0]), _number(found.get("to", [""])[0]), tuple(found.get("identity", ()))
    )


def _number(value: str) -> str:
    bare = re.sub(r'"(?:\\.|[^"\\])*"', "", value)
    found = _URI.search(bare)
    if not found:
        return ""
    user = unquote(found[0].partition(":")[2].partition("@")[0])
    return phone_number.read(user)[0] if any(char.isdigit() for char in user) else ""
