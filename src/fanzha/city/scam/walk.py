"""A scam walked step by step: who is called, texted, made to visit, install, share, pay, and when.

Walking only notes acts; `acts` writes them in columns afterwards, through the same doors as
everyday life, so that nothing but what was done tells a scam from a neighbour's day.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from fanzha.city.behaviour import Behaviour
from fanzha.city.people import People
from fanzha.city.rhythm import DAY, HOUR, MINUTE, SECOND, Ints, Span, local_hour
from fanzha.city.scam.gangs import Gang, Underworld
from fanzha.city.scam.incidents import Incidents
from fanzha.city.scam.script import STAGES, Script, Step

_CHANNEL = {
    "text": "text", "code": "text", "call": "call", "visit": "visit", "install": "app",
    "share": "app",
}  # fmt: skip


@dataclass(slots=True)
class Notes:
    """Acts by verb, each a tuple in the order its writer reads."""

    acts: dict[str, list[tuple[int | float | str, ...]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, verb: str, *act: int | float | str) -> None:
        self.acts[verb].append(act)


@dataclass(slots=True)
class _Walk:
    """One incident under way. Instants are ms; `line_free` is when the running call may end."""

    incident: int
    victim: int
    scam_type: str
    gang: Gang
    place: int
    pace: float
    dark: str
    at: int
    hours: tuple[int, int]
    origins: dict[str, int] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    payee: int = -1
    talking: tuple[int, int, int, str, float] | None = None
    """Running call: caller, begun, answered, origin, seconds wanted."""
    sharing: int = -1
    spent: float = 0.0
    thread: int = -1
    turn: int = 0


class Director:
    """Plays every engaged scam of the stretch."""

    def __init__(
        self,
        underworld: Underworld,
        incidents: Incidents,
        people: People,
        behaviour: Behaviour,
        span: Span,
        rng: np.random.Generator,
    ) -> None:
        self._underworld = underworld
        self._incidents = incidents
        self._people = people
        self._behaviour = behaviour
        self._span = span
        self._rng = rng
        self.notes = Notes()
        self.threads = 0

    def play(self) -> None:
        """Draw the incidents and walk each."""
        scams = self._behaviour.scams
        names = [name for name, script in scams.scripts.items() if script.weight > 0]
        weights = np.array([scams.scripts[name].weight for name in names])
        busy = Span(self._span.start_ms + int(scams.quiet_hours * HOUR), self._span.end_ms)
        if busy.end_ms <= busy.start_ms or not names:
            return
        expected = scams.engaged_per_10k_day * self._people.n / 10_000 * busy.days
        life = self._behaviour.rhythm("life")
        for at in busy.draw(self._rng, int(self._rng.poisson(expected)), life).tolist():
            name = names[int(self._rng.choice(len(names), p=weights / weights.sum()))]
            begin = self._awake(at, scams.scripts[name].hours)
            self._walk(name, begin, scams.pace, dark=self._rng.random() < scams.dark)
        self._stage(names, busy)

    def _stage(self, names: list[str], busy: Span) -> None:
        """Scams to be watched: the types in turn, in a new order each round."""
        scams = self._behaviour.scams
        names = list(scams.staged_types) or names
        an_hour = scams.staged_per_10k_hour * self._people.n / 10_000
        count = int(busy.days * 24 * an_hour)
        for turn in range(count):
            if turn % len(names) == 0:
                order = self._rng.permutation(len(names))
            name = names[int(order[turn % len(names)])]
            at = busy.start_ms + int((turn + self._rng.random()) / an_hour * HOUR)
            self._walk(name, at, scams.staged_pace, dark=False, staged=True)

    def _walk(self, name: str, at: int, pace: float, *, dark: bool, staged: bool = False) -> None:
        script = self._behaviour.scams.scripts[name]
        place = int(self._rng.integers(len(self._underworld.gangs)))
        victim = self._victim(script, seen=staged)
        incident = self._incidents.open(name, victim, at)
        hidden = ("text", "call", "visit", "app")[int(self._rng.integers(4))] if dark else ""
        gang = self._underworld.gangs[place]
        hours = (0, 24) if staged else script.hours
        walk = _Walk(incident, victim, name, gang, place, pace, hidden, at, hours)
        for stage in STAGES:
            steps = [step for step in script.steps if step.stage == stage]
            if not steps:
                continue
            go_on = staged or self._rng.random() < script.goes_on[stage]
            cut = len(steps) if go_on else int(self._rng.integers(1, len(steps) + 1))
            for place_in_stage, step in enumerate(steps[:cut]):
                self._step(walk, script, step, first=place_in_stage == 0 and stage != "contact")
            if not go_on:
                break
        self._hang_up(walk)

    def _victim(self, script: Script, *, seen: bool) -> int:
        """Somebody of an age the script aims at; `seen`: somebody whom every stream knows."""
        ages = [tuple(map(int, span.split("-"))) for span in script.ages]
        chances = np.array(list(script.ages.values()))
        most = chances.max()
        people = self._people
        while True:
            person = int(self._rng.integers(people.n))
            if seen and not all(
                people.sees[s][person] for s in ("visit", "app", "subject", "text")
            ):
                continue
            age = int(people.age[person])
            chance = next(
                (c for (low, high), c in zip(ages, chances, strict=True) if low <= age <= high), 0.0
            )
            if self._rng.random() * most < chance:
                return person

    def _awake(self, at: int, hours: tuple[int, int]) -> int:
        """The same instant, or some time after the script's hours begin again."""
        hour = int(local_hour(np.array([at]))[0])
        if hours[0] <= hour < hours[1] or hour + 24 < hours[1]:
            return at
        wait = (hours[0] - hour) % 24
        return at - at % HOUR + wait * HOUR + int(self._rng.integers(90 * MINUTE))

    def _delay(self, walk: _Walk, pair: tuple[float, float]) -> int:
        minutes = pair[0] * np.exp(pair[1] * self._rng.standard_normal()) * walk.pace
        return max(SECOND, int(min(minutes * MINUTE, 2 * DAY)))

    def _step(self, walk: _Walk, script: Script, step: Step, *, first: bool) -> None:
        played = self._rng.random() < step.chance
        if not step.while_talking:
            self._hang_up(walk)
        if not played:
            if first:
                self._incidents.reach(walk.incident, step.stage, walk.at)
            return
        times = int(self._rng.integers(step.times[0], step.times[1] + 1))
        for turn in range(times):
            walk.at += self._delay(walk, step.every if turn else step.after)
            if walk.talking is None:
                walk.at = self._awake(walk.at, walk.hours)
            if first and turn == 0:
                self._incidents.reach(walk.incident, step.stage, walk.at)
            self._do(walk, script, step, turn, times)

    def _do(self, walk: _Walk, script: Script, step: Step, turn: int, times: int) -> None:
        notes, at = self.notes, walk.at
        shown = walk.dark != _CHANNEL.get(step.do, "app" if step.do in ("app", "forward") else "")
        if step.do == "call":
            self._dial(walk, step)
        elif step.do == "pay":
            self._pay(walk, step, turn, times)
        elif step.do == "text" and shown:
            sender = self._line(walk, step)
            host = self._host(walk, step.site) if step.site else ""
            notes.add("text", walk.incident, walk.victim, at, sender, step.body or "", host)
        elif step.do == "chat":
            self._chat(walk, step)
        elif step.do == "visit" and shown:
            address = int(walk.gang.ips[int(self._rng.integers(3))])
            host = self._host(walk, step.site or "")
            notes.add("visit", walk.incident, walk.victim, at, host, address)
        elif step.do == "install" and shown:
            app = walk.gang.apps[walk.scam_type, step.app or ""]
            notes.add("install", walk.incident, walk.victim, at, app)
        elif step.do == "app" and shown:
            notes.add("app", walk.incident, walk.victim, at, step.app or "", step.action or "")
        elif step.do == "share" and shown:
            walk.sharing = at
        elif step.do == "forward" and shown:
            notes.add("forward", walk.incident, walk.victim, at)
        elif step.do == "account":
            notes.add("account", walk.incident, walk.victim, at, step.action or "")
        elif step.do == "code" and shown:
            notes.add("code", walk.incident, walk.victim, at)
        elif step.do == "relay":
            self._relay(walk, step)
        elif step.do in ("rebate", "loan", "gather"):
            self._receive(walk, step)

    def _line(self, walk: _Walk, step: Step) -> int:
        """A line of one of the step's origins; often the one used before."""
        origin = step.origin[int(self._rng.integers(len(step.origin)))]
        if origin in walk.origins and self._rng.random() < 0.7:
            return walk.origins[origin]
        lines: Ints = self._underworld.lines(walk.gang, origin)
        line = int(lines[int(self._rng.integers(len(lines)))])
        walk.origins[origin] = line
        return line

    def _host(self, walk: _Walk, kind: str) -> str:
        if kind not in walk.hosts:
            names = walk.gang.sites[walk.scam_type, kind]
            walk.hosts[kind] = names[int(self._rng.integers(len(names)))]
        return walk.hosts[kind]

    def _dial(self, walk: _Walk, step: Step) -> None:
        self._hang_up(walk)
        line = self._line(walk, step)
        origin = next((o for o, used in walk.origins.items() if used == line), "voip")
        ring_ms = int(SECOND * (3 + 12 * self._rng.random()))
        median, spread = step.talk
        wanted = (
            60 * median * float(np.exp(spread * self._rng.standard_normal())) * max(walk.pace, 0.2)
        )
        walk.talking = (line, walk.at, walk.at + ring_ms, origin, min(wanted, 3.0 * 3_600))
        walk.at += ring_ms

    def _hang_up(self, walk: _Walk) -> None:
        """End the running call: no sooner than wanted, and after the last thing done in it."""
        if walk.talking is None:
            return
        line, begun, answered, origin, wanted = walk.talking
        tail = int(SECOND * 90 * self._rng.random()) + SECOND
        end = max(answered + int(wanted * SECOND), walk.at + tail)
        if walk.dark != "call":
            ring_s, talk_s = (answered - begun) / SECOND, (end - answered) / SECOND
            self.notes.add(
                "call", walk.incident, walk.victim, begun, line, origin, ring_s, talk_s, walk.place
            )
        if walk.sharing >= 0:
            until = max(walk.sharing + 30 * SECOND, end - int(40 * SECOND * self._rng.random()))
            self.notes.add("share", walk.incident, walk.victim, walk.sharing, until)
            walk.sharing = -1
        walk.at, walk.talking = end, None

    def _chat(self, walk: _Walk, step: Step) -> None:
        if not self._people.sees["chat"][walk.victim]:
            return
        if walk.thread < 0:
            walk.thread = self.threads
            self.threads += 1
        outer = walk.gang.lines["outer"]
        sender = walk.origins.setdefault("chat", int(outer[int(self._rng.integers(len(outer)))]))
        self.notes.add(
            "chat",
            walk.incident,
            walk.victim,
            walk.at,
            sender,
            step.body or "",
            walk.thread,
            walk.turn,
        )
        walk.turn += 1

    def _means(self, walk: _Walk) -> float:
        """Yuan the victim can still lay hands on."""
        return max(0.0, float(self._people.savings[walk.victim]) - walk.spent)

    def _pay(self, walk: _Walk, step: Step, turn: int, times: int) -> None:
        if step.sums:
            yuan = step.sums[int(self._rng.integers(len(step.sums)))]
        elif step.yuan is not None:
            low, high = step.yuan
            yuan = (low + (high - low) * self._rng.random()) * step.grows**turn
        else:
            low, high = step.share or (0.5, 0.9)
            parts = step.grows ** np.arange(times)
            share = (low + (high - low) * self._rng.random()) * parts[turn] / parts.sum()
            yuan = float(self._people.savings[walk.victim]) * share
        company = step.own == "company"
        yuan = yuan if company else min(yuan, 0.97 * self._means(walk))
        if yuan < 20:
            return
        grain = 1_000 if yuan > 20_000 else 100 if yuan > 1_000 else 1
        if not step.sums and self._rng.random() < 0.7:
            yuan = max(grain, yuan // grain * grain)
        gang = walk.gang
        known = {"corporate": gang.corporate, "wallet": gang.wallets}
        payees = known.get(step.payees, gang.layers[0])
        if walk.payee < 0 or step.payees != "one":
            walk.payee = int(payees[int(self._rng.integers(len(payees)))])
        walk.spent += 0.0 if company else yuan
        fen = round(yuan * 100)
        self.notes.add(
            "pay", walk.incident, walk.victim, walk.at, walk.payee, fen, walk.place, step.channel,
            int(company),
        )  # fmt: skip

    def _relay(self, walk: _Walk, step: Step) -> None:
        """Money of other victims through this one's account, a part of it kept as a reward."""
        low, high = step.yuan or (1_000.0, 10_000.0)
        fen = round(low + (high - low) * self._rng.random()) * 100
        first, second = walk.gang.layers[0], walk.gang.layers[min(1, len(walk.gang.layers) - 1)]
        payer = int(first[int(self._rng.integers(len(first)))])
        payee = int(second[int(self._rng.integers(len(second)))])
        out = walk.at + self._delay(walk, (6.0, 0.7))
        self.notes.add("relay", walk.incident, walk.victim, walk.at, payer, fen, payee, out)

    def _receive(self, walk: _Walk, step: Step) -> None:
        """Money that comes to the victim: a rebate as bait, a loan drawn, own savings gathered."""
        low, high = step.yuan or step.share or (0.0, 0.0)
        size = low + (high - low) * self._rng.random()
        if step.do == "rebate":
            payers = np.concatenate([walk.gang.layers[-1], walk.gang.layers[0][:2]])
            payer = int(payers[int(self._rng.integers(len(payers)))])
            fen = round(size * 100) if self._rng.random() < 0.5 else max(1, round(size)) * 100
            self.notes.add("rebate", walk.incident, walk.victim, walk.at, payer, fen)
            return
        fen = round(size * float(self._people.savings[walk.victim])) * 100
        if step.do == "loan":
            walk.spent -= fen / 100
        if fen > 0:
            self.notes.add(step.do, walk.incident, walk.victim, walk.at, fen)
