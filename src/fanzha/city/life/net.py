"""Everyday network life: visits, apps, meetings with a shared screen, bank apps during calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fanzha.city.behaviour import Behaviour
from fanzha.city.drafts import APP_ACTIONS, Drafts
from fanzha.city.firms import Firms
from fanzha.city.life.calls import Calls, ring
from fanzha.city.people import People
from fanzha.city.rhythm import MINUTE, SECOND, Ints, lognormal
from fanzha.city.sites import Sites

ACTION = {name: place for place, name in enumerate(APP_ACTIONS)}
IPS = 4_000
"""Addresses from which sites answer, shared by good and bad ones as hosting is."""


@dataclass(slots=True)
class Net:
    """Writes visits and app events; those of people nobody knows about are left out."""

    people: People
    visits: Drafts
    apps: Drafts
    installers: int

    def visit(
        self,
        who: Ints,
        at: Ints,
        url: pa.Array,
        rng: np.random.Generator,
        *,
        ip: Ints | None = None,
        incident: Ints | int = -1,
        role: Ints | int = -1,
    ) -> None:
        kept = np.flatnonzero(self.people.sees["visit"][who])
        address = rng.integers(IPS, size=len(who)) if ip is None else ip
        self.visits.add(
            at[kept],
            incident=incident if isinstance(incident, int) else incident[kept],
            role=role if isinstance(role, int) else role[kept],
            subscriber=self.people.line[who[kept]],
            url=url.take(pa.array(kept)),
            ip=np.where(rng.random(len(kept)) < 0.8, address[kept], -1),
        )

    def app(
        self,
        who: Ints,
        at: Ints,
        app: Ints,
        action: str,
        *,
        installer: Ints | int = -1,
        incident: Ints | int = -1,
        role: Ints | int = -1,
    ) -> None:
        kept = np.flatnonzero(self.people.sees["app"][who])
        self.apps.add(
            at[kept],
            incident=incident if isinstance(incident, int) else incident[kept],
            role=role if isinstance(role, int) else role[kept],
            subscriber=self.people.line[who[kept]],
            package=app[kept],
            label=app[kept],
            signer_sha256=app[kept],
            action=ACTION[action],
            installer=installer if isinstance(installer, int) else installer[kept],
        )

    def sitting(self, who: Ints, at: Ints, app: Ints, length_ms: Ints) -> None:
        """An app comes to the front and goes again."""
        self.app(who, at, app, "foreground")
        self.app(who, at + length_ms, app, "background")


def everyday_net(
    net: Net, calls: Calls, firms: Firms, sites: Sites, behaviour: Behaviour, sideloaded: Ints
) -> None:
    """All benign visits and app events of the stretch."""
    _visits(net, calls, sites, behaviour)
    _openings(net, calls, firms, behaviour, sideloaded)
    _meetings(net, calls, firms, behaviour)
    _help(net, calls, firms, behaviour)
    _bank_in_call(net, calls, firms, behaviour)


def _draws(
    net: Net, calls: Calls, behaviour: Behaviour, name: str, rate: float, curve: str, stream: str
) -> tuple[np.random.Generator, Ints, Ints]:
    """Who and when, for a habit of `rate` a day and resident that the stream knows."""
    rng = calls.world.chance(f"net.{name}")
    able = np.flatnonzero(net.people.sees[stream])
    rhythm = behaviour.rhythm(curve)
    n = int(rng.poisson(rate * len(able) * calls.span.amount(rhythm))) if len(able) else 0
    who = able[rng.integers(max(1, len(able)), size=n)] if n else np.empty(0, np.int64)
    return rng, who, calls.span.draw(rng, n, rhythm)


def _visits(net: Net, calls: Calls, sites: Sites, behaviour: Behaviour) -> None:
    rate = behaviour.net.visits
    rng, who, at = _draws(net, calls, behaviour, "visits", rate, "evening", "visit")
    net.visit(who, at, sites.benign_links(rng, len(who)), rng)


def _own_bank(net: Net, calls: Calls, firms: Firms, who: Ints) -> Ints:
    """The app of each person's bank."""
    banks = np.array([firms.app_of[o.key] for o in calls.world.organisations if o.kind == "bank"])
    return banks[calls.world.accounts.bank[net.people.account[who]]]


