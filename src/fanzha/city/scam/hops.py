"""Where the money of victims goes: through layers that split and merge it, then out of sight."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from fanzha.city.behaviour import Mules
from fanzha.city.firms import Firms
from fanzha.city.life.money import Money
from fanzha.city.people import People
from fanzha.city.rhythm import MINUTE, Ints, lognormal
from fanzha.city.scam.gangs import Gang
from fanzha.city.scam.roles import HOPS, ROLE

_WAYS = {
    "cash": "atm",
    "courier": "counter",
    "merchant": "pos",
    "wallet": "web",
    "platform": "qr",
}
"""Way out → the channel it is booked by."""
_NOTE = 10_000
"""Machines and counters pay hundreds of yuan, in fen."""


@dataclass(slots=True)
class Hops:
    """Money on its way: (payer, payee, fen, at, incident, role, channel)."""

    money: Money
    firms: Firms
    people: People
    settings: Mules
    rng: np.random.Generator
    rows: list[tuple[int, int, int, int, int, int, str]] = field(default_factory=list)

    def send_on(self, gang: Gang, incident: int, at: int, holder: int, fen: int) -> None:
        """From the account the victim paid to the exits; not a fen is lost between.

        Parts that reach one account are waited for and go on as one sum.
        """
        held = {holder: (fen, at)}
        for depth, layer in enumerate(self.settings.layers):
            last = depth + 1 == len(self.settings.layers)
            receivers = self._receivers(gang, 0 if last else depth + 1)
            arrived: dict[int, tuple[int, int]] = {}
            for account, (sum_fen, since) in held.items():
                out = last or (depth > 0 and self.rng.random() < layer.ends)
                left = sum_fen if depth == 0 else self._fee(gang, incident, depth, account,
                                                            sum_fen, since)  # fmt: skip
                low, high = layer.split
                leaves = since
                for part in parts_of(left, int(self.rng.integers(low, high + 1)), self.rng):
                    leaves += self._stay(depth) if out or leaves == since else self._moment()
                    if out:
                        self._out(gang, incident, leaves, account, part, depth)
                        continue
                    to = int(receivers[int(self.rng.integers(len(receivers)))])
                    role = ROLE[HOPS[depth]]
                    self.rows.append((account, to, part, leaves, incident, role, "mobile"))
                    before = arrived.get(to, (0, 0))
                    arrived[to] = (before[0] + part, max(before[1], leaves))
            held = arrived

    def _receivers(self, gang: Gang, depth: int) -> Ints:
        low, high = self.settings.meet
        layer = gang.layers[depth]
        count = min(len(layer), int(self.rng.integers(low, high + 1)))
        return self.rng.choice(layer, size=count, replace=False)

    def _fee(self, gang: Gang, incident: int, depth: int, holder: int, fen: int, at: int) -> int:
        """What is left when somebody whose account was lent has taken a part."""
        share = self.settings.fee
        if share <= 0 or self.rng.random() >= 0.4 or (fee := round(fen * share)) <= 0:
            return fen
        helper = int(gang.helpers[int(self.rng.integers(len(gang.helpers)))])
        wallet = int(self.people.wallet[helper])
        late = at + self._stay(depth)
        self.rows.append((holder, wallet, fee, late, incident, ROLE["fee"], "mobile"))
        return fen - fee

    def _out(self, gang: Gang, incident: int, at: int, holder: int, fen: int, depth: int) -> None:
        names = list(self.settings.exits)
        shares = np.array(list(self.settings.exits.values()))
        way = names[int(self.rng.choice(len(names), p=shares / shares.sum()))]
        notes = fen // _NOTE * _NOTE if way in ("cash", "courier") else 0
        if notes:
            self._leave(gang, incident, at, holder, notes, way, depth)
            at, way = at + 30_000, "merchant"
        if fen - notes:
            way = "merchant" if way in ("cash", "courier") else way
            self._leave(gang, incident, at, holder, fen - notes, way, depth)

    def _leave(
        self, gang: Gang, incident: int, at: int, holder: int, fen: int, way: str, depth: int
    ) -> None:
        doors = {
            "cash": self.firms.machines,
            "courier": self.firms.counters,
            "merchant": self.firms.tills,
            "wallet": gang.wallets,
            "platform": self.firms.platforms,
        }[way]
        payee = int(doors[int(self.rng.integers(len(doors)))])
        self.rows.append((holder, payee, fen, at, incident, ROLE[HOPS[depth]], _WAYS[way]))

    def _stay(self, depth: int) -> int:
        median, spread = self.settings.layers[depth].stay_minutes
        return int(lognormal(self.rng, 1, median, spread, 0.3, 900)[0] * MINUTE)

    def _moment(self) -> int:
        return int(self.rng.integers(4_000, 90_000))

    def write(self) -> None:
        """All hops, by channel."""
        by_channel = defaultdict(list)
        for row in self.rows:
            by_channel[row[6]].append(row)
        for channel in sorted(by_channel):
            payer, payee, fen, at, incident, role = (
                np.array([row[place] for row in by_channel[channel]], np.int64)
                for place in range(6)
            )
            self.money.pay(
                payer, payee, fen, at, channel, self.rng, refused=0.0, incident=incident, role=role
            )


def parts_of(fen: int, count: int, rng: np.random.Generator) -> list[int]:
    """`fen` in up to `count` parts, all but one in whole yuan, that add up to it."""
    count = max(1, min(count, fen // 100))
    cuts = np.sort(rng.dirichlet(np.full(count, 4.0)).cumsum()[:-1])
    whole = np.unique(np.concatenate([[0], (cuts * fen).astype(np.int64) // 100 * 100, [fen]]))
    return [int(part) for part in np.diff(whole)]
