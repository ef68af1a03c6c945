"""`fanzha edge sms`: the text firewall between senders and a message centre, SMPP or CMPP."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from fanzha.adapters.cmpp.dialect import Cmpp
from fanzha.adapters.sealing.keyring import Keyring
from fanzha.adapters.smpp.firewall.dialect import Smpp
from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.policy import READING_FILE, ReadingPolicy
from fanzha.entrypoints.edge.follow import Follower
from fanzha.entrypoints.edge.hits import HitTeller
from fanzha.entrypoints.edge.texts.accounts import load_accounts
from fanzha.entrypoints.edge.texts.journal import Journal
from fanzha.entrypoints.edge.texts.judging import TextJudge
from fanzha.entrypoints.edge.texts.policy import FILE, load_text_policy
from fanzha.entrypoints.edge.texts.run import Firewall, poster, serve
from fanzha.errors import Misconfigured
from fanzha.lists.index import Standing
from fanzha.ports.text_wire import Dialect

__all__ = ["TextWire", "run"]

_log = logging.getLogger("fanzha.firewall")
_FROM_DISK_S = 60.0


@dataclass(frozen=True, slots=True)
class TextWire:
    """Where it listens and leads (`host:port`), and what the centre behind it speaks."""

    listen: str
    to: str
    data: Path
    policies: Path
    keyring: Path
    protocol: str = "smpp"
    alphabet: str = "gsm7"
    accounts: Path | None = None
    tell: tuple[str, str] | None = None
    """Address of our centre and the key with which it takes events; None: they wait on disk."""


def run(
    wire: TextWire,
    follower: Follower | None = None,
    ready: Callable[[int], None] | None = None,
) -> None:
    """Until SIGTERM or SIGINT. Without a `follower`, and until it has a list, the words alone are
    judged.

    Misconfigured where a file or an address is wrong; OSError where the port is taken by something
    else (several of these share one).
    """
    import uvloop

    teller = None if wire.tell is None else HitTeller(*wire.tell, "sms")
    with follower or nullcontext(), teller or nullcontext():
        if follower is None:
            _log.warning("no lists are followed: texts are judged by their words alone")
        else:
            follower.loaded(_FROM_DISK_S)
        firewall = _firewall(wire, lambda: None if follower is None else follower.standing)
        if teller is not None:
            firewall = replace(firewall, met=teller.count)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(firewall, ready))


def _firewall(wire: TextWire, standing: Callable[[], Standing | None]) -> Firewall:
    policy = load_text_policy(wire.policies / FILE)
    prior = ReadingPolicy.load(wire.policies / "text" / READING_FILE).prior
    folder = wire.data / "edge" / "texts"
    journal = Journal(
        folder / "journal",
        Keyring.load_or_create(wire.keyring),
        basis=policy.basis,
        octets_max=policy.octets_max,
        now=time.time,
    )
    return Firewall(
        dialect=_dialect(wire),
        policy=policy,
        judge=TextJudge(Reader.load(wire.policies, prior), policy, standing, time.time),
        journal=journal,
        listen=place_of(wire.listen, "listen"),
        to=place_of(wire.to, "to"),
        standing=standing,
        state_file=folder / f"state-{journal.mark}.json",
        accounts=None if wire.accounts is None else load_accounts(wire.accounts),
        post=None if wire.tell is None else poster(*wire.tell),
    )


def _dialect(wire: TextWire) -> Dialect:
    if wire.protocol == "smpp":
        return Smpp(wire.alphabet)
    if wire.protocol == "cmpp":
        return Cmpp()
    raise Misconfigured(
        "unknown_text_protocol",
        zh="短信协议须为 smpp 或 cmpp",
        en="the protocol of texts must be smpp or cmpp",
        field="protocol",
    )


def place_of(written: str, field: str) -> tuple[str, int]:
    """`host:port`, the host in brackets where it holds colons."""
    host, _, port = written.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) < 65_536:
        raise Misconfigured(
            "bad_place", zh="地址须写作 主机:端口", en="write it as host:port", field=field
        )
    return host.strip("[]"), int(port)
