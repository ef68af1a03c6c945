"""What the hook knows without Kamailio: its settings, what a caller presents, asking the edge.

The standard library only: this runs inside Kamailio's own Python.
"""

from __future__ import annotations

import configparser
import json
import re
import socket
import struct
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple
from urllib.parse import unquote

LABEL, WARN, REFUSE, ALLOW = 1, 2, 3, 9
"""Effects, as `fanzha.lists.form.Effect` numbers them; 0: nothing stands."""
NUMBER = 1
_VERSION = 1
_MOST_NUMBERS = 8
_MOST_HEADER = 8192
_WAITS_BEFORE_REST = 3
"""Waits in vain, one after the other, before a worker leaves the edge alone for a while: what a
worker waits for one call, the calls behind it wait too."""
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Hit(NamedTuple):
    """What stands against a number; code as in the notice to whom it concerns."""

    effect: int
    code: int


class Nonsense(ValueError):
    """An answer of the edge that is none."""


# ---- settings -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """fanzha.ini, section [fanzha]; a key that is not here is refused."""

    socket: str = "/run/fanzha/sip.sock"
    cards: str = ""
    time_limit_ms: float = 50.0
    rest_ms: float = 500.0
    jcards: str = "https://fanzha.example/v1/jcards/"
    unannounced: str = "608"
    announce: str = ""
    warn: str = "mark"
    mark_in: tuple[str, ...] = ("from", "pai", "call-info")
    mark: str = "疑似诈骗 Suspected fraud"
    always: tuple[str, ...] = (
        "110", "119", "120", "122", "112", "911", "12110", "12395", "96110",
    )  # fmt: skip
    inside: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    log_every_s: float = 10.0


_CHOICES = {
    "unannounced": {"608", "603", "announce"},
    "warn": {"mark", "refuse"},
    "mark_in": {"from", "pai", "call-info"},
}


def read_settings(text: str) -> Settings:
    """Raises ValueError for what is unknown or out of bounds: Kamailio then does not start."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    if unknown := set(parser.sections()) - {"fanzha"}:
        raise ValueError(f"unknown sections: {sorted(unknown)}")
    given = dict(parser["fanzha"]) if parser.has_section("fanzha") else {}
    known = {field.name: field.default for field in fields(Settings)}
    if unknown := set(given) - set(known):
        raise ValueError(f"unknown settings: {sorted(unknown)}")
    found: dict[str, Any] = {}
    for name, value in given.items():
        default = known[name]
        if isinstance(default, tuple):
            found[name] = tuple(value.replace(",", " ").split())
        elif isinstance(default, float):
            found[name] = float(value)
            if not 0 < found[name] <= 60_000:
                raise ValueError(f"{name}: out of bounds")
        else:
            found[name] = value.strip()
        if name in _CHOICES:
            chosen = found[name] if isinstance(found[name], tuple) else (found[name],)
            if wrong := set(chosen) - _CHOICES[name]:
                raise ValueError(f"{name}: {sorted(wrong)}, not of {sorted(_CHOICES[name])}")
    settings = Settings(**found)
    if settings.unannounced == "announce" and not settings.announce:
        raise ValueError("announce: the address of the announcement is missing")
    for name in ("jcards", "announce", "mark"):
        if re.search(r"[\r\n\"<>\\]", getattr(settings, name)):
            raise ValueError(f"{name}: may not hold quotes, angle brackets or ends of lines")
    return settings


# ---- reading what a caller presents -------------------------------------------------------------

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
        user = re.split("[:;]", unquote(user), maxsplit=1)[0]
    user = user.strip()[:64]
    return user if any("0" <= c <= "9" for c in user) else ""


def uris_in(value: str) -> list[str]:
    """The URIs of a header that holds names and addresses, however odd; at most eight."""
    found: list[str] = []
    text, at = value[:_MOST_HEADER], 0
    while at < len(text) and len(found) < _MOST_NUMBERS:
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


def claims(
    asserted: Iterable[str], identities: Iterable[str], party: Iterable[str], sender: str
) -> list[str]:
    """Every number that a request claims to come from, the strongest claim first: what the network
    asserts (RFC 3325), what a PASSporT speaks for, Remote-Party-ID, From."""
    found = [number_in(uri) for value in asserted for uri in uris_in(value)]
    found += [originator(value) for value in identities]
    found += [number_in(uri) for value in party for uri in uris_in(value)]
    found += [number_in(uri) for uri in uris_in(sender)[:1]]
    return list(dict.fromkeys(number for number in found if number))[:_MOST_NUMBERS]


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


def announces_608(capabilities: Iterable[str]) -> bool:
    """Whether the caller's side understands 608 (RFC 8688 3.3, RFC 6809)."""
    return any(
        word.strip().lower().partition("=")[0] == "+sip.608"
        for value in capabilities
        for word in re.split(r"[;,]", value[:_MOST_HEADER])
    )


