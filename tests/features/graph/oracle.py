"""An independent oracle: the features of a stream of transfers, from their definitions, slowly."""

from __future__ import annotations

import math
from typing import NamedTuple

from fanzha.features.declare import span_ms
from fanzha.features.graph.declare import GraphWindow

AT_BOUND = 2**43 - 1


class Edge(NamedTuple):
    at: int
    payer: int
    payee: int
    fen: int


Row = dict[str, float]


def features(edges: list[tuple[int, int, int, int, bool]], w: GraphWindow) -> list[Row]:
    """One row a transfer: (at, payer, payee, fen, counted) in arrival order."""
    lateness = span_ms(w.lateness, "")
    held: list[Edge] = []
    watermark = -(2**62)
    told = []
    for when, payer, payee, fen, counted in edges:
        at = max(-AT_BOUND, min(when, AT_BOUND))
        watermark = max(watermark, at)
        late = at < watermark - lateness
        if counted and not late and payer and payee and payer != payee:
            held.append(Edge(at, payer, payee, max(fen, 0)))
        told.append({"late": late, **_row(max(at, watermark - lateness), payer, payee, held, w)})
    return told


def _row(at: int, payer: int, payee: int, held: list[Edge], w: GraphWindow) -> Row:
    row: Row = {}
    pair = math.nan if not (payer and payee) else 0.0
    for span in w.windows:
        shown = [e for e in held if at - span_ms(span, "") < e.at <= at]
        for who, account in (("payer", payer), ("payee", payee)):
            null = 0.0 if account else math.nan
            out = [e for e in shown if e.payer == account]
            came = [e for e in shown if e.payee == account]
            row[f"{who}_out_n_{span}"] = len(out) + null
            row[f"{who}_out_fen_{span}"] = sum(e.fen for e in out) + null
            row[f"{who}_fan_out_{span}"] = len({e.payee for e in out}) + null
            row[f"{who}_in_n_{span}"] = len(came) + null
            row[f"{who}_in_fen_{span}"] = sum(e.fen for e in came) + null
            row[f"{who}_fan_in_{span}"] = len({e.payer for e in came}) + null
        to = [e for e in shown if (e.payer, e.payee) == (payer, payee)]
        back = [e for e in shown if (e.payer, e.payee) == (payee, payer)]
        row[f"pair_n_{span}"] = len(to) + pair
        row[f"pair_fen_{span}"] = sum(e.fen for e in to) + pair
        row[f"back_n_{span}"] = len(back) + pair
        row[f"back_fen_{span}"] = sum(e.fen for e in back) + pair
    shown = [e for e in held if at - span_ms(w.over or w.windows[-1], "") < e.at <= at]
    row["through_share"], row["residence_s"] = _through(payer, shown, span_ms(w.residence, ""))
    row["gather_scatter"] = _gather(payer, shown) + (0.0 if payer else math.nan)
    row["scatter_gather"] = _scatter(payer, payee, shown) + pair
    row["cycle_length"] = _cycle(payer, payee, at, shown, w.cycle_max) + pair
    return row


def _through(payer: int, shown: list[Edge], residence: int) -> tuple[float, float]:
    moves = [(e.at, e.payer == payer, e.fen) for e in shown if payer in (e.payer, e.payee)]
    lots: list[list[int]] = []
    came = gone = 0
    stayed = 0.0
    # At one instant, what comes in stands before what goes out.
    for at, leaves, fen in sorted(moves, key=lambda move: move[:2]):
        if not leaves:
            lots.append([at, fen])
            came += fen
            continue
        lots = [lot for lot in lots if at - lot[0] <= residence]
        for lot in lots:
            part = min(lot[1], fen)
            lot[1] -= part
            fen -= part
            gone += part
            stayed += float(part) * float(at - lot[0])
    share = gone / came if came and payer else math.nan
    return share, stayed / gone / 1000 if gone and payer else math.nan


def _gather(payer: int, shown: list[Edge]) -> int:
    most = 0
    for split in {e.at for e in shown}:
        payers = {e.payer for e in shown if e.payee == payer and e.at <= split}
        payees = {e.payee for e in shown if e.payer == payer and e.at >= split}
        most = max(most, min(len(payers), len(payees)))
    return most


def _scatter(mid: int, sink: int, shown: list[Edge]) -> int:
    if mid == sink:
        return 0
    most = 0
    for source in {e.payer for e in shown if e.payee == mid} - {sink}:
        paid: dict[int, int] = {}
        for e in shown:
            if e.payer == source:
                paid[e.payee] = min(e.at, paid.get(e.payee, e.at))
        middles = {
            e.payer for e in shown if e.payee == sink and paid.get(e.payer, math.inf) <= e.at
        }
        most = max(most, len(middles))
    return most


def _cycle(payer: int, payee: int, at: int, shown: list[Edge], longest: int) -> int:
    """Breadth first over (account, instant of the last hop), which misses no path."""
    if payer == payee:
        return 0
    states = {(payee, -math.inf)}
    for length in range(2, longest + 1):
        states = {
            (e.payee, e.at) for e in shown for account, since in states
            if e.payer == account and since <= e.at <= at
        }  # fmt: skip
        if any(account == payer for account, _ in states):
            return length
    return 0
