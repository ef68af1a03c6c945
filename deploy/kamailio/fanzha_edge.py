"""What the hook knows without Kamailio: its settings, and how to ask the edge.

The standard library only: this runs inside Kamailio's own Python.
"""

from __future__ import annotations

import configparser
import json
import re
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeVar

LABEL, WARN, REFUSE, ALLOW = 1, 2, 3, 9
"""Effects, as `fanzha.lists.form.Effect` numbers them; 0: nothing stands."""
NUMBER = 1
_VERSION = 1
_MOST_HEADER = 8192
_IN_VAIN_BEFORE_REST = 3
"""Questions in vain, one after the other, before a worker leaves an edge alone that is there and
does not answer well: what a worker waits for one call, the calls behind it wait too."""
T = TypeVar("T")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Hit(NamedTuple):
    """What stands against a number; code as in the notice to whom it concerns."""

    effect: int
    code: int


class Nonsense(ValueError):
    """An answer of the edge that is none."""


@dataclass(frozen=True)
class Settings:
    """fanzha.ini, section [fanzha]; a key that is not here is refused."""

    socket: str = "/run/fanzha/sip.sock"
    cards: str = ""
    time_limit_ms: float = 100.0
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
    believed: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    imitated: str = "mark"
    imitated_mark: str = "假冒反诈中心 Poses as the anti-scam centre"
    log_every_s: float = 10.0


_CHOICES = {
    "unannounced": {"608", "603", "announce"},
    "warn": {"mark", "refuse"},
    "imitated": {"mark", "refuse", "pass"},
    "mark_in": {"from", "pai", "call-info", "reply"},
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
    for name in ("jcards", "announce", "mark", "imitated_mark"):
        if re.search(r"[\r\n\"<>\\]", getattr(settings, name)):
            raise ValueError(f"{name}: may not hold quotes, angle brackets or ends of lines")
    return settings


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


def verdict(hits: Sequence[Hit], protects: Sequence[bool]) -> Hit:
    """What holds for a call with these claims, the strongest first: the gravest of all, but of a
    protected caller only that of stronger claims. So a protected number in From does not save a
    call that the network asserts to be another's."""
    gravest = Hit(0, 0)
    for hit, may in zip(hits, protects, strict=True):
        if hit.effect == ALLOW:
            if may:
                return gravest if gravest.effect else hit
        elif hit.effect > gravest.effect:
            gravest = hit
    return gravest


def written(code: int) -> str:
    """A code as people read it, as `fanzha.lists.code.write` does: nine letters and a check."""
    values = [code >> shift & 31 for shift in range(40, -1, -5)]
    check = 0
    for value in values:
        check = (check ^ value) << 1
        check ^= 0b100101 if check & 32 else 0
    letters = "".join(_CROCKFORD[value] for value in (*values, check))
    return f"{letters[:5]}-{letters[5:]}"


class _Asked:
    """One connection to the edge, kept; questions within a time limit. One a worker."""

    def __init__(self, path: str, limit_ms: float, rest_ms: float) -> None:
        self._path = path
        self._limit = limit_ms / 1000
        self._rest = rest_ms / 1000
        self._socket: socket.socket | None = None
        self._in_vain = 0
        self._rests_until = 0.0

    def _within(self, exchange: Callable[[socket.socket, float], T]) -> tuple[T | None, str]:
        """(what the exchange gives, ""), or (None, why nothing was heard). Never raises."""
        now = time.monotonic()
        if now < self._rests_until:
            return None, "resting"
        try:
            found = self._tried(exchange, now + self._limit)
        except Exception as error:
            self._close()  # a late answer must not be taken for that to the next question
            if not isinstance(error, FileNotFoundError | ConnectionRefusedError):
                self._in_vain += 1
                if self._in_vain >= _IN_VAIN_BEFORE_REST:
                    self._rests_until = time.monotonic() + self._rest
            return None, type(error).__name__
        self._in_vain = 0
        return found, ""

    def _tried(self, exchange: Callable[[socket.socket, float], T], until: float) -> T:
        if self._socket is not None:
            try:
                return exchange(self._socket, until)
            except ConnectionError:  # the edge began anew since the last call
                self._close()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(self._limit)
        self._socket.connect(self._path)
        return exchange(self._socket, until)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Edge(_Asked):
    """Asks what stands against numbers."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.socket, settings.time_limit_ms, settings.rest_ms)

    def ask(self, numbers: Sequence[str]) -> tuple[list[Hit] | None, str]:
        """(what stands against each, ""), or (None, why nothing was heard). Never raises."""
        question, count = frame(numbers), len(numbers)
        length = struct.pack("!I", 2 + 13 * count)

        def exchange(link: socket.socket, until: float) -> list[Hit]:
            link.settimeout(_left(until))
            link.sendall(question)
            found, whole = b"", 6 + 13 * count
            while len(found) < whole:
                if found:
                    link.settimeout(_left(until))
                piece = link.recv(whole - len(found))
                if not piece:
                    raise ConnectionResetError
                found += piece
                if not found.startswith(length[: len(found)]):
                    raise Nonsense
            return answers(found[4:], count)

        return self._within(exchange)


class Cards(_Asked):
    """Asks for the card of a call from our lines, and tells of imitations: JSON, a line each."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.cards, settings.time_limit_ms, settings.rest_ms)

    def ask(self, question: dict[str, object]) -> dict[str, str]:
        """Names and texts; {} where nothing was heard. Never raises."""

        def exchange(link: socket.socket, until: float) -> dict[str, str]:
            link.settimeout(_left(until))
            link.sendall(json.dumps(question).encode("ascii") + b"\n")
            line = b""
            while not line.endswith(b"\n"):
                link.settimeout(_left(until))
                piece = link.recv(_MOST_HEADER)
                if not piece:
                    raise ConnectionResetError
                line += piece
                if len(line) > 2 * _MOST_HEADER:
                    raise Nonsense
            found = json.loads(line)
            return {name: text for name, text in found.items() if _fits_a_header(text)}

        return self._within(exchange)[0] or {}


def _fits_a_header(text: object) -> bool:
    return isinstance(text, str) and not re.search(r"[\r\n\0]", text)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