# ---- the edge -----------------------------------------------------------------------------------


def frame(numbers: Sequence[str]) -> bytes:
    """A question: length, version, count, then kind, length and text of each."""
    items = b""
    for number in numbers:
        text = number.encode("utf-8", "replace")[:255]
        items += struct.pack("!BH", NUMBER, len(text)) + text
    return struct.pack("!IBB", 2 + len(items), _VERSION, len(numbers)) + items


def answers(body: bytes, count: int) -> list[Hit]:
    """What the edge says of each number asked, `body` without its length. Raises Nonsense."""
    if len(body) != 2 + 13 * count or body[0] != _VERSION or body[1] != count:
        raise Nonsense
    found = [Hit(effect, code) for effect, code, _ in struct.iter_unpack("!BQI", body[2:])]
    if any(hit.effect not in (0, LABEL, WARN, REFUSE, ALLOW) for hit in found):
        raise Nonsense
    return found


def verdict(hits: Sequence[Hit]) -> Hit:
    """What holds for a call with these claims, the strongest first.

    Protected is a caller only by the strongest claim: a protected number in From does not save
    a call that the network asserts to come from somebody else. Otherwise the gravest counts.
    """
    if not hits or hits[0].effect == ALLOW:
        return hits[0] if hits else Hit(0, 0)
    return max((Hit(0, 0), *(hit for hit in hits if hit.effect != ALLOW)), key=lambda h: h.effect)


def written(code: int) -> str:
    """A code as people read it, as `fanzha.lists.code.write` does: nine letters and a check."""
    values = [code >> shift & 31 for shift in range(40, -1, -5)]
    check = 0
    for value in values:
        check = (check ^ value) << 1
        check ^= 0b100101 if check & 32 else 0
    letters = "".join(_CROCKFORD[value] for value in (*values, check))
    return f"{letters[:5]}-{letters[5:]}"


class Edge:
    """One connection to the edge, kept; questions within a time limit. One a worker."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.socket
        self._limit = settings.time_limit_ms / 1000
        self._rest = settings.rest_ms / 1000
        self._socket: socket.socket | None = None
        self._waits = 0
        self._rests_until = 0.0

    def ask(self, numbers: Sequence[str]) -> tuple[list[Hit] | None, str]:
        """(what stands against each, ""), or (None, why nothing was heard). Never raises."""
        now = time.monotonic()
        if now < self._rests_until:
            return None, "resting"
        try:
            found = self._ask(frame(numbers), len(numbers), now + self._limit)
        except Exception as error:
            self.close()
            if isinstance(error, TimeoutError):
                self._waits += 1
                if self._waits >= _WAITS_BEFORE_REST:
                    self._rests_until = now + self._limit + self._rest
            return None, type(error).__name__
        self._waits = 0
        return found, ""

    def close(self) -> None:
        """A late answer must not be taken for that to the next question."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, question: bytes, count: int, until: float) -> list[Hit]:
        if self._socket is not None:
            try:
                return self._exchange(question, count, until)
            except ConnectionError:  # the edge began anew since the last call
                self.close()
        link = self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.settimeout(self._limit)
        link.connect(self._path)
        return self._exchange(question, count, until)

    def _exchange(self, question: bytes, count: int, until: float) -> list[Hit]:
        assert self._socket is not None
        self._socket.settimeout(_left(until))
        self._socket.sendall(question)
        (length,) = struct.unpack("!I", self._read(4, until))
        if length != 2 + 13 * count:
            raise Nonsense
        return answers(self._read(length, until), count)

    def _read(self, size: int, until: float) -> bytes:
        assert self._socket is not None
        found = b""
        while len(found) < size:
            self._socket.settimeout(_left(until))
            piece = self._socket.recv(size - len(found))
            if not piece:
                raise ConnectionResetError
            found += piece
        return found


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
