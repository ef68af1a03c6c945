"""Everyday texts and chats: who writes what to whom, worded by the grammar."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from fanzha.city.behaviour import Behaviour
from fanzha.city.drafts import TEXT_CHANNELS, Drafts
from fanzha.city.evasion import evade
from fanzha.city.firms import Firms
from fanzha.city.grammar import Grammar
from fanzha.city.life.calls import Calls, over
from fanzha.city.people import FRIENDS, People
from fanzha.city.rhythm import DAY, Ints, local_day, lognormal
from fanzha.city.sites import Sites
from fanzha.city.world import SMSC, World

BOUND = frozenset(("org", "hotline", "link", "amount", "balance", "who", "place", "month", "day"))
_SMS, _CHAT = TEXT_CHANNELS.index("sms"), TEXT_CHANNELS.index("chat")
BASES = ("consent:protection-app", "consent:family-guard")
_SENT_BY = {
    "code": ("bank", "pay", "shop", "video", "chat", "ride", "food", "authority"),
    "parcel": ("courier",),
    "bank_out": ("bank", "pay"),
    "bank_in": ("bank",),
    "bank_notice": ("bank",),
    "bill": ("utility", "carrier"),
    "carrier": ("carrier",),
    "loan_advert": ("lender", "bank"),
    "broker_notice": ("broker",),
    "authority": ("authority",),
    "prevention": ("authority",),
    "school": ("school",),
    "hospital": ("hospital",),
    "refund": ("shop", "food"),
    "insurance": ("insurer",),
    "game": ("game",),
    "meeting": ("meeting",),
    "advert": (),
    "recruit": (),
}
"""Rules that organisations send → kinds of organisation; empty: small businesses' ports."""
_PLACES = (
    "松涛",
    "海棠路",
    "大学城",
    "石桥",
    "纺织城",
    "河西",
    "北站",
    "城关",
    "文庙",
    "渡口",
    "南苑",
    "灯塔",
)


@dataclass(slots=True)
class Texts:
    """Writes texts; everybody's texts, a scammer's too, pass through `write`."""

    world: World
    calls: Calls
    drafts: Drafts
    grammar: Grammar
    people: People
    threads: int = 0
    _seen: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def write(
        self,
        sender: Ints,
        recipient: Ints,
        at: Ints,
        body: pa.Array,
        rng: np.random.Generator,
        *,
        imei: Ints | None = None,
        cell: Ints | None = None,
        incident: Ints | int = -1,
        role: Ints | int = -1,
    ) -> None:
        """Short messages. Those to residents whose texts nobody knows are left out.

        `imei` and `cell` replace what the sender usually has (−1 keeps it).
        """
        kept = np.flatnonzero(self._known(recipient))
        sender, recipient, at = sender[kept], recipient[kept], at[kept]
        served = over(None if cell is None else cell[kept], self.calls.served(sender, at, rng))
        own_set = self.world.imei_of[sender]
        inside = self.world.imsi_of[sender] >= 0
        self.drafts.add(
            at,
            incident=incident if isinstance(incident, int) else incident[kept],
            role=role if isinstance(role, int) else role[kept],
            sender=sender,
            recipient=recipient,
            body=body.take(pa.array(kept)),
            channel=_SMS,
            sender_imsi=self.world.imsi_of[sender],
            sender_imei=over(None if imei is None else imei[kept], own_set),
            sender_cell=served,
            trunk=np.where(inside, -1, rng.integers(*SMSC, size=len(kept))),
        )

    def chat(
        self,
        sender: Ints,
        recipient: Ints,
        at: Ints,
        body: pa.Array,
        thread: Ints,
        turn: Ints,
        *,
        incident: Ints | int = -1,
        role: Ints | int = -1,
    ) -> None:
        """Messages inside a chat, known by consent of one who takes part."""
        self.drafts.add(
            at,
            incident=incident,
            role=role,
            sender=sender,
            recipient=recipient,
            body=body,
            channel=_CHAT,
            lawful_basis=thread % len(BASES),
            thread_id=thread,
            turn=turn,
        )

    def _known(self, recipient: Ints) -> Ints:
        if not len(self._seen):
            self._seen = np.ones(self.world.lines.groups.count, np.int64)
            self._seen[self.people.line[~self.people.sees["text"]]] = 0
        return self._seen[recipient]


def filled(
    texts: Texts, rule: str, at: Ints, rng: np.random.Generator, given: dict[str, pa.Array]
) -> pa.Array:
    """Bodies of a rule with the values that are not given drawn at random."""
    n = len(at)
    cents = rng.random(n) < 0.6
    yuan = np.round(lognormal(rng, n, 180.0, 1.5, 1.0, 300_000.0), 2)
    amounts = [f"{y:.2f}" if c else f"{y:.0f}" for y, c in zip(yuan, cents, strict=True)]
    balances = [f"{b:,.2f}" for b in lognormal(rng, n, 9_000.0, 1.2, 1.0, 9e6)]
    names = texts.world.holder_names
    who = [names[i] for i in rng.integers(len(names), size=n).tolist()]
    days = local_day(at).astype("datetime64[D]") + rng.integers(0, 6, size=n)
    months = days.astype("datetime64[M]")
    values = {
        "amount": pa.array(amounts, pa.string()),
        "balance": pa.array(balances, pa.string()),
        "who": pa.array(who, pa.string()),
        "place": pa.array(_PLACES).take(pa.array(rng.integers(len(_PLACES), size=n))),
        "month": pa.array((months.astype(np.int64) % 12 + 1).astype(str), pa.string()),
        "day": pa.array((days - months + 1).astype(np.int64).astype(str), pa.string()),
        **given,
    }
    return texts.grammar.expand(rule, n, rng, values)