def _openings(net: Net, calls: Calls, firms: Firms, behaviour: Behaviour, sideloaded: Ints) -> None:
    settings = behaviour.net
    rng, who, at = _draws(net, calls, behaviour, "bank", settings.bank_opens, "life", "app")
    length = lognormal(rng, len(who), 95, 0.8, 8, 1_800) * SECOND
    net.sitting(who, at, _own_bank(net, calls, firms, who), length.astype(np.int64))
    common = np.array([*firms.app_of.values(), *firms.casual_apps.tolist()])
    rng, who, at = _draws(net, calls, behaviour, "apps", settings.app_opens, "evening", "app")
    pick = common[rng.integers(len(common), size=len(who))]
    length = lognormal(rng, len(who), 240, 1.0, 5, 9_000) * SECOND
    net.sitting(who, at, pick, length.astype(np.int64))
    rng, who, at = _draws(net, calls, behaviour, "installs", settings.installs, "evening", "app")
    side = rng.random(len(who)) < settings.sideload
    rare = sideloaded[rng.integers(len(sideloaded), size=len(who))]
    pick = np.where(side, rare, common[rng.integers(len(common), size=len(who))])
    net.app(who, at, pick, "install", installer=installer(net, rng, side))
    net.app(who, at + rng.integers(4_000, 90_000, size=len(who)), pick, "open")
    gone = rng.random(len(who)) < 0.15
    later = at + (lognormal(rng, len(who), 300, 1.2, 5, 5_000) * MINUTE).astype(np.int64)
    net.app(who[gone], later[gone], pick[gone], "remove")
    rng, who, at = _draws(net, calls, behaviour, "forward", settings.forwards, "life", "app")
    chat = np.full(len(who), firms.app_of["qinglan_mobile"])
    net.app(who, at, chat, "call_forward_on")


def installer(
    net: Net, rng: np.random.Generator, side: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Ints:
    """A store; for what comes from elsewhere a browser, a file manager, or nothing known."""
    stores = rng.integers(net.installers - 2, size=len(side))
    other = net.installers - 2 + rng.integers(3, size=len(side))
    other = np.where(other >= net.installers, -1, other)
    return np.where(side, other, stores)


def _meeting_app(firms: Firms, rng: np.random.Generator, n: int) -> Ints:
    keys = ("meeting", "meeting_two")
    return np.array([firms.app_of[key] for key in keys])[rng.integers(2, size=n)]


def _meetings(net: Net, calls: Calls, firms: Firms, behaviour: Behaviour) -> None:
    """Work and lessons online; the screen is shared in some, a bank app comes up in a few."""
    settings = behaviour.net
    rng, who, at = _draws(net, calls, behaviour, "meetings", settings.meetings, "office", "app")
    keep = net.people.meetings[who]
    who, at = who[keep], at[keep]
    n = len(who)
    length = (lognormal(rng, n, 38, 0.6, 5, 200) * MINUTE).astype(np.int64)
    app = _meeting_app(firms, rng, n)
    net.sitting(who, at, app, length)
    shares = rng.random(n) < settings.meeting_shares
    begin = at + (length * rng.random(n) * 0.4).astype(np.int64)
    end = begin + ((at + length - begin) * rng.random(n)).astype(np.int64) + 5_000
    net.app(who[shares], begin[shares], app[shares], "screen_share_on")
    net.app(who[shares], end[shares], app[shares], "screen_share_off")
    banking = shares & (rng.random(n) < 0.05)
    middle = (begin + end) // 2
    short = np.full(int(banking.sum()), 40 * SECOND)
    net.sitting(who[banking], middle[banking], _own_bank(net, calls, firms, who[banking]), short)


def _help(net: Net, calls: Calls, firms: Firms, behaviour: Behaviour) -> None:
    """A child helps a parent through the bank app: a call from kin, a shared screen."""
    rate = behaviour.net.kin_help
    rng, who, at = _draws(net, calls, behaviour, "help", rate, "evening", "app")
    keep = net.people.age[who] > 50
    who, at = who[keep], at[keep]
    n = len(who)
    talk_s = lognormal(rng, n, 840, 0.5, 180, 3_600)
    rings = ring(rng, n)
    calls.place(net.people.line[net.people.kin[who]], net.people.line[who], at, rings, talk_s, rng)
    begin = at + ((rings + 60 + 0.2 * talk_s * rng.random(n)) * 1000).astype(np.int64)
    app = _meeting_app(firms, rng, n)
    net.app(who, begin, app, "foreground")
    net.app(who, begin + 9_000, app, "screen_share_on")
    bank = _own_bank(net, calls, firms, who)
    net.app(who, begin + rng.integers(20_000, 100_000, size=n), bank, "foreground")
    net.app(who, at + (talk_s * 950).astype(np.int64), app, "screen_share_off")


def _bank_in_call(net: Net, calls: Calls, firms: Firms, behaviour: Behaviour) -> None:
    """The bank app during a talk: with family, and with agents and sellers one hardly knows."""
    rate = behaviour.net.bank_in_call
    rng, who, at = _draws(net, calls, behaviour, "bank-in-call", rate, "life", "app")
    n = len(who)
    strange = net.people.of_trade("agent", "landlord", "organiser", "shop")
    other = net.people.kin[who]
    if len(strange):
        stranger = strange[rng.integers(len(strange), size=n)]
        other = np.where(rng.random(n) < 0.35, stranger, other)
    talk_s = lognormal(rng, n, 260, 0.7, 60, 3_000)
    rings = ring(rng, n)
    keep = other != who
    caller, callee = net.people.line[other], net.people.line[who]
    calls.place(caller[keep], callee[keep], at[keep], rings[keep], talk_s[keep], rng)
    begin = at + ((rings + talk_s * rng.random(n) * 0.7) * 1000).astype(np.int64)
    length = (talk_s * 250).astype(np.int64)
    net.sitting(who, begin, _own_bank(net, calls, firms, who), length)
