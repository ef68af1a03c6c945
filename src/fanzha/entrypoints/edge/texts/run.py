"""Runs the text firewall until it is told to end: gate, judge, journal, lists, state in a file."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from fanzha.adapters.smpp.firewall.gate import Gate
from fanzha.adapters.smpp.firewall.settings import GateSettings, Recorded
from fanzha.entrypoints.edge.texts.accounts import Accounts
from fanzha.entrypoints.edge.texts.journal import Journal, unavailable
from fanzha.entrypoints.edge.texts.judging import TextJudge
from fanzha.entrypoints.edge.texts.policy import TextPolicy
from fanzha.errors import Refused
from fanzha.lists.form import Effect
from fanzha.lists.index import Standing
from fanzha.ports.text_wire import Dialect

__all__ = ["Firewall", "poster", "serve"]

_log = logging.getLogger("fanzha.firewall")
_SHIP_S = 2.0
_STATE_S = 5.0


@dataclass(frozen=True)
class Firewall:
    """What a firewall is made of. `standing` gives the lists, None while there are none."""

    dialect: Dialect
    policy: TextPolicy
    judge: TextJudge
    journal: Journal
    listen: tuple[str, int]
    to: tuple[str, int]
    standing: Callable[[], Standing | None]
    state_file: Path | None = None
    accounts: Accounts | None = None
    post: Callable[[bytes], None] | None = None
    met: Callable[[int, int, float], None] | None = None
    """Told (code, effect, when) of each measure that was met."""
    limits: dict[str, Any] = field(default_factory=dict)
    """Of GateSettings, where they are not to be as they are by default."""

    @property
    def gate(self) -> Gate:
        """A new one, not yet listening."""
        policy, dialect = self.policy, self.dialect
        statuses = policy.status[dialect.name]
        settings = GateSettings(
            to=self.to,
            away=statuses["away"],
            unbound=statuses["unbound"],
            host=self.listen[0],
            port=self.listen[1],
            parts=policy.parts,
            judging=policy.judging,
            **self.limits,
        )
        return Gate(
            dialect,
            settings,
            self.judge,
            lambda account, verdict: policy.answer(dialect.name, account, verdict),
            self.record,
            None if self.accounts is None else self.accounts.asker(statuses),
        )

    def record(self, told: list[Recorded]) -> None:
        """What the gate refused or let pass with a doubt: into the journal, and counted."""
        self.journal.write(told)
        for one in told:
            if self.met is not None and one.verdict.code:
                effect = Effect.REFUSE if one.verdict.refuse else Effect.LABEL
                self.met(one.verdict.code, effect, time.time())


async def serve(firewall: Firewall, ready: Callable[[int], None] | None = None) -> None:
    """Until SIGTERM or SIGINT. `ready` is told the port once connections are taken.

    OSError when the port is taken.
    """
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await asyncio.to_thread(firewall.judge.warm)
    stop = threading.Event()
    shipping = threading.Thread(target=_ship, args=(firewall, stop), daemon=True)
    shipping.start()
    async with firewall.gate as gate:
        _log.info("text firewall ready on %s:%d", firewall.listen[0], gate.port)
        telling = asyncio.create_task(_tell(firewall, gate))
        if ready is not None:
            ready(gate.port)
        await ended.wait()
        telling.cancel()
    stop.set()
    await asyncio.to_thread(shipping.join, 5.0)
    firewall.journal.close()
    if firewall.state_file is not None:
        firewall.state_file.unlink(missing_ok=True)
    _log.info("text firewall ended")


def state(firewall: Firewall, gate: Gate) -> dict[str, Any]:
    """What an operator asks: is it judging, with which lists, is everything told."""
    standing = firewall.standing()
    journal = firewall.journal
    return {
        "at": int(time.time()),
        "pid": os.getpid(),
        "dialect": firewall.dialect.name,
        "judging": not gate.resting,
        "lists_version": None if standing is None else standing.version,
        "lists_entries": None if standing is None else len(standing),
        **gate.counts.as_json(),
        "events_told": journal.told,
        "events_lost": journal.lost,
        "events_waiting_octets": journal.waiting,
        "events_problem": journal.problem,
    }


async def _tell(firewall: Firewall, gate: Gate) -> None:
    """The state, every few seconds, into a file that is always whole."""
    while True:
        if firewall.state_file is not None:
            text = json.dumps(state(firewall, gate)) + "\n"
            try:
                aside = firewall.state_file.with_suffix(".new")
                aside.write_text(text, encoding="ascii")
                aside.replace(firewall.state_file)
            except OSError:
                _log.warning("the state cannot be written")
        await asyncio.sleep(_STATE_S)


def _ship(firewall: Firewall, stop: threading.Event) -> None:
    while firewall.post is not None and not stop.wait(_SHIP_S):
        try:
            firewall.journal.ship(firewall.post)
        except Exception:
            _log.exception("events could not be shipped; they are tried again")


def poster(centre: str, key: str) -> Callable[[bytes], None]:
    """Sends NDJSON to the centre's door for texts. Proxies of the environment are not used."""
    client = httpx.Client(timeout=30.0, headers={"Authorization": f"Bearer {key}"}, trust_env=False)
    address = centre.rstrip("/") + "/v1/events/text"

    def post(lines: bytes) -> None:
        try:
            answer = client.post(address, content=lines)
        except httpx.HTTPError as error:
            raise unavailable(type(error).__name__) from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise unavailable(str(answer.status_code))
        if answer.status_code >= 400:
            raise Refused(
                "events_refused",
                zh=f"反诈中心拒收事件（{answer.status_code}），请检查密钥",
                en=f"the centre refuses the events ({answer.status_code}); check the key",
            )

    return post
