"""Options and small things that the commands on texts share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanzha.errors import Refused

if TYPE_CHECKING:
    import polars as pl

    from fanzha.detection.text.cascade.answer import Answers, Cascade
    from fanzha.detection.text.cascade.policy import Allowance

__all__ = [
    "BATCH",
    "CHANNELS",
    "FOUND",
    "NEEDED",
    "NOTHING_SAID",
    "TALK",
    "TEXTS",
    "Fraud",
    "In",
    "Ins",
    "Model",
    "Out",
    "Prior",
    "as_json",
    "columns",
    "load_cascade",
    "named_types",
    "say",
    "say_rate",
    "strange_channel",
    "texts_of",
]

BATCH = 4_000
NEEDED = (("text", "turns"),)
TEXTS = ("text",)
"""Columns of which a file must have one, and that hold texts only."""
FOUND = 0.5
"""Score from which a text is named a type."""
TALK = ("chat", "transcript", "call")
"""Channels whose texts are turns; all others are messages."""
CHANNELS = ("sms", "mms", "rcs", "message", "email", "post", "短信", "彩信", "邮件", *TALK)
"""All that `channel` may say."""
NOTHING_SAID = "没有可读的文字 nothing to read: no letter, digit or character"

In = Annotated[str, typer.Option("--in", help="JSONL, CSV, Parquet; - = stdin")]
Ins = Annotated[list[str], typer.Option("--in", help="可多次 repeatable; JSONL, CSV, Parquet; -")]
Out = Annotated[str, typer.Option("--out", help="JSONL, Parquet; - = stdout")]
Model = Annotated[Path | None, typer.Option(help="自训模型 model of your own")]
Prior = Annotated[
    float | None, typer.Option(help="假定的诈骗占比 share of fraud to suppose, between 0 and 1")
]
Fraud = Annotated[
    list[str] | None, typer.Option("--fraud", help="这些标签是诈骗 labels that say fraud")
]


def load_cascade(model: Path | None, prior: float | None) -> Cascade:
    """The cascade of `model`, or the one that ships, supposing that `prior` of texts are fraud."""
    from dataclasses import replace

    from fanzha.detection.text.cascade.answer import Cascade
    from fanzha.detection.text.cascade.model import TextModel
    from fanzha.settings import load

    if prior is not None and not 0 < prior < 1:
        raise Refused(
            "prior_out_of_range", zh="占比须在 0 与 1 之间", en="must lie between 0 and 1",
            field="prior",
        )  # fmt: skip
    read = TextModel.load(model)
    return Cascade.load(
        load().policies, read if prior is None else replace(read, prior=(prior, prior))
    )


def columns() -> dict[str, Any]:
    """What is read of a row of texts."""
    import polars as pl

    from fanzha.entrypoints.cli.rows import ID

    return {"id": ID, "text": pl.String, "channel": pl.String, "turns": ID}


def texts_of(frame: pl.DataFrame) -> pl.DataFrame:
    """`text` from the text or the turns of a row, and `talk`: a chat or a call."""
    import polars as pl

    from fanzha.entrypoints.cli.texts.turns import spoken

    turns = [spoken(raw) for raw in frame["turns"]]
    joined = ["\n".join(said for _, said in one) if one is not None else None for one in turns]
    several = [one is not None and len(one) > 1 for one in turns]
    return frame.with_columns(
        text=pl.coalesce("text", pl.Series(joined, dtype=pl.String)),
        talk=pl.col("channel").str.to_lowercase().is_in(TALK).fill_null(value=False)
        | (pl.col("text").is_null() & pl.Series(several, dtype=pl.Boolean)),
    )


def strange_channel(frame: pl.DataFrame) -> pl.Series:
    """What is wrong with `channel`, in words; null where nothing is, or none is given."""
    import polars as pl

    known = ", ".join(CHANNELS)
    said = f"channel 无法识别，可为 unknown channel; known are {known}"
    given = pl.col("channel").str.strip_chars().str.to_lowercase()
    found = pl.when(given.is_in(["", *CHANNELS]).fill_null(value=True)).then(None)
    return frame.select(found.otherwise(pl.lit(said)).alias("channel"))["channel"]


def named_types(answers: Answers) -> list[str | None]:
    """The user's class where the model has classes; else the scam type of texts found."""
    import numpy as np

    if answers.cascade.model.classes:
        return answers.classes
    out: list[str | None] = [None] * answers.score.size
    rows = np.flatnonzero(answers.score >= FOUND)
    for row, kind in zip(rows.tolist(), answers.scam_types(rows), strict=True):
        out[row] = kind
    return out


def say(zh: str, en: str) -> None:
    """On standard error, in both languages."""
    import sys

    sys.stderr.write(f"{zh}  {en}\n")
    sys.stderr.flush()


def say_rate(allowance: Allowance) -> None:
    """How many texts the sentence encoder read."""
    seen = max(allowance.seen, 1)
    part = f"{allowance.asked:,}/{allowance.seen:,} ({allowance.asked / seen:.2%})"
    share = f"{allowance.share:.0%}"
    say(
        f"第一级愿请第二级（句子编码器）复读 {allowance.wanted:,} 条，复读了 {part}；"
        f"上限为 {share} 或 {allowance.first:,} 条，取大者",
        f"the first stage would have {allowance.wanted:,} read by the second (sentence encoder), "
        f"which read {part}; the limit is {share} or {allowance.first:,}, whichever is more",
    )


def as_json(found: Any) -> str:
    """Readable JSON."""
    import json

    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"
