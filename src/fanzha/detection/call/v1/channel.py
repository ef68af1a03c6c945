"""Scores each phase of a call as it comes: the caller's conduct, then the danger to the callee."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import Array, Bools, Floats, among, instants, keys_of, known, known_all
from fanzha.detection.call.filed import load_filed_numbers
from fanzha.detection.call.numbering import load_numbering
from fanzha.detection.call.v1.columns import CallMeasures, Phases
from fanzha.detection.call.v1.identity import Identity
from fanzha.detection.call.v1.life import (
    act_rows,
    apart,
    codes_among,
    holder_rows,
    line_rows,
    number_rows,
    outlet_rows,
    text_rows,
    visit_rows,
)
from fanzha.detection.call.v1.schema import (
    CALLEE_SCHEMA,
    CALLER_SCHEMA,
    CHECKING_SCHEMA,
    NEEDS,
    OF_CALLEE,
    OF_LINE,
    TEXTED,
)
from fanzha.detection.call.v1.windows import LATE_MS, WINDOWS
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

__all__ = ["CallChannel"]

Told = Mapping[str, Floats]

_RISKY = ("from_abroad", "asserted_differs", "unassigned", "stripped")


class CallChannel:
    """Windows over numbers, pairs of numbers and devices, and the two signal files.

    A finding about a caller comes when the band of its score rises, not with each call.
    """

    def __init__(
        self,
        policies: Path,
        features: MakeFeatures = FeatureSet,
        windows: Sequence[Window] = WINDOWS,
    ) -> None:
        self._caller = load_signals(policies / "call-v1-caller.yaml", CALLER_SCHEMA, needs=NEEDS)
        self._callee = load_signals(
            policies / "call-v1-callee.yaml", CALLEE_SCHEMA, needs=NEEDS, spoken=("caller_why",)
        )
        self._measures = load_measures(policies / "call-v1-measures.yaml", CallMeasures)
        self._checking = load_signals(policies / "call-v1-checking.yaml", CHECKING_SCHEMA)
        self._identity = Identity(
            load_numbering(policies / "call-v1-numbering.yaml"),
            load_filed_numbers(policies / "filed-numbers.yaml"),
        )
        self._features = features(windows)
        self._standing = Standing()

    def read(self, batch: pl.DataFrame, texted: Floats) -> Reading:
        """Score a batch of calls. `texted` says how suspected each caller is for texts it sent."""
        late = self._late()
        frame = self._with_features(batch)
        callers = self._caller.score(frame)
        scores = [pl.Series("caller_score", callers.score), pl.Series("texted_score", texted)]
        frame = callers.frame.hstack(scores)
        callees = self._callee.score(frame)
        checking = self._checking.score(frame)
        found = [*self._callers_found(callers)]
        found += [(row, _about_asker(checking, row)) for row in checking.over.tolist()]
        found += [(row, self._about_callee(callers, callees, row)) for row in callees.over.tolist()]
        findings = tuple(sorted(found, key=_in_order))
        return Reading("call", callees.frame, findings, self._late() - late)

    def read_lines(self, batch: pl.DataFrame) -> None:
        """Take in the life of lines: when a number was activated, and what was opened beside it."""
        outlet = self._features.update("outlet", outlet_rows(batch))["outlet_opened_24h"]
        holder = self._features.update("card_holder", holder_rows(batch))["holder_cards_180d"]
        self._features.update("number", line_rows(batch, outlet, holder))

    def read_texts(self, batch: pl.DataFrame) -> dict[str, pl.Series]:
        """Take in texts as signs of life; what is known of each recipient, codes among it."""
        code = codes_among(batch)
        parts = [
            self._read_texts(batch[begin:end], code[begin:end])
            for begin, end in apart(batch, code, LATE_MS)
        ]
        columns = parts[0] if len(parts) == 1 else pl.concat(parts)
        return {"code": pl.Series("code", code), **{c.name: c for c in columns}}

    def _read_texts(self, batch: pl.DataFrame, code: Bools) -> pl.DataFrame:
        """A stretch of texts that may be taken together."""
        strange = np.zeros(batch.height, np.bool_)
        if code.any():
            keys, at = keys_of(batch, "recipient_key")[code], instants(batch)[code]
            strange[code] = self._line(keys, at)["call_strange"].to_numpy()
        told = self._features.update("number", text_rows(batch, code, code & strange))
        columns = [known(name, told[name][1::2]) for name in TEXTED]
        return pl.DataFrame([pl.Series("call_strange", strange), *columns])

    def read_visits(self, batch: pl.DataFrame) -> None:
        """Take in addresses asked for, as signs of life."""
        self._features.update("number", visit_rows(batch))

    def read_acts(self, batch: pl.DataFrame, lines: npt.NDArray[np.uint64]) -> dict[str, pl.Series]:
        """Take in acts on phones: signs of life, and call forwarding switched on. Tells of each
        owner's line what `on_line` does, as it stands after the act."""
        told = self._features.update("number", act_rows(batch, lines))
        return self._of_line(lines, {name: values[1::2] for name, values in told.items()})

    def on_line(
        self, keys: npt.NDArray[np.uint64], at: npt.NDArray[np.int64]
    ) -> dict[str, pl.Series]:
        """For numbers at instants: are they talking, is it a stranger who called them, and what
        had they to do with callers from abroad and with codes before?"""
        return self._line(keys, at)

    def _line(self, keys: npt.NDArray[np.uint64], at: npt.NDArray[np.int64]
              ) -> dict[str, pl.Series]:  # fmt: skip
        return self._of_line(keys, self._features.update("number", number_rows(keys, at)))

    def _of_line(
        self, keys: npt.NDArray[np.uint64], told: dict[str, npt.NDArray[np.float64]]
    ) -> dict[str, pl.Series]:
        on = _talking(told, self._measures.stale_s) & (keys != 0)
        return {
            "call_on": pl.Series("call_on", on),
            "call_strange": pl.Series("call_strange", on & (told["strange_last"] > 0)),
            **{name: known(name, told[name]) for name in OF_LINE},
        }

    def use_rules(self, watches: Mapping[str, Watcher]) -> None:
        """Let these rules weigh beside the signal files, until others do."""
        self._caller = self._caller.watched(watches.get("call_caller"))
        self._callee = self._callee.watched(watches.get("call_callee"))

    @property
    def refused(self) -> int:
        """Rows whose key had no room in a window."""
        return sum(c.refused for c in self._features.counters().values())

    def _late(self) -> int:
        return self._features.counters()["caller"].late

    def _with_features(self, batch: pl.DataFrame) -> pl.DataFrame:
        calls = Phases.of(batch, self._measures)
        pair = self._features.update("pair", calls.pairs())
        starts, ends = pair["pair_starts"], pair["pair_ends"]
        counted = calls.start | (calls.end & (starts < ends))
        # Strangers are those whose every contact lies within the last day: who rang twice this
        # morning is no acquaintance yet.
        strange = (starts <= pair["pair_starts_24h"]) & (ends <= pair["pair_ends_24h"])
        mutual = (pair["pair_low_24h"] > 0) & (pair["pair_high_24h"] > 0)
        identity = self._identity.of(batch)
        risky = np.logical_or.reduce([among(identity, name, True) for name in _RISKY])
        rows = calls.numbers(
            counted, strange, mutual, risky, among(identity, "callee_abroad", True)
        )
        lines = self._features.update("number", rows)
        mine = {name: values[0::2] for name, values in lines.items()}
        silent_s = np.fmin(mine["used_since_s"], mine["activated_s"])
        mine |= self._features.update("caller", calls.callers(counted, strange, silent_s))
        placed = [
            self._week(calls, counted, strange, mine["quiet_since_s"]),
            self._doors(calls, counted, strange),
            self._places(calls, counted, strange, mine["path3"]),
        ]
        return batch.hstack(
            [
                *_series({**pair, **mine}, cells_24h=calls.cell != 0),
                *_conduct(mine),
                *(column for columns in placed for column in columns),
                *known_all({f"callee_{name}": lines[name][1::2] for name in OF_CALLEE}),
                pl.Series("strange", strange),
                pl.Series("mutual", mutual),
                pl.Series("counted", counted),
                pl.Series("gateway_device", _gateways(batch, self._measures.gateway_tacs)),
                *identity.get_columns(),
            ]
        )

    def _week(self, calls: Phases, counted: Bools, strange: Bools, quiet_s: Floats
              ) -> list[pl.Series]:  # fmt: skip
        """How the number spreads its calls over a week; `cap_cv`: how alike its days are."""
        today = self._features.update("caller_day", calls.days(counted))
        rows = calls.weeks(counted, strange, today["calls_today"], quiet_s)
        week = self._features.update("caller_week", rows)
        days = np.maximum(week["days_7d"], 1.0)
        mean = week["calls_7d"] / days
        spread = np.sqrt(np.maximum(week["squares_7d"] / days - mean**2, 0.0))
        return [*_series({**today, **week}), known("cap_cv", spread / np.maximum(mean, 1e-9))]

    def _doors(self, calls: Phases, counted: Bools, strange: Bools) -> list[pl.Series]:
        """What comes in by the same trunk, and from the numbers next to the caller's."""
        trunk = self._features.update("trunk", calls.trunks(counted, strange))
        rows = calls.runs(counted)
        turns = self._features.update("run_callee", rows)
        rotated = counted & (turns["line_changes_24h"] >= 1)
        run = self._features.update("run", {**rows, "rotated": rotated})
        return _series({**trunk, **turns, **run})

    def _places(self, calls: Phases, counted: Bools, strange: Bools, path: Floats
                ) -> list[pl.Series]:  # fmt: skip
        """What was done with the caller's device and card, under its cell, and on its way there."""
        rows = calls.devices()
        device = self._features.update("device", rows)
        card = self._features.update("card", rows)
        under = self._features.update("cell", calls.cells(counted, strange))
        cell = {name: values[0::2] for name, values in under.items()}
        turns = self._features.update(
            "cell_turn", calls.turns(cell["cell_ended_s"], cell["cell_last"])
        )
        ways = self._features.update("path", calls.paths(counted, path))
        return _series({**device, **card, **cell, **turns, **ways})

    def _callers_found(self, scored: Scored) -> Iterator[tuple[int, Finding]]:
        """A finding where the band of a number's score rises. A withheld number is nobody's."""
        keys, at = keys_of(scored.frame, "caller_key"), instants(scored.frame)
        bands = self._caller.bands_of(scored.score)
        for row in scored.over.tolist():
            key = int(keys[row])
            if key and self._standing.rises(key, int(bands[row]), int(at[row])):
                yield row, about(
                    scored, row, stream="call", role=Role.SUSPECT, kind=SubjectKind.NUMBER,
                    subject=scored.frame["caller"][row],
                )  # fmt: skip

    def _about_callee(self, callers: Scored, callees: Scored, row: int) -> Finding:
        caller, callee = callees.frame["caller"][row], callees.frame["callee"][row]
        return about(
            callees,
            row,
            stream="call",
            role=Role.AT_RISK,
            kind=SubjectKind.NUMBER,
            subject=callee,
            related=(Related(SubjectKind.NUMBER, caller, Role.SUSPECT),),
            words={"caller_why": clause(callers.reasons(row))},
            scam_type=callers.scam_type(row),
        )

    def snapshot(self) -> dict[str, Array]:
        windows = prefixed("windows", self._features.snapshot())
        return {"standing": self._standing.snapshot(), **windows}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._standing.restore(state["standing"])
        self._features.restore(part("windows", state))


