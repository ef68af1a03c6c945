"""Scores each transfer as it comes: the conduct of both accounts, then the danger to the payer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from fanzha.detection.account.v1.columns import (
    AccountMeasures,
    account_rows,
    activity_rows,
    asked_rows,
    counted,
    device_holder_rows,
    device_keys,
    device_rows,
    held_rows,
    holding_rows,
    met_rows,
    movement_rows,
    near_rows,
    paid_rows,
    refusal_rows,
    rise_rows,
    swapped,
)
from fanzha.detection.account.v1.graph import GRAPH_SCHEMA, TransferGraph
from fanzha.detection.account.v1.orders import (
    ip_rows,
    load_order_words,
    name_rows,
    outlet_rows,
    own_device_rows,
)
from fanzha.detection.account.v1.schema import FEATURES, HOLDER, NEEDS, OF_ORDER, PAYER
from fanzha.detection.account.v1.windows import WINDOWS
from fanzha.detection.arrays import (
    Array,
    Bools,
    Floats,
    floats,
    instants,
    keys_of,
    known,
    known_all,
)
from fanzha.detection.finding import Finding, Related, Role, SubjectKind
from fanzha.detection.found import about, clause
from fanzha.detection.measures import load_measures
from fanzha.detection.reading import Reading
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import Scored, Watcher
from fanzha.detection.standing import Standing
from fanzha.detection.state import part, prefixed
from fanzha.features.declare import Window
from fanzha.features.live import FeatureSet, MakeFeatures

Told = Mapping[str, Floats]

__all__ = ["HOLDER_SCHEMA", "PAYER_SCHEMA", "AccountChannel"]

_FOUND_BEFORE = ("此前已被识别", "found so before")
_DIRECTIONS = ("out", "in")
HOLDER_SCHEMA: Mapping[str, type[pl.DataType]] = {**HOLDER, **GRAPH_SCHEMA}
PAYER_SCHEMA = PAYER


class AccountChannel:
    """Windows over accounts, pairs of accounts and devices, and the two signal files.

    A finding about an account comes when the band of its score rises, not with each movement.
    """

    def __init__(
        self,
        policies: Path,
        features: MakeFeatures = FeatureSet,
        windows: Sequence[Window] = WINDOWS,
    ) -> None:
        self._holder = load_signals(policies / "account-v1-holder.yaml", HOLDER_SCHEMA, needs=NEEDS)
        self._payer = load_signals(
            policies / "account-v1-payer.yaml", PAYER_SCHEMA, needs=NEEDS, spoken=("payee_why",)
        )
        self._measures = load_measures(policies / "account-v1-measures.yaml", AccountMeasures)
        self._words = load_order_words(policies / "account-v1-orders.yaml")
        self._features = features(windows)
        self._graph = TransferGraph()
        self._standing = Standing()

    def read(self, batch: pl.DataFrame, on_line: Mapping[str, pl.Series]) -> Reading:
        """Score a batch of transfers. `on_line` says whether each payer is in a call, and with
        whom."""
        late = self._late()
        moved = counted(batch)
        new, strange, order = self._order(batch, moved)
        sides = self._sides(batch, moved, new, strange, order)
        holders = self._holder.score(sides)
        found, suspected = self._holders_found(batch, holders)
        frame = self._payers(batch, sides, suspected, new, strange).hstack([*on_line.values()])
        payers = self._payer.score(frame)
        found += [(row, self._about_payer(holders, payers, row)) for row in payers.over.tolist()]
        findings = tuple(sorted(found, key=_in_order))
        return Reading("transfer", payers.frame, findings, self._late() - late)

    def read_accounts(self, batch: pl.DataFrame) -> Reading:
        """Take in the life of accounts: openings, payees added, devices used."""
        self._features.update("account", account_rows(batch))
        outlet = self._features.update("outlet", outlet_rows(batch))["outlet_opened_24h"]
        holder = self._features.update("holding", holding_rows(batch))
        self._features.update("held", held_rows(batch, holder, outlet))
        self._features.update("ip", ip_rows(batch, "account_key"))
        devices = device_keys(batch)
        self._features.update("device", device_rows(batch, devices, "account_key"))
        self._features.update("device_holder", device_holder_rows(batch, devices))
        self._features.update("own_device", own_device_rows(batch, devices, "account_key"))
        return Reading("account", batch)

    def _order(self, batch: pl.DataFrame, moved: Bools) -> tuple[Bools, Bools, Told]:
        """Never paid before in this direction; never in touch before in either; and what is told
        of the order: one value a transfer."""
        paid = self._features.update("paid", paid_rows(batch, moved))
        met = self._features.update("met", met_rows(batch, moved))["met_since_s"]
        told = {**paid, **self._features.update("ip", ip_rows(batch))}
        # Also where no row has a name or device: windows are moved on by rows without a key too.
        told |= self._features.update("payee_name", name_rows(batch, moved))
        devices = device_keys(batch)
        told |= self._features.update("device", device_rows(batch, devices))
        told |= self._features.update("device_holder", device_holder_rows(batch, devices))
        told |= self._features.update("own_device", own_device_rows(batch, devices))
        order = {name: told[name] for name in OF_ORDER}
        return np.isnan(paid["paid_since_s"]), np.isnan(met), order

    def use_rules(self, watches: Mapping[str, Watcher]) -> None:
        """Let these rules weigh beside the signal files, until others do."""
        self._holder = self._holder.watched(watches.get("transfer_holder"))
        self._payer = self._payer.watched(watches.get("transfer_payer"))

    @property
    def refused(self) -> int:
        """Rows whose key had no room in a window."""
        windows = sum(c.refused for c in self._features.counters().values())
        return windows + self._graph.counters().refused

    def _late(self) -> int:
        return self._features.counters()["paid"].late

    def _sides(
        self, batch: pl.DataFrame, moved: Bools, new: Bools, strange: Bools, order: Told
    ) -> pl.DataFrame:
        """Two rows a transfer with its account's windows: first all payers, then all payees."""
        idle = self._features.update("activity", activity_rows(batch, moved))["active_since_s"]
        rows = movement_rows(batch, moved, new, strange, idle, self._measures, self._words)
        told = self._features.update("account", rows)
        rises = self._features.update("rise", rise_rows(rows, told["new_max_before_fen"]))
        told = {**told, **rises, **self._company(batch, moved), "idle_before_s": idle}
        apart = known_all({name: _apart(v) for name, v in told.items() if v.dtype != np.bool_})
        twofold = batch.select("event_id", "source", "at", "amount_fen")
        payer_kind, payee_kind = batch["payer_kind"], batch["payee_kind"]
        sides = pl.concat([twofold, twofold]).hstack(
            [
                *apart,
                *_of_order(order),
                *self._graph.sides(batch, moved),
                pl.Series("direction", _DIRECTIONS).gather(np.repeat([0, 1], batch.height)),
                pl.concat([payer_kind, payee_kind]).alias("holder_kind"),
                pl.concat([payee_kind, payer_kind]).alias("counterpart_kind"),
                pl.Series("counterpart_new", np.concatenate([new, new])),
                pl.concat([batch["payer"], batch["payee"]]).alias("holder"),
                pl.concat([batch["payer_key"], batch["payee_key"]]).alias("holder_key"),
                pl.repeat(value=True, n=2 * batch.height, eager=True).alias("holder_sides"),
            ]
        )
        if "channel" in batch.columns:
            sides = sides.hstack([pl.concat([batch["channel"]] * 2)])
        balances = [f"{side}_balance_fen" for side in ("payer", "payee")]
        if set(balances) <= set(batch.columns):
            held = pl.concat([batch[name].alias("balance_fen") for name in balances])
            sides = sides.hstack([held])
        return sides

    def _company(self, batch: pl.DataFrame, moved: Bools) -> dict[str, Array]:
        """Whose the accounts are, and how near they stand to accounts that are stopped: so seen
        where payments of several payers to an account were refused or returned."""
        told = dict(self._features.update("held", asked_rows(batch)))
        told |= self._features.update("refusal", refusal_rows(batch))
        refused = told["refused_payers_30d"]
        stopped = refused >= self._measures.stopped_payers
        near = self._features.update("near", near_rows(batch, moved, stopped))
        told["peer_refused_payers_30d"] = swapped(refused)
        told["peer_near_stopped_30d"] = swapped(near["near_stopped_30d"])
        return {**told, **near}

    def _payers(
        self, batch: pl.DataFrame, sides: pl.DataFrame, scores: Floats, new: Bools, strange: Bools
    ) -> pl.DataFrame:
        """One row a transfer: the payer's windows, both scores, how much of the balance left."""
        amount = floats(batch, "amount_fen")
        before = floats(batch, "payer_balance_fen", np.nan) + amount
        return batch.hstack(
            [
                *sides[: batch.height].select(*FEATURES, "device_new").get_columns(),
                known("left_share", amount / np.maximum(before, 1.0)),
                pl.Series("payee_new", new),
                pl.Series("payee_strange", strange),
                pl.Series("at_night", self._measures.at_night(instants(batch))),
                pl.Series("payer_score", scores[: batch.height]),
                pl.Series("payee_score", scores[batch.height :]),
            ]
        )

    def _holders_found(
        self, batch: pl.DataFrame, scored: Scored
    ) -> tuple[list[tuple[int, Finding]], Floats]:
        """A finding where the band of an account's score rises; and how suspected each side is,
        by this movement or by what was told of the account before."""
        keys = np.concatenate([keys_of(batch, "payer_key"), keys_of(batch, "payee_key")]).tolist()
        at, n = instants(batch).tolist(), batch.height
        bands = self._holder.bands_of(scored.score).tolist()
        over, suspected = set(scored.over.tolist()), scored.score.copy()
        at_stake = {keys[side] for side in over}
        sides = [s for s, key in enumerate(keys) if key in at_stake or key in self._standing]
        found = []
        for side in sorted(sides, key=lambda side: (side % n, side)):
            row, key = side % n, keys[side]
            if side in over and key and self._standing.rises(key, bands[side], at[row]):
                found.append((row, self._about_holder(batch, scored, side)))
            level = self._standing.level(key, at[row])
            if level:
                suspected[side] = max(suspected[side], self._holder.bands[level - 1])
        return found, suspected

    def _about_holder(self, batch: pl.DataFrame, scored: Scored, side: int) -> Finding:
        paid, row = divmod(side, batch.height)
        return about(
            scored, side, stream="transfer", role=Role.SUSPECT, kind=SubjectKind.ACCOUNT,
            subject=batch["payee" if paid else "payer"][row], amount_fen=batch["amount_fen"][row],
        )  # fmt: skip

    def _about_payer(self, holders: Scored, payers: Scored, row: int) -> Finding:
        payer, payee, amount = (
            payers.frame[column][row] for column in ("payer", "payee", "amount_fen")
        )
        return about(
            payers,
            row,
            stream="transfer",
            role=Role.AT_RISK,
            kind=SubjectKind.ACCOUNT,
            subject=payer,
            related=(Related(SubjectKind.ACCOUNT, payee, Role.SUSPECT),),
            words={"payee_why": self._why_payee(holders, payers.frame.height + row)},
            amount_fen=amount,
        )

    def _why_payee(self, holders: Scored, side: int) -> tuple[str, str]:
        reasons = holders.reasons(side) if holders.score[side] >= self._holder.threshold else ()
        return clause(reasons) if reasons else _FOUND_BEFORE

    def snapshot(self) -> dict[str, Array]:
        windows = prefixed("windows", self._features.snapshot())
        graph = prefixed("graph", self._graph.snapshot())
        return {"standing": self._standing.snapshot(), **windows, **graph}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._standing.restore(state["standing"])
        self._features.restore(part("windows", state))
        self._graph.restore(part("graph", state))


def _of_order(order: Told) -> list[pl.Series]:
    """What is told of an order, on both of its sides; and whether its device is new: all uses of
    it lie within a day, while the account was used from others."""
    uses = order["own_device_180d"]
    new = (uses <= order["own_device_24h"]) & (order["any_device_180d"] > uses)
    told = known_all({name: np.concatenate([v, v]) for name, v in order.items()})
    on_device = pl.Series(np.concatenate([uses, uses]), nan_to_null=True).is_not_null()
    device_new = pl.Series("device_new", np.concatenate([new, new]))
    return [*told, device_new.set(~on_device, None)]


def _apart(interleaved: Floats) -> Floats:
    """Payers' values, then payees'."""
    return np.concatenate([interleaved[0::2], interleaved[1::2]])


def _in_order(item: tuple[int, Finding]) -> tuple[int, bool]:
    """Rows ascending; on one row the account's finding first, so that the payer's builds on it."""
    row, finding = item
    return row, finding.role is Role.AT_RISK
