"""Writes the noted acts of scams into the streams, and sends the money on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fanzha.city.behaviour import Behaviour
from fanzha.city.evasion import evade
from fanzha.city.firms import Firms
from fanzha.city.life.calls import Calls
from fanzha.city.life.money import BOOKED, Money
from fanzha.city.life.net import Net, installer
from fanzha.city.life.registry import Registry
from fanzha.city.life.texts import Texts, filled
from fanzha.city.people import People
from fanzha.city.rhythm import MINUTE, SECOND, Ints, lognormal
from fanzha.city.scam.cold import empty_values
from fanzha.city.scam.gangs import Gang, Underworld
from fanzha.city.scam.roles import ROLE
from fanzha.city.scam.walk import Notes
from fanzha.city.sites import Sites


@dataclass(slots=True)
class Doors:
    """The writers of everyday life, which scams use as well."""

    calls: Calls
    texts: Texts
    net: Net
    money: Money
    registry: Registry
    sites: Sites
    firms: Firms
    people: People
    behaviour: Behaviour


def write_acts(notes: Notes, doors: Doors, underworld: Underworld) -> None:
    """Every noted act, verb by verb."""
    rng = doors.calls.world.chance("acts")
    _calls(notes, doors, underworld, rng)
    _texts(notes, doors, rng)
    _chats(notes, doors, rng)
    _net(notes, doors, rng)
    _received(notes, doors, rng)
    _accounts(notes, doors, rng)
    _payments(notes, doors, underworld, rng)


def _column(acts: list[tuple[int | float | str, ...]], place: int) -> Ints:
    return np.array([act[place] for act in acts], np.int64)


def _calls(notes: Notes, doors: Doors, underworld: Underworld, rng: np.random.Generator) -> None:
    """Acts: incident, victim, at, line, origin, ring, talk, gang."""
    den = underworld.den
    for origin in ("overseas", "voip", "spoofed", "malformed", "goip"):
        acts = [act for act in notes.acts["call"] if act[4] == origin]
        if not acts:
            continue
        line, at = _column(acts, 3), _column(acts, 2)
        gangs = [underworld.gangs[int(act[7])] for act in acts]
        behind = np.array([g.asserted[int(rng.integers(len(g.asserted)))] for g in gangs])
        asserted = np.where(rng.random(len(acts)) < 0.5, behind, -1)
        sets = cells = None
        if origin == "goip":
            sets = den.set_at(line - den.cards[0], at, rng)
            cells = den.cells[rng.integers(len(den.cells), size=len(acts))]
        doors.calls.place(
            line, doors.people.line[_column(acts, 1)], at,
            np.array([act[5] for act in acts], np.float64),
            np.array([act[6] for act in acts], np.float64),
            rng, asserted=asserted if origin == "spoofed" else -1, imei=sets, cell=cells,
            abroad=origin in ("overseas", "spoofed", "malformed"), hung_up=0.3,
            incident=_column(acts, 0), role=ROLE["scam_call"],
        )  # fmt: skip


def _texts(notes: Notes, doors: Doors, rng: np.random.Generator) -> None:
    """Acts: incident, victim, at, sender, rule, host."""
    for rule in sorted({str(act[4]) for act in notes.acts["text"]}):
        acts = [act for act in notes.acts["text"] if act[4] == rule]
        at = _column(acts, 2)
        hosts = [str(act[5]) for act in acts]
        given = {"link": doors.sites.own_links(rng, hosts, np.arange(len(acts)))}
        body = filled(doors.texts, rule, at, rng, given | empty_values(len(acts)))
        doors.texts.write(
            _column(acts, 3), doors.people.line[_column(acts, 1)], at,
            evade(body, rng, doors.behaviour.scams.evasion), rng,
            incident=_column(acts, 0), role=ROLE["scam_text"],
        )  # fmt: skip


def _chats(notes: Notes, doors: Doors, rng: np.random.Generator) -> None:
    """Acts: incident, victim, at, sender, rule, thread, turn."""
    acts = notes.acts["chat"]
    first = doors.texts.threads
    doors.texts.threads += 1 + max((int(act[5]) for act in acts), default=0)
    for rule in sorted({str(act[4]) for act in acts}):
        some = [act for act in acts if act[4] == rule]
        at = _column(some, 2)
        links = doors.sites.benign_links(rng, len(some))
        body = filled(doors.texts, rule, at, rng, {"link": links} | empty_values(len(some)))
        doors.texts.chat(
            _column(some, 3), doors.people.line[_column(some, 1)], at, body,
            first + _column(some, 5), _column(some, 6),
            incident=_column(some, 0), role=ROLE["scam_chat"],
        )  # fmt: skip


def _net(notes: Notes, doors: Doors, rng: np.random.Generator) -> None:
    net, firms = doors.net, doors.firms
    if acts := notes.acts["visit"]:
        url = doors.sites.own_links(rng, [str(act[3]) for act in acts], np.arange(len(acts)))
        who, at, incident = _column(acts, 1), _column(acts, 2), _column(acts, 0)
        net.visit(who, at, url, rng, ip=_column(acts, 4), incident=incident, role=ROLE["visit"])
    if acts := notes.acts["install"]:
        who, at, incident = _column(acts, 1), _column(acts, 2), _column(acts, 0)
        app, role = _column(acts, 3), ROLE["install"]
        source = installer(net, rng, rng.random(len(acts)) < 0.93)
        net.app(who, at, app, "install", installer=source, incident=incident, role=role)
        opened = at + rng.integers(3_000, 60_000, size=len(acts))
        net.app(who, opened, app, "open", incident=incident, role=ROLE["app"])
    if acts := notes.acts["app"]:
        who, at, incident = _column(acts, 1), _column(acts, 2), _column(acts, 0)
        bank = _bank_apps(doors, who)
        net.app(who, at, bank, "foreground", incident=incident, role=ROLE["app"])
        gone = at + (lognormal(rng, len(acts), 150, 0.8, 15, 2_400) * SECOND).astype(np.int64)
        net.app(who, gone, bank, "background", incident=incident, role=ROLE["app"])
    if acts := notes.acts["share"]:
        who, incident = _column(acts, 1), _column(acts, 0)
        keys = ("meeting", "meeting_two")
        app = np.array([firms.app_of[k] for k in keys])[rng.integers(2, size=len(acts))]
        on, off, role = _column(acts, 2), _column(acts, 3), ROLE["share"]
        before = on - rng.integers(5_000, 50_000, size=len(acts))
        net.app(who, before, app, "foreground", incident=incident, role=ROLE["app"])
        net.app(who, on, app, "screen_share_on", incident=incident, role=role)
        net.app(who, off, app, "screen_share_off", incident=incident, role=role)
    if acts := notes.acts["forward"]:
        who, at, incident = _column(acts, 1), _column(acts, 2), _column(acts, 0)
        app = np.full(len(acts), firms.app_of["qinglan_mobile"])
        net.app(who, at, app, "call_forward_on", incident=incident, role=ROLE["forward"])


def _bank_apps(doors: Doors, who: Ints) -> Ints:
    banks = [o.key for o in doors.calls.world.organisations if o.kind == "bank"]
    apps = np.array([doors.firms.app_of[key] for key in banks])
    return apps[doors.calls.world.accounts.bank[doors.people.account[who]]]


def _received(notes: Notes, doors: Doors, rng: np.random.Generator) -> None:
    people, money = doors.people, doors.money
    if acts := notes.acts["rebate"]:
        who, at, incident = _column(acts, 1), _column(acts, 2), _column(acts, 0)
        money.pay(
            _column(acts, 3), people.account[who], _column(acts, 4), at, "mobile", rng,
            refused=0.0, incident=incident, role=ROLE["rebate"],
        )  # fmt: skip
    if acts := notes.acts["loan"]:
        who, at, incident = _column(acts, 1), _column(acts, 2), _column(acts, 0)
        lenders = [o.key for o in money.world.organisations if o.kind == "lender"]
        payer = np.array([doors.firms.account_of[key] for key in lenders])
        money.pay(
            payer[rng.integers(len(payer), size=len(acts))], people.account[who],
            _column(acts, 3), at, "web", rng, refused=0.0, incident=incident, role=ROLE["loan"],
        )  # fmt: skip
    if acts := [a for a in notes.acts["gather"] if people.second_account[int(a[1])] >= 0]:
        who, at, incident = _column(acts, 1), _column(acts, 2), _column(acts, 0)
        money.pay(
            people.second_account[who], people.account[who], _column(acts, 3), at, "mobile", rng,
            refused=0.0, incident=incident, role=ROLE["gather"],
        )  # fmt: skip


def _accounts(notes: Notes, doors: Doors, rng: np.random.Generator) -> None:
    for action in sorted({str(act[3]) for act in notes.acts["account"]}):
        acts = [act for act in notes.acts["account"] if act[3] == action]
        doors.registry.act(
            doors.people.account[_column(acts, 1)], _column(acts, 2), action, rng,
            incident=_column(acts, 0), role=ROLE["account_act"],
        )  # fmt: skip


def _payments(notes: Notes, doors: Doors, underworld: Underworld, rng: np.random.Generator) -> None:
    """Acts: incident, victim, at, payee, fen, gang. What is booked goes on through the layers."""
    acts = notes.acts["pay"]
    if not acts:
        return
    incident, at, payee, fen = (_column(acts, place) for place in (0, 2, 3, 4))
    payer = doors.people.account[_column(acts, 1)]
    status = doors.money.pay(
        payer, payee, fen, at, "mobile", rng, incident=incident, role=ROLE["payment"]
    )
    hops = _Hops([], doors, rng)
    for place in np.flatnonzero(status == BOOKED).tolist():
        gang = underworld.gangs[int(acts[place][5])]
        hops.send_on(gang, int(incident[place]), int(at[place]), int(payee[place]), int(fen[place]))
    hops.write()


@dataclass(slots=True)
class _Hops:
    """Money on its way: (payer, payee, fen, at, incident, role, channel)."""

    rows: list[tuple[int, int, int, int, int, int, str]]
    doors: Doors
    rng: np.random.Generator

    def send_on(self, gang: Gang, incident: int, at: int, holder: int, fen: int) -> None:
        """First layer to second, second out of sight; not a fen is lost between."""
        settings = self.doors.behaviour.mules
        low, high = settings.split[0]
        parts = parts_of(fen, int(self.rng.integers(low, high + 1)), self.rng)
        seconds = self.rng.choice(gang.layer2, size=len(parts), replace=False)
        for part, second in zip(parts, seconds.tolist(), strict=True):
            at += self._stay(0) if part is parts[0] else int(self.rng.integers(4_000, 90_000))
            self.rows.append((holder, second, part, at, incident, ROLE["hop_l1"], "mobile"))
            self._cash_out(gang, incident, at, second, part)

    def _cash_out(self, gang: Gang, incident: int, at: int, holder: int, fen: int) -> None:
        settings = self.doors.behaviour.mules
        left = fen
        if settings.fee > 0 and self.rng.random() < 0.5 and (fee := round(fen * settings.fee)) > 0:
            helper = int(gang.helpers[int(self.rng.integers(len(gang.helpers)))])
            wallet = int(self.doors.people.wallet[helper])
            late = at + self._stay(1)
            self.rows.append((holder, wallet, fee, late, incident, ROLE["fee"], "mobile"))
            left -= fee
        low, high = settings.split[1]
        names = list(settings.exits)
        shares = np.array(list(settings.exits.values()))
        for part in parts_of(left, int(self.rng.integers(low, high + 1)), self.rng):
            at += self._stay(1)
            way = names[int(self.rng.choice(len(names), p=shares / shares.sum()))]
            notes = part // 10_000 * 10_000 if way == "cash" else 0
            if notes:
                self._out(gang, incident, at, holder, notes, "cash")
            if part - notes:
                self._out(gang, incident, at + 30_000 * (notes > 0), holder, part - notes,
                          "merchant" if way == "cash" else way)  # fmt: skip

    def _out(self, gang: Gang, incident: int, at: int, holder: int, fen: int, way: str) -> None:
        firms = self.doors.firms
        doors = {"cash": firms.machines, "merchant": firms.tills, "wallet": gang.wallets}[way]
        channel = {"cash": "atm", "merchant": "pos", "wallet": "web"}[way]
        payee = int(doors[int(self.rng.integers(len(doors)))])
        self.rows.append((holder, payee, fen, at, incident, ROLE["hop_l2"], channel))

    def _stay(self, layer: int) -> int:
        median, spread = self.doors.behaviour.mules.stay_minutes[layer]
        return int(lognormal(self.rng, 1, median, spread, 0.3, 600)[0] * MINUTE)

    def write(self) -> None:
        """All hops, by channel."""
        for channel in ("mobile", "atm", "pos", "web"):
            rows = [row for row in self.rows if row[6] == channel]
            if not rows:
                continue
            payer, payee, fen, at, incident, role = (
                np.array([row[place] for row in rows], np.int64) for place in range(6)
            )
            self.doors.money.pay(
                payer, payee, fen, at, channel, self.rng, refused=0.0, incident=incident, role=role
            )


def parts_of(fen: int, count: int, rng: np.random.Generator) -> list[int]:
    """`fen` in up to `count` parts, all but one in whole yuan, that add up to it."""
    count = max(1, min(count, fen // 100))
    cuts = np.sort(rng.dirichlet(np.full(count, 4.0)).cumsum()[:-1])
    whole = np.unique(np.concatenate([[0], (cuts * fen).astype(np.int64) // 100 * 100, [fen]]))
    return [int(part) for part in np.diff(whole)]