def everyday_texts(texts: Texts, firms: Firms, sites: Sites, behaviour: Behaviour) -> None:
    """All benign texts and chats of the stretch."""
    for rule, rate in behaviour.texts.per_day.items():
        _by_organisations(texts, firms, sites, behaviour, rule, rate)
    for kind, rate in behaviour.texts.personal.items():
        _by_people(texts, sites, behaviour, kind, rate)
    _chats(texts, sites, behaviour)


def _by_organisations(
    texts: Texts, firms: Firms, sites: Sites, behaviour: Behaviour, rule: str, rate: float
) -> None:
    rng = texts.world.chance(f"texts.{rule}")
    people = texts.people
    curve = behaviour.rhythm("office" if rule in ("authority", "school", "bill") else "life")
    n = int(rng.poisson(rate * people.n * texts.calls.span.amount(curve)))
    who = rng.integers(people.n, size=n)
    at = texts.calls.span.draw(rng, n, curve)
    kinds = _SENT_BY[rule]
    given: dict[str, pa.Array] = {}
    if kinds:
        senders = [o for o in texts.world.organisations if o.kind in kinds]
        pick = rng.integers(len(senders), size=n)
        ports = np.array([firms.port_of[o.key] for o in senders])
        sender = ports[pick, rng.integers(ports.shape[1], size=n)]
        services = np.array([firms.service_of.get(o.key, -1) for o in senders])
        direct = (services[pick] >= 0) & (rng.random(n) < 0.4)
        sender = np.where(direct, services[pick], sender)
        given["org"] = pa.array([o.zh for o in senders]).take(pa.array(pick))
        shown = texts.world.lines.shown
        hotlines = [shown[s] if s >= 0 else "客服" for s in services]
        given["hotline"] = pa.array(hotlines).take(pa.array(pick))
        given["link"] = sites.own_links(rng, [o.dns_name for o in senders], pick)
    else:
        sender = firms.ports[rng.integers(len(firms.ports), size=n)]
        given["org"] = pa.array([""]).take(pa.array(np.zeros(n, np.int8)))
        given["hotline"] = given["org"]
        given["link"] = sites.benign_links(rng, n)
    body = filled(texts, rule, at, rng, given)
    if rule in ("advert", "loan_advert", "recruit"):
        body = evade(body, rng, behaviour.texts.evading_adverts)
    texts.write(sender, people.line[who], at, body, rng)


def _by_people(texts: Texts, sites: Sites, behaviour: Behaviour, rule: str, rate: float) -> None:
    """From one person to another: couriers and landlords to anybody, the rest to friends."""
    rng = texts.world.chance(f"texts.{rule}")
    people = texts.people
    curve = behaviour.rhythm("life")
    n = int(rng.poisson(rate * people.n * texts.calls.span.amount(curve)))
    trades = {"courier_person": "courier", "landlord": "landlord", "group_buy": "organiser"}
    trade = people.of_trade(trades[rule]) if rule in trades else np.empty(0, np.int64)
    if len(trade):
        who = trade[rng.integers(len(trade), size=n)]
        other = people.line[rng.integers(people.n, size=n)]
    else:
        who = rng.integers(people.n, size=n)
        other = people.friends[who, rng.integers(FRIENDS, size=n)]
    sender, recipient = people.line[who], other
    if rule in ("family", "friend") and n:
        inward = rng.random(n) < 0.3
        sender, recipient = np.where(inward, other, sender), np.where(inward, sender, other)
    at = texts.calls.span.draw(rng, n, curve)
    given = {"link": sites.benign_links(rng, n)}
    given["org"] = pa.array(["同城"]).take(pa.array(np.zeros(n, np.int8)))
    given["hotline"] = given["org"]
    keep = np.flatnonzero(sender != recipient)
    body = filled(texts, rule, at, rng, given)
    texts.write(sender[keep], recipient[keep], at[keep], body.take(pa.array(keep)), rng)


def _chats(texts: Texts, sites: Sites, behaviour: Behaviour) -> None:
    """Family and work talk of residents who let their protection app read along."""
    rng = texts.world.chance("texts.chat")
    people = texts.people
    willing = np.flatnonzero(people.sees["chat"])
    curve = behaviour.rhythm("evening")
    rate = behaviour.texts.chats_per_day * len(willing) * texts.calls.span.amount(curve)
    n = int(rng.poisson(rate)) if len(willing) else 0
    turns = rng.integers(2, 9, size=n)
    begun = texts.calls.span.draw(rng, n, curve)
    owner = willing[rng.integers(max(1, len(willing)), size=n)] if n else np.empty(0, np.int64)
    friend = people.friends[owner, rng.integers(FRIENDS, size=n)]
    thread = np.repeat(np.arange(texts.threads, texts.threads + n), turns)
    texts.threads += n
    turn = np.arange(len(thread)) - np.repeat(np.cumsum(turns) - turns, turns)
    gaps = lognormal(rng, len(thread), 50_000, 0.9, 4_000, DAY / 8).astype(np.int64)
    total = np.cumsum(gaps)
    first = np.repeat(total[np.cumsum(turns) - turns] if n else total[:0], turns)
    at = np.repeat(begun, turns) + total - first
    mine = turn % 2 == 0
    own, other = np.repeat(people.line[owner], turns), np.repeat(friend, turns)
    at_work = np.repeat(rng.random(n) < 0.35, turns)
    for rule, rows in (("chat_family", ~at_work), ("chat_work", at_work)):
        if not rows.any():
            continue
        given = {"link": sites.benign_links(rng, int(rows.sum()))}
        body = filled(texts, rule, at[rows], rng, given)
        sender = np.where(mine, own, other)[rows]
        recipient = np.where(mine, other, own)[rows]
        texts.chat(sender, recipient, at[rows], body, thread[rows], turn[rows])
