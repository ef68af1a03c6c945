"""Somebody who runs into the measures of a demo: calls, texts and opens names, and says what came.

Run as `python -m fanzha.entrypoints.demonstration.actor JSON`. Calls go through Kamailio and sipp,
names through Unbound, where Debian's packages are there; texts through the firewall always.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import smpp34

from fanzha.entrypoints.demonstration.measures import (
    NUMBER,
    REFUSED_NAME,
    SENDER,
    WARNED_NAME,
)
from fanzha.errors import Unavailable
from fanzha.testing.kamailio import Kamailio
from fanzha.testing.sipp import ANSWERED, CALLED, Call, Sipp
from fanzha.values import reserved

_EVERY_S = 20.0
_ROUNDS_TOLD = 3
"""Rounds told in full; afterwards only what changes, such as a measure that was lifted."""
_INNOCENT = reserved.mobile(99_000_002)
_CALLED = reserved.mobile(99_000_003)
_TEXTS = (
    (SENDER, "【云州银行】您的积分即将到期，请尽快兑换"),
    ("10690077", "您好，您涉嫌洗钱案件，请立即将资金转入安全账户接受清查，不得告知家人"),
    ("10690000", "您的快递已放入东门驿站，请凭取件码领取"),
)
_PLAIN = "192.0.2.80"
"""What the demo's upstream answers every name with (RFC 5737)."""


@dataclass(frozen=True)
class Stage:
    """Where the demo's wires are."""

    sip_socket: str
    jcards: str
    sms_port: int
    sms_login: tuple[str, str]
    resolver_port: int
    upstream_port: int


def main(argument: str) -> None:
    """Until SIGTERM or SIGINT."""
    given = json.loads(argument)
    stage = Stage(**{**given, "sms_login": tuple(given["sms_login"])})
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with ExitStack() as stack:
        stack.enter_context(_upstream(stage.upstream_port))
        scenes = [("短信 text", _texts(stage)), ("域名 name", _names(stage))]
        if (calls := _calls(stage, stack)) is not None:
            scenes.insert(0, ("电话 call", calls))
        _play(scenes, ended)


def _play(scenes: list[tuple[str, Callable[[], list[str]]]], ended: threading.Event) -> None:
    told: dict[str, list[str]] = {}
    rounds = 0
    while not ended.wait(_EVERY_S if rounds else 3.0):
        rounds += 1
        for what, scene in scenes:
            try:
                found = scene()
            except (OSError, Unavailable, dns.exception.DNSException, smpp34.SmppError) as error:
                found = [f"没有结果 nothing came of it: {type(error).__name__}"]
            if rounds <= _ROUNDS_TOLD or found != told.get(what):
                for line in found:
                    print(f"  {what}  {line}", flush=True)
            told[what] = found


# ── calls ────────────────────────────────────────────────────────────────────────────────────────


def _calls(stage: Stage, stack: ExitStack) -> Callable[[], list[str]] | None:
    path = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
    absent = [name for name in ("kamailio", "sipp") if shutil.which(name, path=path) is None]
    if absent:
        print(
            f"  电话 call  未安装 not installed: {' '.join(absent)}（apt-get install kamailio"
            " kamailio-python3-modules sip-tester）",
            flush=True,
        )
        return None
    # A socket's path holds a hundred bytes or so, and a clone may lie deeper than that.
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="fanzha-calls-")))
    try:
        called = stack.enter_context(Sipp(folder / "called", CALLED))
        ini = {"socket": stage.sip_socket, "jcards": stage.jcards}
        kamailio = stack.enter_context(Kamailio(folder / "kamailio", called.port, ini))
    except Unavailable as error:
        print(f"  电话 call  {error.zh} {error.en}"[:300], flush=True)
        return None

    def scene() -> list[str]:
        lines = []
        for number in (NUMBER, _INNOCENT):
            into = folder / "caller"
            shutil.rmtree(into, ignore_errors=True)
            call = Call(number, _CALLED.removeprefix("+"))
            with Sipp(into, ANSWERED, to=kamailio.port, calls=[call], rate=1) as phone:
                outcome = phone.wait(20)
            way = (
                "接通 answered" if outcome.succeeded else f"拒绝 refused: {_status(outcome.words)}"
            )
            lines.append(f"{_masked(number)} → Kamailio → {way}")
        return lines

    return scene


def _status(words: str) -> str:
    """`608 Rejected` out of what sipp says about an answer it did not expect."""
    at = words.find("SIP/2.0 ")
    return words[at + 8 :].splitlines()[0].strip() if at >= 0 else "no answer"


# ── texts ────────────────────────────────────────────────────────────────────────────────────────


def _texts(stage: Stage) -> Callable[[], list[str]]:
    async def send() -> list[str]:
        name, password = stage.sms_login
        client = smpp34.Client("127.0.0.1", stage.sms_port, name, password)
        session = await client.connect()
        lines = []
        for sender, text in _TEXTS:
            answer = await session.submit_sm(
                _CALLED.removeprefix("+"), text.encode("utf-16-be"), source_addr=sender,
                source_addr_ton=0 if sender.isdigit() else 5, data_coding=8,
            )  # fmt: skip
            status = f"0x{answer.command_status:02X}"
            way = "放行 passed on" if answer.is_success else f"拦截 withheld: {status}"
            lines.append(f"{sender}「{text[:14]}…」→ {way}"[:150])
        await session.unbind()
        return lines

    return lambda: asyncio.run(asyncio.wait_for(send(), 15))


# ── names ────────────────────────────────────────────────────────────────────────────────────────


def _names(stage: Stage) -> Callable[[], list[str]]:
    def scene() -> list[str]:
        lines = []
        for name in (REFUSED_NAME, f"www.{WARNED_NAME}", "library.example"):
            query = dns.message.make_query(name, "A")
            answer = dns.query.udp(query, "127.0.0.1", timeout=3, port=stage.resolver_port)
            found = [r.to_text() for s in answer.answer for r in s if s.rdtype == 1]
            rcode = dns.rcode.to_text(answer.rcode())
            way = "、".join(found) or rcode
            if found and found != [_PLAIN]:
                way += "（警示页 warning page）"
            lines.append(f"{name} → Unbound → {way}")
        return lines

    return scene


@contextmanager
def _upstream(port: int) -> Iterator[None]:
    """Stands for the Internet's names: all there, all at one address."""
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.bind(("127.0.0.1", port))
    link.settimeout(0.2)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                data, source = link.recvfrom(4096)
                query = dns.message.from_wire(data)
            except (TimeoutError, OSError, dns.exception.DNSException):
                continue
            answer = dns.message.make_response(query)
            question = query.question[0]
            if question.rdtype == dns.rdatatype.A:
                answer.answer.append(dns.rrset.from_text(question.name, 5, "IN", "A", _PLAIN))
            link.sendto(answer.to_wire(), source)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(2.0)
        link.close()


def _masked(number: str) -> str:
    national = number.removeprefix("+86")
    return f"{national[:3]}****{national[-4:]}"


if __name__ == "__main__":
    main(sys.argv[1])
