"""`fanzha train payments`, `score payments`, `evaluate payments`: cards, in order of time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanzha.errors import Refused

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from fanzha.detection.payment.table import Table

__all__ = ["evaluate", "score", "train"]

_KIND = "payments"
_FDH = (
    "id=TRANSACTION_ID,time=TX_DATETIME,customer=CUSTOMER_ID,terminal=TERMINAL_ID,"
    "amount=TX_AMOUNT,label=TX_FRAUD"
)
_DAY = 86_400.0

Payments = Annotated[str, typer.Option(help="付款 payments: Parquet, JSONL, CSV; - = stdin")]
Columns = Annotated[
    str, typer.Option(help="列名 names of columns, as `time=TX_DATETIME,…`; `fdh` for that set")
]
Model = Annotated[Path, typer.Option(help="模型 model")]
Out = Annotated[str, typer.Option(help="结果 answers: Parquet, JSONL; - = stdout")]
Days = Annotated[
    float, typer.Option(min=0.0, max=365.0, help="结果晚到几天 days outcomes are late")
]


def train(
    payments: Payments,
    model: Model,
    feedback_days: Days = 7.0,
    columns: Columns = "",
    seed: int = 1,
) -> None:
    """学习刷卡付款：须有 label（0、1）。Learn from payments with `label` (0, 1)."""
    from fanzha.detection.model_file import ModelFile, write_model
    from fanzha.detection.payment.model import fit
    from fanzha.detection.payment.table import together
    from fanzha.entrypoints.cli.rows import told
    from fanzha.entrypoints.cli.whole import apart
    from fanzha.entrypoints.training_report import reported

    apart(model, payments)
    table, _, _ = _read(payments, columns)
    line, _ = together(None, table)
    learned = fit(line, feedback_days * _DAY, seed=seed)
    about = {
        "command": "fanzha train payments",
        "seed": seed,
        "feedback_days": feedback_days,
        "payments": int(line.at.size),
        "frauds": int((line.outcome == 1.0).sum()),
        "left_out": sum(one is not None for one in table.error),
    }
    made = ModelFile(_KIND, about, table.arrays(), learned.texts)
    write_model(model, made)
    told(f"{made.version}  ({about['payments']:,} payments, {about['frauds']:,} frauds)")
    reported(model, {"model": made.version, **about, **_later(line, feedback_days, seed)})


def _later(line: Any, days: float, seed: int) -> dict[str, Any]:
    """Figures on the last fifth of the time, of a model of what lies before it and a gap of as long
    as outcomes take: rows drawn at random would know their own future."""
    from fanzha.detection.payment.measured import measured

    cut = line.at[0] + 0.8 * (line.at[-1] - line.at[0])
    sys.stderr.write("度量：按时间留出最后五分之一 · measuring: the last fifth of the time\n")
    try:
        found = measured(line, cut, days * _DAY, days * _DAY, seed=seed, beside=False)
    except Refused as refusal:
        return {"figures": {}, "not_measured": f"{refusal.zh} {refusal.en}"}
    figures = {}
    for name in ("late", "stopped", "never"):
        one = {k.replace("_95", "_ci95"): v for k, v in found.pop(name).items()}
        figures[f"其后 later, outcomes {name}"] = one
    return {"measured": found, "figures": figures}


def score(
    payments: Payments,
    model: Model,
    out: Out = "-",
    feedback_days: Annotated[float | None, typer.Option(min=0.0, max=365.0)] = None,
    reasons_from: Annotated[float, typer.Option(help="从此分起说明理由 reasons from")] = 0.1,
    columns: Columns = "",
) -> None:
    """给刷卡付款评分，只看在它之前的。Score payments, each from what came before it."""
    import numpy as np

    from fanzha.detection.model_file import read_model
    from fanzha.detection.payment.explain import reasons
    from fanzha.detection.payment.model import Model as Learned
    from fanzha.detection.payment.table import of_arrays, together
    from fanzha.entrypoints.cli.rows import Progress, Writer, told
    from fanzha.entrypoints.cli.whole import apart

    apart(out, payments)
    table, ids, lines = _read(payments, columns)
    file = read_model(model, _KIND)
    history = of_arrays(file.arrays)
    days = float(file.about["feedback_days"]) if feedback_days is None else feedback_days
    live = bool((~np.isnan(table.outcome)).any())
    told(f"{file.version}  ({_words(live, days)})")
    line, rows = together(history, table)
    progress = Progress("付款", "payments")
    values = np.full(table.at.size, np.nan)
    why: dict[int, list[dict[str, Any]]] = {}
    if (rows >= 0).any():
        learned = Learned(file.texts, days * _DAY)
        lag = _lag(history, line.at, days, live=live)
        found, features, booster = learned.scores(line, lag, live=live)
        values[rows[rows >= 0]] = found[rows >= 0]
        high = np.flatnonzero((rows >= 0) & (found >= reasons_from))
        for row, given in zip(high, reasons(booster, features, high, found), strict=True):
            why[int(rows[row])] = [
                {"code": r.code, "zh": r.zh, "en": r.en, "part": r.part} for r in given
            ]
    progress.add(table.at.size)
    with Writer(out) as writer:
        writer.write(_answers(table, ids, lines, values, why))
    progress.done()


def evaluate(
    payments: Payments,
    test_from: Annotated[str, typer.Option(help="从此日起度量 measured from this day: 2018-07-01")],
    feedback_days: Days = 7.0,
    gap_days: Annotated[float, typer.Option(min=0.0, help="其前不学的天数 days left out")] = 7.0,
    columns: Columns = "",
    seed: int = 1,
) -> None:
    """在较早的月份学习，在较晚的度量。Learn on earlier months, measure on later ones."""
    import json

    import numpy as np
    import polars as pl

    from fanzha.detection.payment.measured import measured
    from fanzha.detection.payment.table import of_frame, together

    table, _, _ = _read(payments, columns)
    day = of_frame(
        pl.DataFrame({"id": "", "time": test_from, "customer": "", "terminal": "",
                      "amount": 0.0, "label": 0.0})
    ).at[0]  # fmt: skip
    if np.isnan(day):
        raise Refused("day_invalid", zh="日期读不懂", en="not a day", field="--test-from")
    line, _ = together(None, table)
    found = measured(line, day, feedback_days * _DAY, gap_days * _DAY, seed=seed)
    print(json.dumps(found, ensure_ascii=False))


def _words(live: bool, days: float) -> str:
    if live:
        return f"结果晚 {days:g} 天 outcomes {days:g} days late"
    return "无新的结果 no further outcomes"


def _lag(
    history: Table, at: npt.NDArray[np.float64], days: float, *, live: bool
) -> npt.NDArray[np.float64]:
    """How old a payment must be for its outcome to be known, a figure a row, in seconds."""
    import numpy as np

    steady = np.full(at.size, days * _DAY)
    told = history.at[~np.isnan(history.outcome)]
    if live or not told.size:
        return steady
    return np.asarray(np.maximum(steady, at - told.max()))


def _read(path: str, columns: str) -> tuple[Table, pl.Series, list[int]]:
    """The rows with `id` as it came, and the number of its line."""
    import polars as pl

    from fanzha.detection.payment.table import KINDS, of_frame
    from fanzha.entrypoints.cli.rows import read_rows

    names = {name: name for name in KINDS} | _named(columns)
    if len(set(names.values())) < len(names):
        raise Refused("columns_twice", zh="列名重复", en="a column twice", field="--columns")
    wanted = {names[name]: kind for name, kind in KINDS.items()}
    frames, lines, faults = [], [], []
    needed = [(names["time"],), (names["amount"],)]
    for part in read_rows(path, wanted, needed=needed):
        frames.append(part.frame.rename({names[name]: name for name in KINDS}))
        lines += part.lines
        faults += part.faults
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=dict(KINDS))
    table = of_frame(frame)
    ids = frame["id"]
    if faults:
        empty = pl.DataFrame(schema=dict(KINDS)).clear(len(faults))
        table = of_frame(pl.concat([frame, empty]))
        table.error[frame.height :] = [f"{zh} {en}" for _, zh, en in faults]
        ids = ids.extend(empty["id"])
        lines += [number for number, _, _ in faults]
    return table, ids, lines


def _named(columns: str) -> dict[str, str]:
    from fanzha.detection.payment.table import KINDS

    named = {}
    for one in (_FDH if columns == "fdh" else columns).split(","):
        name, equals, column = one.partition("=")
        if one.strip() and (not equals or name.strip() not in KINDS or not column.strip()):
            known = ", ".join(KINDS)
            raise Refused(
                "columns_invalid",
                zh=f"应为 名称=列名，名称为 {known}",
                en=f"wanted name=column with names {known}",
                field="--columns",
            )
        if one.strip():
            named[name.strip()] = column.strip()
    return named


def _answers(
    table: Table,
    ids: pl.Series,
    lines: list[int],
    values: npt.NDArray[np.float64],
    why: dict[int, list[dict[str, Any]]],
) -> pl.DataFrame:
    """One row for each that came, in its order."""
    import numpy as np
    import polars as pl

    reason = {"code": pl.String, "zh": pl.String, "en": pl.String, "part": pl.Float64}
    size = table.at.size
    frame = pl.DataFrame(
        {
            "id": ids,
            "line": lines,
            "score": values,
            "reasons": [why.get(row, []) for row in range(size)],
            "missing": table.missing,
            "error": table.error,
        },
        schema={
            "id": pl.String, "line": pl.Int64, "score": pl.Float64,
            "reasons": pl.List(pl.Struct(reason)), "missing": pl.List(pl.String),
            "error": pl.String,
        },
    )  # fmt: skip
    order = np.argsort(np.array(lines, dtype=np.int64), kind="stable")
    return frame[order].with_columns(pl.col("score").fill_nan(None))
