"""Ranks cards and accounts for re-verification: a pure function of records and other findings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from fanzha.detection.arrays import each_once
from fanzha.detection.card.accounts import of_accounts
from fanzha.detection.card.limits import Limits
from fanzha.detection.card.lines import of_lines
from fanzha.detection.card.use import of_calls, of_findings, of_texts
from fanzha.detection.finding import Reason
from fanzha.detection.measures import load_measures
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import SignalSet

__all__ = ["Cards", "Ranked", "Records"]

_WHEN = pl.Datetime("ms", "UTC")
_CARD: dict[str, pl.DataType | type[pl.DataType]] = {
    "number": pl.String, "product": pl.String, "holder": pl.String, "outlet": pl.String,
    "iccid": pl.String, "opened_at": _WHEN, "said_at": _WHEN, "closed": pl.Boolean,
    "swaps": pl.UInt32, "operator": pl.String, "holder_is_person": pl.Boolean,
    "holder_rank": pl.Int64, "limit": pl.Int64, "batch_cards": pl.Int64,
    "batch_holders": pl.Int64, "batch_cards_own": pl.Int64, "batch_run": pl.Int64,
    "calls_out": pl.Int64, "callees": pl.Int64, "first_call_at": _WHEN, "last_call_at": _WHEN,
    "handset_cards": pl.Int64, "imeis": pl.Int64, "risky_cell_share": pl.Float64,
    "silent_days": pl.Float64, "woken_calls": pl.Int64, "woken_callees": pl.Int64,
    "texts_out": pl.Int64, "recipients": pl.Int64, "found_score": pl.Float64,
    "found_by": pl.String, "texts_suspected": pl.Int64, "filed": pl.Boolean,
    "life_days": pl.Float64, "silent_limit": pl.Int64,
}  # fmt: skip
_ACCOUNT: dict[str, pl.DataType | type[pl.DataType]] = {
    "account": pl.String, "holder": pl.String, "class": pl.String, "outlet": pl.String,
    "opened_at": _WHEN, "closed": pl.Boolean, "class1_rank": pl.Int64, "debit_rank": pl.Int64,
    "batch_accounts": pl.Int64, "batch_holders": pl.Int64, "class1_limit": pl.Int64,
    "debit_limit": pl.Int64, "device_holders": pl.Int64, "card": pl.String,
    "card_score": pl.Float64,
}  # fmt: skip
_NEEDS = {
    "holder_rank": ("holder", "iccid"), "holder_is_person": ("holder",),
    "batch_cards": ("outlet",), "batch_holders": ("outlet", "holder"), "batch_run": ("outlet",),
    "batch_cards_own": ("outlet", "holder"), "product": ("product",),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Records:
    """Admitted records as frames (`fanzha.detection.arrays.frame_of`); None where the centre has
    none. `findings` has `subject` (normal form), `detector`, `score`. An event that came twice
    counts once."""

    lines: pl.DataFrame
    calls: pl.DataFrame | None = None
    texts: pl.DataFrame | None = None
    accounts: pl.DataFrame | None = None
    subjects: pl.DataFrame | None = None
    findings: pl.DataFrame | None = None

    def once(self) -> Records:
        """The same with each event once, whatever the order of the rows."""
        lines, calls, texts, accounts, subjects = (
            None if frame is None else each_once(frame)
            for frame in (self.lines, self.calls, self.texts, self.accounts, self.subjects)
        )
        assert lines is not None
        return replace(
            self, lines=lines, calls=calls, texts=texts, accounts=accounts, subjects=subjects
        )


@dataclass(frozen=True, slots=True)
class Ranked:
    """One card or account. `due_hours` is how long its holder has to be verified; None below the
    threshold, where nothing is asked of anybody."""

    kind: str
    """`card` or `account`."""
    subject: str
    product: str | None
    score: float
    due_hours: int | None
    reasons: tuple[Reason, ...]
    missing: tuple[str, ...]

    @property
    def todo(self) -> tuple[str, str]:
        """What to do, in Chinese and English."""
        if self.due_hours is None:
            return "无需处理", "nothing to do"
        hours = self.due_hours
        if self.kind == "account":
            return (
                f"{hours} 小时内由开户机构重新核实身份（反诈法第十六、二十二条）；"
                "未通过再限制，并告知理由与申诉渠道",
                f"the holding institution verifies identity again within {hours} h (ATNFL 16, 22); "
                "limit only on failure, with reason and remedy told",
            )
        return (
            f"{hours} 小时内由运营商重新实名核验（反诈法第十一、十二条）；"
            "未核验或未通过再限制，并告知理由与申诉渠道",
            f"the carrier verifies the holder again within {hours} h (ATNFL 11, 12); "
            "limit only on failure or no answer, with reason and remedy told",
        )


@dataclass(frozen=True, eq=False)
class Cards:
    """The policies: limits, and the signals of cards and accounts."""

    limits: Limits
    cards: SignalSet
    accounts: SignalSet

    @classmethod
    def load(cls, folder: Path) -> Cards:
        """Read `card-v1*.yaml` of a policies folder; raises `Misconfigured`."""
        return cls(
            load_measures(folder / "card-v1-limits.yaml", Limits),
            load_signals(folder / "card-v1.yaml", _CARD, needs=_NEEDS),
            load_signals(folder / "card-v1-account.yaml", _ACCOUNT),
        )

    def rank(
        self, records: Records, *, filed: pl.Expr | None = None, risky_cells: Collection[str] = ()
    ) -> list[Ranked]:
        """Every card and account, the most urgent first; equal scores by subject.

        `filed` says of the column `number` which numbers an institution has filed.
        """
        records = records.once()
        frame = self._cards(records, filed, risky_cells)
        scored = self.cards.score(frame)
        over = set(scored.over.tolist())
        answers = [
            Ranked(
                "card",
                scored.row(i)["number"],
                scored.row(i)["product"],
                float(scored.score[i]),
                self.limits.reverify_hours if i in over else None,
                scored.reasons(i),
                scored.missing(i),
            )
            for i in range(frame.height)
        ]
        if records.accounts is not None:
            risky = frame.select("number", "holder").with_columns(pl.Series("score", scored.score))
            at_risk = risky.filter(pl.col("score") >= self.cards.threshold)
            answers += self._accounts(records.accounts, records.subjects, at_risk)
        return sorted(answers, key=lambda one: (-one.score, one.kind, one.subject))

    def _cards(
        self, records: Records, filed: pl.Expr | None, risky_cells: Collection[str]
    ) -> pl.DataFrame:
        frame = of_lines(records.lines, self.limits)
        for part in (
            None
            if records.calls is None
            else of_calls(records.calls, frame, risky_cells, self.limits),
            None if records.texts is None else of_texts(records.texts),
            None if records.findings is None else of_findings(records.findings),
        ):
            if part is not None:
                frame = frame.join(part, on="number", how="left", maintain_order="left")
        frame = frame.with_columns(
            (pl.lit(value=False) if filed is None else filed).alias("filed"),
            pl.lit(self.limits.silent_days, dtype=pl.Int64).alias("silent_limit"),
        )
        if "last_call_at" in frame.columns:
            life = (pl.col("last_call_at") - pl.col("opened_at")).dt.total_milliseconds()
            frame = frame.with_columns((life / 86_400_000).alias("life_days"))
        return frame

    def _accounts(
        self, accounts: pl.DataFrame, subjects: pl.DataFrame | None, cards: pl.DataFrame
    ) -> list[Ranked]:
        frame = of_accounts(accounts, subjects, cards, self.limits)
        scored = self.accounts.score(frame)
        over = set(scored.over.tolist())
        return [
            Ranked(
                "account",
                scored.row(i)["account"],
                scored.row(i)["class"],
                float(scored.score[i]),
                self.limits.reverify_hours if i in over else None,
                scored.reasons(i),
                scored.missing(i),
            )
            for i in range(frame.height)
        ]
