"""`fanzha edge sip`: answers switches on this machine: who may call, and the cards of our lines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fanzha.adapters.sip.card_socket import CardSocket
from fanzha.adapters.sip.desk import CardDesk, Reports
from fanzha.adapters.sip.lines import Lines, load
from fanzha.entrypoints.edge.follow import Follower
from fanzha.entrypoints.edge.hits import HitTeller
from fanzha.entrypoints.edge.socket import Standings, listening
from fanzha.entrypoints.ending import until_told
from fanzha.errors import Misconfigured
from fanzha.lists.hits import Hits
from fanzha.settings import Settings

__all__ = ["CallWire", "OwnLines", "run", "serve", "signing_key", "wire_of"]

_log = logging.getLogger("fanzha.sip")
_FROM_DISK_S = 60.0


@dataclass(frozen=True, slots=True)
class OwnLines:
    """Cards for calls of our own: where they are asked for, what they say, what signs them."""

    socket: Path
    policy: Path
    key: Path
    certificates_url: str
    reports: Path
    """Who posed as one of our lines: a file, one JSON object a line."""


@dataclass(frozen=True, slots=True)
class CallWire:
    """`socket`: where Kamailio's hook asks (`frames`), open to the programs of `group` too."""

    socket: Path
    lines: OwnLines | None = None
    group: str = ""


def wire_of(settings: Settings, socket: Path) -> CallWire:
    """As the settings say; cards where a socket for them is named. Raises Misconfigured where
    there is nothing to sign them with."""
    group, cards = settings.sip_socket_group, settings.calls_cards
    if cards is None:
        return CallWire(socket, group=group)
    if settings.calls_key is None:
        raise Misconfigured(
            "calls_key",
            zh="设了 FANZHA_CALLS_CARDS，却没有 FANZHA_CALLS_KEY",
            en="FANZHA_CALLS_CARDS is set and FANZHA_CALLS_KEY is not",
            field="calls_key",
        )
    own = OwnLines(
        socket=cards,
        policy=settings.policies / "wires" / "cards.yaml",
        key=settings.calls_key,
        certificates_url=f"{settings.outside}/v1/jcards/certificates.pem",
        reports=settings.data.resolve() / "edge" / "sip" / "imitations.ndjson",
    )
    return CallWire(socket, own, group)


def run(
    wire: CallWire,
    follower: Follower,
    ready: Callable[[], None] | None = None,
    teller: HitTeller | None = None,
) -> None:
    """Until SIGTERM or SIGINT. Calls pass until a list is there: from this machine's disk at once,
    where there was one. `teller` tells the centre what was refused and
    marked. Raises Misconfigured where a socket, key or policy cannot be used."""
    import uvloop

    with follower, teller or nullcontext():
        follower.loaded(_FROM_DISK_S)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            heard = teller.heard if teller else None
            wired = serve(wire, lambda: follower.standing, ready, heard, lambda: follower.age_s)
            runner.run(until_told(wired))


async def serve(
    wire: CallWire,
    standing: Standings,
    ready: Callable[[], None] | None = None,
    heard: Callable[[Hits, float], None] | None = None,
    age_s: Callable[[], float | None] = lambda: None,
) -> None:
    """Answer until cancelled. `ready` is told once questions are answered, `heard` each answer."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(listening(wire.socket, standing, wire.group, heard, age_s))
        if (own := wire.lines) is not None:
            lines = Lines(load(own.policy), signing_key(own.key), own.certificates_url)
            desk = CardDesk(lines, Reports(own.reports))
            await stack.enter_async_context(CardSocket(own.socket, desk, wire.group))
            _log.info("cards for %d numbers of ours", len(lines.numbers))
        _log.info("switches may ask at %s", wire.socket)
        if ready is not None:
            ready()
        await asyncio.Event().wait()


def signing_key(path: Path) -> EllipticCurvePrivateKey:
    """A P-256 key in PEM, as `fanzha card authority` writes it. Raises Misconfigured."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise _no_key(path) from error
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise _no_key(path)
    return key


def _no_key(path: Path) -> Misconfigured:
    return Misconfigured(
        "calls_key",
        zh=f"签名密钥 {path.name} 不可用：须为 PEM 格式的 P-256 私钥",
        en=f"the key {path.name} cannot be used: it must be a P-256 private key in PEM",
        field="calls_key",
    )