def _about_asker(scored: Scored, row: int) -> Finding:
    """About somebody who was called from abroad and now asks others, or calls back."""
    return about(
        scored, row, stream="call", role=Role.AT_RISK, kind=SubjectKind.NUMBER,
        subject=scored.frame["caller"][row],
    )  # fmt: skip


def _in_order(item: tuple[int, Finding]) -> tuple[int, bool]:
    """Rows ascending; on one row the caller's finding first, so that the callee's builds on it."""
    row, finding = item
    return row, finding.role is Role.AT_RISK


def _conduct(mine: Told) -> list[pl.Series]:
    """The moments of talk length made into mean and spread."""
    talks = np.maximum(mine["talks_24h"], 1.0)
    mean = mine["talk_sum_24h"] / talks
    spread = np.sqrt(np.maximum(mine["talk_sq_24h"] / talks - mean**2, 0.0))
    return [
        known("talk_mean_s", mean),
        known("talk_std_s", spread),
        known("talk_cv", spread / np.maximum(mean, 1e-9)),
    ]


def _series(told: Told, **masks: Bools) -> list[pl.Series]:
    """Every feature told, as columns; null where a mask says that it cannot be known."""
    return known_all(
        {
            name: np.where(masks[name], values, np.nan) if name in masks else values
            for name, values in told.items()
            if values.dtype != np.bool_
        }
    )


def _gateways(frame: pl.DataFrame, tacs: tuple[int, ...]) -> pl.Series:
    """Whether the calling device's type is one of gateways and modems; null where it is not
    told."""
    if "caller_imei" not in frame.columns:
        return pl.repeat(None, frame.height, dtype=pl.Boolean, eager=True)
    known_types = [f"{tac:08d}" for tac in tacs]
    return frame.select(pl.col("caller_imei").str.slice(0, 8).is_in(known_types)).to_series()


def _talking(told: Mapping[str, Floats], stale_s: int) -> npt.NDArray[np.bool_]:
    """Picked up more lately than hung up, and not too long ago."""
    picked, hung = told["picked_up_since_s"], told["hung_down_since_s"]
    return np.isfinite(picked) & (picked < stale_s) & ~(hung <= picked)
