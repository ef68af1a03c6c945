"""Dens where cards and phones call for scammers: gateways, SIM boxes, modem pools, phone pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from fanzha.city.behaviour import Behaviour
from fanzha.city.behaviour import Den as Settings
from fanzha.city.rhythm import HOUR, MINUTE, Ints, Span, lognormal
from fanzha.city.world import MOBILE, World

Style = Literal["goip", "sim_box", "modem_pool", "phone_bridge"]
STYLES: tuple[Style, ...] = ("goip", "sim_box", "modem_pool", "phone_bridge")
CARD_ROLE = {
    "goip": "goip_card",
    "sim_box": "simbox_card",
    "modem_pool": "modem_card",
    "phone_bridge": "pair_phone",
}
DEVICE_ROLE = {
    "goip": "goip_device",
    "sim_box": "simbox_device",
    "modem_pool": "modem_device",
    "phone_bridge": "pair_device",
}
_MOVE = 75 * MINUTE
"""How long a box that moves says it is in one cell."""


def _none() -> Ints:
    return np.empty(0, np.int64)


@dataclass(slots=True)
class Den:
    """One den: `cards` are lines, `devices` how many sets, `cells` where they are served.

    Sessions (`card`, `device`, `begun`, `calls`) tell which card ran in which set from when on,
    sorted by card and time.
    """

    style: Style
    settings: Settings
    cards: Ints
    devices: int
    sets: Ints = field(default_factory=_none)
    cells: Ints = field(default_factory=_none)
    card: Ints = field(default_factory=_none)
    device: Ints = field(default_factory=_none)
    begun: Ints = field(default_factory=_none)
    calls: Ints = field(default_factory=_none)

    @property
    def callers(self) -> Ints:
        """Lines that call people: none of a modem pool, the outer phone of a pair."""
        if self.style == "modem_pool":
            return self.cards[:0]
        return self.cards[1::2] if self.style == "phone_bridge" else self.cards

    def plan(self, rng: np.random.Generator, span: Span) -> None:
        """Draw the spells: a card works for an hour or so, rests, comes back in another set."""
        callers = np.flatnonzero(np.isin(self.cards, self.callers))
        mornings = span.mornings()
        median, spread = self.settings.spells
        count = np.round(lognormal(rng, len(callers) * len(mornings), median, spread, 0, 4))
        times = count.astype(np.int64)
        owner = np.repeat(np.tile(callers, len(mornings)), times)
        day = np.repeat(np.repeat(mornings, len(callers)), times)
        begun = day + (HOUR * (9 + 9.5 * rng.random(len(owner)))).astype(np.int64)
        order = np.lexsort((begun, owner))
        self.card, self.begun = owner[order], begun[order]
        # Two phones stay what they are; in a box a card comes back in another slot.
        turns = self.style != "phone_bridge"
        self.device = rng.integers(len(self.sets), size=len(order)) if turns else self.card.copy()
        low, high = self.settings.calls_a_spell
        self.calls = rng.integers(low, high + 1, size=len(order))

    def set_at(self, card: Ints, at: Ints, rng: np.random.Generator) -> Ints:
        """The set each card (its place in `cards`) is in at an instant."""
        if self.style == "phone_bridge":
            return self.sets[card]
        key = self.card * (1 << 44) + self.begun
        fallback = rng.integers(len(self.sets), size=len(card))
        if not len(key):
            return self.sets[fallback]
        place = np.searchsorted(key, card * (1 << 44) + at, side="right") - 1
        known = (place >= 0) & (self.card[np.maximum(place, 0)] == card)
        return self.sets[np.where(known, self.device[np.maximum(place, 0)], fallback)]

    def cell_at(self, at: Ints, rng: np.random.Generator) -> Ints:
        """Where it is served: one of its cells, or, if it moves, all of it in the next of them."""
        if self.settings.moves:
            return self.cells[at // _MOVE % len(self.cells)]
        return self.cells[rng.integers(len(self.cells), size=len(at))]


@dataclass(slots=True)
class Dens:
    """All dens of the city."""

    each: list[Den]
    _den_of: Ints = field(default_factory=_none)
    _place_of: Ints = field(default_factory=_none)

    def __iter__(self) -> Iterator[Den]:
        return iter(self.each)

    @property
    def cards(self) -> Ints:
        return np.concatenate([den.cards for den in self.each])

    @property
    def callers(self) -> Ints:
        return np.concatenate([den.callers for den in self.each])

    @property
    def devices(self) -> int:
        return sum(den.devices for den in self.each)

    def of(self, style: Style) -> list[Den]:
        return [den for den in self.each if den.style == style]

    def move_in(self, world: World, spare_sets: Ints) -> None:
        """Give every den its sets and cells, once the city is numbered."""
        rng = world.rng("dens")
        self._den_of = np.full(world.lines.groups.count, -1)
        self._place_of = np.full(world.lines.groups.count, -1)
        first = 0
        for number, den in enumerate(self.each):
            den.sets = spare_sets[first : first + den.devices]
            first += den.devices
            den.cells = rng.choice(len(world.cells), size=den.settings.cells, replace=False)
            self._den_of[den.cards] = number
            self._place_of[den.cards] = np.arange(len(den.cards))

    def served(self, line: Ints, at: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Set and cell of each line at an instant; −1 where it is no card of a den."""
        sets, cells = np.full(len(line), -1), np.full(len(line), -1)
        numbers = self._den_of[line]
        for number in np.unique(numbers[numbers >= 0]).tolist():
            mine = np.flatnonzero(numbers == number)
            den = self.each[number]
            sets[mine] = den.set_at(self._place_of[line[mine]], at[mine], rng)
            cells[mine] = den.cell_at(at[mine], rng)
        return sets, cells


def rent(world: World, residents: int, behaviour: Behaviour) -> Dens:
    """Ask for cards of every style, before the city is numbered."""
    dens = []
    for style in STYLES:
        settings = behaviour.dens[style]
        cards = max(settings.least_cards, residents // settings.residents_per_card)
        count = max(1, cards // settings.cards_per_den)
        each = cards // count if style != "phone_bridge" else 2
        for _ in range(count):
            devices = max(2, each // settings.cards_per_device)
            dens.append(Den(style, settings, world.lines.add(MOBILE, each), devices))
    return Dens(dens)
