"""Writes the noted acts of scams into the streams, and sends the money on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fanzha.city.behaviour import Behaviour
from fanzha.city.evasion import evade
from fanzha.city.firms import Firms
from fanzha.city.life.calls import Calls
from fanzha.city.life.money import BOOKED, Money
from fanzha.city.life.net import Net, installer
from fanzha.city.life.registry import Registry
from fanzha.city.life.texts import Texts, filled
from fanzha.city.people import People
from fanzha.city.rhythm import SECOND, Ints, lognormal
from fanzha.city.scam.cold import empty_values
from fanzha.city.scam.gangs import Underworld
from fanzha.city.scam.hops import Hops
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
    _texts(notes, doors, underworld, rng)
    _codes(notes, doors, rng)
    _chats(notes, doors, rng)
    _net(notes, doors, rng)
    _received(notes, doors, rng)
    _relays(notes, doors, rng)
    _accounts(notes, doors, rng)
    _payments(notes, doors, underworld, rng)


def _column(acts: list[tuple[int | float | str, ...]], place: int) -> Ints:
    return np.array([act[place] for act in acts], np.int64)


def _calls(notes: Notes, doors: Doors, underworld: Underworld, rng: np.random.Generator) -> None:
    """Acts: incident, victim, at, line, origin, ring, talk, gang."""
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
            sets, cells = underworld.dens.served(line, at, rng)
        doors.calls.place(
            line, doors.people.line[_column(acts, 1)], at,
            np.array([act[5] for act in acts], np.float64),
            np.array([act[6] for act in acts], np.float64),
            rng, asserted=asserted if origin == "spoofed" else -1, imei=sets, cell=cells,
            abroad=origin in ("overseas", "spoofed", "malformed"), hung_up=0.3,
            incident=_column(acts, 0), role=ROLE["scam_call"],
        )  # fmt: skip


def _texts(notes: Notes, doors: Doors, underworld: Underworld, rng: np.random.Generator) -> None:
    """Acts: incident, victim, at, sender, rule, host."""
    for rule in sorted({str(act[4]) for act in notes.acts["text"]}):
        acts = [act for act in notes.acts["text"] if act[4] == rule]
        at = _column(acts, 2)
        hosts = [str(act[5]) for act in acts]
        given = {"link": doors.sites.own_links(rng, hosts, np.arange(len(acts)))}
        body = filled(doors.texts, rule, at, rng, given | empty_values(len(acts)))
        sender = _column(acts, 3)
        sets, cells = underworld.dens.served(sender, at, rng)
        doors.texts.write(
            sender, doors.people.line[_column(acts, 1)], at,
            evade(body, rng, doors.behaviour.scams.evasion), rng, imei=sets, cell=cells,
            incident=_column(acts, 0), role=ROLE["scam_text"],
        )  # fmt: skip


def _codes(notes: Notes, doors: Doors, rng: np.random.Generator) -> None:
    """One-time codes of the victim's own bank. Acts: incident, victim, at."""
    if not (acts := notes.acts["code"]):
        return
    who, at = _column(acts, 1), _column(acts, 2)
    banks = [o for o in doors.calls.world.organisations if o.kind == "bank"]
    bank = doors.calls.world.accounts.bank[doors.people.account[who]]
    ports = np.array([doors.firms.port_of[o.key] for o in banks])
    sender = ports[bank, rng.integers(ports.shape[1], size=len(acts))]
    given = empty_values(len(acts)) | {"org": pa.array([o.zh for o in banks]).take(pa.array(bank))}
    given["link"] = given["hotline"]
    body = filled(doors.texts, "code", at, rng, given)
    doors.texts.write(
        sender, doors.people.line[who], at, body, rng,
        incident=_column(acts, 0), role=ROLE["code"],
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


def _relays(notes: Notes, doors: Doors, rng: np.random.Generator) -> None:
    """Money through a lent account. Acts: incident, victim, at, payer, fen, payee, out."""
    if not (acts := notes.acts["relay"]):
        return
    incident, fen = _column(acts, 0), _column(acts, 4)
    own = doors.people.account[_column(acts, 1)]
    doors.money.pay(
        _column(acts, 3), own, fen, _column(acts, 2), "mobile", rng,
        refused=0.0, incident=incident, role=ROLE["relay_in"],
    )  # fmt: skip
    kept = fen * rng.integers(6, 15, size=len(acts)) // 1_000
    doors.money.pay(
        own, _column(acts, 5), fen - kept, _column(acts, 6), "mobile", rng,
        refused=0.0, incident=incident, role=ROLE["relay_out"],
    )  # fmt: skip


def _accounts(notes: Notes, doors: Doors, rng: np.random.Generator) -> None:
    for action in sorted({str(act[3]) for act in notes.acts["account"]}):
        acts = [act for act in notes.acts["account"] if act[3] == action]
        doors.registry.act(
            doors.people.account[_column(acts, 1)], _column(acts, 2), action, rng,
            incident=_column(acts, 0), role=ROLE["account_act"],
        )  # fmt: skip


def _payments(notes: Notes, doors: Doors, underworld: Underworld, rng: np.random.Generator) -> None:
    """Acts: incident, victim, at, payee, fen, gang, channel, company. What is booked goes on."""
    employers, bank = doors.firms.employers, doors.calls.world.accounts.bank
    hops = Hops(doors.money, doors.firms, doors.people, doors.behaviour.mules, rng)
    for channel in sorted({str(act[6]) for act in notes.acts["pay"]}):
        acts = [act for act in notes.acts["pay"] if act[6] == channel]
        incident, who, at, payee, fen = (_column(acts, place) for place in range(5))
        company = _column(acts, 7) > 0
        payer = np.where(company, employers[who % len(employers)], doors.people.account[who])
        status = doors.money.pay(
            payer, payee, fen, at, channel, rng, incident=incident, role=ROLE["payment"]
        )
        for place in np.flatnonzero((status == BOOKED) & (bank[payee] >= 0)).tolist():
            gang = underworld.gangs[int(acts[place][5])]
            hops.send_on(
                gang, int(incident[place]), int(at[place]), int(payee[place]), int(fen[place])
            )
    hops.write()
