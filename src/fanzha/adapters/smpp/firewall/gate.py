"""The gate: takes connections, judges what all of them brought in one turn, passes on, refuses."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from fanzha.adapters.smpp.firewall.crossing import Crossing
from fanzha.adapters.smpp.firewall.joining import Joiner, Joint
from fanzha.adapters.smpp.firewall.settings import (
    Counts,
    GateSettings,
    Record,
    Recorded,
    Status,
)
from fanzha.ports.text_wire import Dialect, Judge, Login, Said, Taken, Texts, Verdict

__all__ = ["Gate", "LetIn"]

_log = logging.getLogger("fanzha.firewall")
LetIn = Callable[[Login | None, str], Awaitable[int | None]]
_TRIES = 32
"""Calls in which a judge that failed on a batch is asked again about its halves."""
_WATCH_S = 0.5
_PARTING_S = 2.0
"""So long answers on their way may take when the gate ends."""
_UNREADABLE = Said(0, 0, "", "", "")


@dataclass(slots=True)
class _Turn:
    """What one turn of the loop judges together."""

    whose: list[tuple[Crossing, Taken, int]] = field(default_factory=list)
    """And at which place its texts begin."""
    senders: list[str] = field(default_factory=list)
    bodies: list[pa.LargeStringArray] = field(default_factory=list)
    joints: dict[int, Joint] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.senders)


class Gate:
    """`async with Gate(...) as gate: gate.port`. One event loop; nothing of it is thread-safe."""

    def __init__(
        self,
        dialect: Dialect,
        settings: GateSettings,
        judge: Judge,
        status: Status,
        record: Record,
        let_in: LetIn | None = None,
    ) -> None:
        self.dialect = dialect
        self.settings = settings
        self.counts = Counts()
        self._judge = judge
        self._status = status
        self._record = record
        self._let_in = let_in
        self._joiner = Joiner(settings.parts, time.monotonic)
        self._crossings: set[Crossing] = set()
        self._due: list[Crossing] = []
        self._planned = False
        self._slow = 0
        self._rests_until = 0.0
        self._server: asyncio.Server | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def resting(self) -> bool:
        """Whether texts pass unjudged because the judge was too slow."""
        return time.monotonic() < self._rests_until

    async def __aenter__(self) -> Gate:
        settings, loop = self.settings, asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._welcome, settings.host, settings.port, reuse_port=True
        )
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Take nothing more; wait a moment for answers on their way; end."""
        assert self._server is not None
        self._server.close()
        for crossing in list(self._crossings):
            crossing.drain()
        until = time.monotonic() + min(_PARTING_S, self.settings.linger_s)
        while self._crossings and time.monotonic() < until:
            await asyncio.sleep(0.05)
        for crossing in list(self._crossings):
            crossing.close()
        await asyncio.sleep(0)
        for crossing in list(self._crossings):
            crossing.cut()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    def _welcome(self) -> asyncio.Protocol:
        crossing = Crossing(self)
        if len(self._crossings) >= self.settings.connections:
            self.counts.turned_away += 1
            return _Turned()
        self._crossings.add(crossing)
        self.counts.connections += 1
        self.counts.open = len(self._crossings)
        return crossing.sender

    # ── what crossings ask ───────────────────────────────────────────────────────────────────────

    def due(self, crossing: Crossing) -> None:
        self._due.append(crossing)
        self._plan()

    async def let_in(self, login: Login | None, address: str) -> int | None:
        return None if self._let_in is None else await self._let_in(login, address)

    def left(self, crossing: Crossing) -> None:
        self._crossings.discard(crossing)
        self.counts.open = len(self._crossings)

    # ── a turn ───────────────────────────────────────────────────────────────────────────────────

    def _plan(self) -> None:
        if not self._planned:
            self._planned = True
            asyncio.get_running_loop().call_soon(self._take_turn)

    def _take_turn(self) -> None:
        """Everything that came since the last turn, in one judgement."""
        self._planned = False
        turn, due = _Turn(), self._due
        self._due = []
        for n, crossing in enumerate(due):
            if len(turn) >= self.settings.judging.texts:
                self._due = due[n:]
                self._plan()
                break
            with self._or_cut(crossing):
                taken = crossing.take()
                if taken is not None:
                    self._enter(turn, crossing, taken)
        verdicts = self._judged(turn)
        for crossing, taken, first in turn.whose:
            with self._or_cut(crossing):
                self._pass_on(crossing, taken, self._of(turn, verdicts, taken, first))

    @contextlib.contextmanager
    def _or_cut(self, crossing: Crossing) -> Iterator[None]:
        """What we trip over in one sender's bytes ends that sender's connection and no other."""
        try:
            yield
        except Exception:
            _log.exception("a connection of %s is cut", crossing.label)
            self.counts.nonsense += 1
            crossing.cut()

    def _enter(self, turn: _Turn, crossing: Crossing, taken: Taken) -> None:
        self.counts.frames += taken.frames
        self.counts.unread += taken.unread
        turn.whose.append((crossing, taken, len(turn)))
        if taken.bodies is not None:
            turn.bodies.append(taken.bodies)
            turn.senders += taken.senders
        if not taken.others:
            return
        texts = []
        for said in taken.others:
            text = said.text
            if said.part is not None and said.part.total > 1:
                joint, text = self._joiner.add(crossing.account, said)
                turn.joints[len(turn)] = joint
            turn.senders.append(said.sender)
            texts.append(_whole(text))
        turn.bodies.append(pa.array(texts, pa.large_string()))

    def _judged(self, turn: _Turn) -> Mapping[int, Verdict]:
        if not turn.senders:
            return {}
        self.counts.judged += len(turn)
        bodies = turn.bodies[0] if len(turn.bodies) == 1 else pa.concat_arrays(turn.bodies)
        begun = time.monotonic()
        if begun < self._rests_until:
            self.counts.unjudged += len(turn)
            return {}
        found = self._ask(Texts(turn.senders, bodies), [_TRIES])
        judging = self.settings.judging
        self._slow = self._slow + 1 if time.monotonic() - begun > judging.slow_s else 0
        if self._slow >= judging.slow_calls:
            self._slow = 0
            self._rests_until = time.monotonic() + judging.rest_s
            self.counts.judge_rests += 1
            _log.error("the judge is too slow; texts pass unjudged for %.0f s", judging.rest_s)
        return found

    def _ask(self, texts: Texts, tries: list[int]) -> Mapping[int, Verdict]:
        """Where the judge fails on a batch, it is asked about the halves: one text that it cannot
        bear does not carry others past it."""
        size = len(texts.senders)
        tries[0] -= 1
        try:
            return self._judge(texts)
        except Exception:
            self.counts.judge_failures += 1
            if size == 1 or tries[0] <= 0:
                self.counts.unjudged += size
                _log.exception("the judge failed; %d texts pass unjudged", size)
                return {}
        half = size // 2
        first = self._ask(Texts(texts.senders[:half], texts.bodies[:half]), tries)
        second = self._ask(Texts(texts.senders[half:], texts.bodies[half:]), tries)
        return {**first, **{half + n: verdict for n, verdict in second.items()}}

    def _of(
        self, turn: _Turn, verdicts: Mapping[int, Verdict], taken: Taken, first: int
    ) -> list[tuple[int, int, Said | None, Verdict]]:
        """(begin, end, what was said where that was read already, verdict) of one crossing."""
        found: list[tuple[int, int, Said | None, Verdict]] = []
        plain = len(taken.begins)
        if verdicts:
            for n in range(plain):
                if (verdict := verdicts.get(first + n)) is not None:
                    found.append((taken.begins[n], taken.ends[n], None, verdict))
        for n, said in enumerate(taken.others, first + plain):
            verdict = verdicts.get(n)
            joint = turn.joints.get(n)
            if joint is not None:
                if joint.refused is not None:
                    verdict = joint.refused
                elif verdict is not None and verdict.refuse:
                    joint.refused = verdict
            if verdict is not None:
                found.append((said.begin, said.end, said, verdict))
        return found

    def _pass_on(
        self,
        crossing: Crossing,
        taken: Taken,
        found: list[tuple[int, int, Said | None, Verdict]],
    ) -> None:
        refused = {}
        if found:
            records = []
            account = crossing.account if crossing.bound else ""
            for begin, end, known, verdict in found:
                said = known or self.dialect.said(crossing.frame(begin, end)) or _UNREADABLE
                records.append(Recorded(account, said, verdict))
                if verdict.refuse:
                    refused[begin, end] = verdict
            self._keep(records)
            self.counts.refused += len(refused)
            self.counts.recorded += len(records)
        crossing.pass_on(taken, refused, self._status)

    def _keep(self, records: list[Recorded]) -> None:
        try:
            self._record(records)
        except Exception:
            self.counts.unrecorded += len(records)
            _log.exception("%d texts could not be recorded", len(records))

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_S)
            for crossing in list(self._crossings):
                if why := crossing.overdue():
                    self.counts.timed_out += 1
                    _log.info("a connection of %s is cut: %s", crossing.label, why)
                    crossing.cut()
            self._joiner.expire()
            self.counts.parts_waiting = len(self._joiner)
            self.counts.parts_dropped = self._joiner.dropped


class _Turned(asyncio.Protocol):
    """For a connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        with contextlib.suppress(OSError):
            transport.close()


def _whole(text: str) -> str:
    """Halves of characters that have come together are joined; halves alone become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")
    return text
