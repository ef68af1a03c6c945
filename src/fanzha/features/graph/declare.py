"""A graph as it is declared: its windows, its caps, and which patterns are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from fanzha.errors import Misconfigured
from fanzha.features.declare import span_ms
from fanzha.features.graph.store import FEN_BOUND, ROWS_BOUND, Terms

__all__ = ["FEN_BOUND", "GraphWindow", "Pattern"]

_LONGEST = 400 * 86_400_000


class Pattern(StrEnum):
    """What is looked for beyond counts of each account and pair."""

    THROUGH = "through"
    GATHER_SCATTER = "gather_scatter"
    SCATTER_GATHER = "scatter_gather"
    CYCLE = "cycle"


@dataclass(frozen=True)
class GraphWindow:
    """Graph features of the transfers in one or two windows.

    `windows` are the spans of the counts, the shorter first; `over` is that of the patterns, the
    longest of `windows` unless said. `residence`: money that left later than this did not pass
    through. `cap`: newest edges an account keeps each way, a power of two. `scatter_steps`,
    `cycle_steps`: edges that the search for a source and for a cycle may look at; coming to an
    account counts as four. `cycle_max`: transfers of the longest cycle. `keys_max`: accounts.
    `edges_max`: slots for edges; each edge stands with its payer and with its payee. `forget`: an
    account silent for longer makes room; never shorter than the longest span.

    Raises Misconfigured where these do not fit together.
    """

    name: str
    windows: tuple[str, ...] = ("24h", "7d")
    patterns: Sequence[Pattern] = tuple(Pattern)
    over: str | None = None
    residence: str = "48h"
    lateness: str = "5m"
    forget: str | None = None
    cap: int = 256
    scatter_steps: int = 2048
    cycle_max: int = 6
    cycle_steps: int = 4096
    keys_max: int = 4_000_000
    edges_max: int = 64_000_000
    terms: Terms = field(init=False)

    def __post_init__(self) -> None:
        spans = [span_ms(text, self.name) for text in self.windows]
        if not 1 <= len(spans) <= 2 or sorted(set(spans)) != spans:
            raise _bad(self.name, "one or two windows are told, the shorter first")
        over = span_ms(self.over, self.name) if self.over else spans[-1]
        far = max(over, spans[-1])
        forget = span_ms(self.forget, self.name) if self.forget else far
        lateness = span_ms(self.lateness, self.name)
        residence = span_ms(self.residence, self.name)
        if forget < far:
            raise _bad(self.name, "forget must not be shorter than the longest span")
        if lateness > spans[0] or max(forget, residence) > _LONGEST:
            raise _bad(self.name, "lateness must not exceed a window, nor a span 400 days")
        if not 2 <= self.cap <= 1024 or self.cap & (self.cap - 1):
            raise _bad(self.name, "cap must be a power of two from 2 to 1024")
        if not 2 <= self.cycle_max <= 6:
            raise _bad(self.name, "cycle_max must be 2 to 6")
        if not all(2 <= steps <= 65_536 for steps in (self.scatter_steps, self.cycle_steps)):
            raise _bad(self.name, "scatter_steps and cycle_steps must be 2 to 65,536")
        if not 1 <= self.keys_max < ROWS_BOUND or not 2 <= self.edges_max <= 2**36:
            raise _bad(self.name, "keys_max must be below 2^28, edges_max 2 to 2^36")
        on = [int(p in self.patterns) for p in Pattern]
        terms = Terms(
            near=spans[0],
            far=spans[-1],
            windows=len(spans),
            over=over,
            longest=far,
            residence=residence,
            lateness=lateness,
            forget=forget,
            cap=self.cap,
            sizes=self.cap.bit_length() - 1,
            scatter_steps=self.scatter_steps,
            hops_max=self.cycle_max,
            cycle_steps=self.cycle_steps,
            rows_max=self.keys_max,
            row_bits=self.keys_max.bit_length(),
            slots_max=self.edges_max,
            through=on[0],
            gather=on[1],
            scatter=on[2],
            cycle=on[3],
            outputs=16 * len(spans) + 2 * on[0] + sum(on[1:]),
        )
        object.__setattr__(self, "terms", terms)

    @property
    def steps_bound(self) -> int:
        """Most edges looked at or moved for one transfer, whatever the stream."""
        t = self.terms
        kept = 8 * t.cap + 2
        sides = 4 * (t.cap + 1)
        through = 4 * t.cap * t.through
        gather = 3 * t.cap * t.gather
        scatter = (2 * t.cap + t.scatter_steps) * t.scatter
        return kept + sides + through + gather + scatter + t.cycle_steps * t.cycle


def _bad(name: str, en: str) -> Misconfigured:
    return Misconfigured("graph_unfit", zh=f"图特征 {name} 定义有误：{en}", en=en, field=name)
