"""`fanzha classify text`: each row of a file is answered in its place."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fanzha.entrypoints.cli.texts.options import (
    BATCH,
    NEEDED,
    NOTHING_SAID,
    TEXTS,
    In,
    Model,
    Out,
    Prior,
    columns,
    load_cascade,
    named_types,
    say_rate,
    strange_channel,
    texts_of,
)
from fanzha.errors import Refused

if TYPE_CHECKING:
    import polars as pl

    from fanzha.detection.text.cascade.answer import Answers, Cascade
    from fanzha.detection.text.cascade.policy import Allowance
    from fanzha.entrypoints.cli.texts.campaigns import Gathering

__all__ = ["classify"]

_CUT = (
    "前 1 MiB 没有可读的文字，其后未读 nothing to read in the first MiB; what comes after "
    "was not read"
)
_NO_TEXT = "缺少 text（或 turns），须为文本 no text (or turns), which is text"
Turns = Annotated[
    bool,
    typer.Option("--turns", help="逐句评分：turns 为列表 score turn by turn: `turns` lists them"),
]
Campaigns = Annotated[
    Path | None,
    typer.Option(
        help="另写近似内容的批次 also write clusters of nearly the same texts to this file"
    ),
]


def classify(
    source: In, out: Out = "-", model: Model = None, prior: Prior = None, turns: Turns = False,
    campaigns: Campaigns = None,
) -> None:  # fmt: skip
    """判别文本（id, text，可有 channel、turns）。Judge texts (`id`, `text`; `channel`, `turns`).

    --campaigns 另需 time、sender、recipient（可缺） also reads `time`, `sender`, `recipient`.
    """
    from fanzha.entrypoints.cli.rows import (
        Progress,
        Writer,
        at_line,
        begun,
        in_place,
        read_rows,
        told,
    )
    from fanzha.entrypoints.cli.texts.campaigns import COLUMNS, Gathering
    from fanzha.entrypoints.cli.texts.turns import answer_turns
    from fanzha.entrypoints.cli.whole import apart

    if turns and campaigns:
        raise Refused(
            "turns_have_no_campaigns",
            zh="--turns 与 --campaigns 不能同用：批次按整条文本归并，请分两次运行",
            en="--turns and --campaigns do not go together: clusters are of whole texts; run twice",
            field="campaigns",
        )
    apart(out, source)
    apart(campaigns, source, out, there=False)
    wanted = columns() | (COLUMNS if campaigns else {})
    parts = begun(read_rows(source, wanted, needed=NEEDED, texts=TEXTS))
    cascade = load_cascade(model, prior)
    allowance = cascade.policy.in_batch()
    told(cascade.model.version)
    progress = Progress("文本", "texts")
    with ExitStack() as stack:
        writer = stack.enter_context(Writer(out))
        clusters = stack.enter_context(Writer(str(campaigns))) if campaigns else None
        gathering = Gathering(cascade) if campaigns else None
        for part in parts:
            whole = in_place(part)
            for first in range(0, whole.height, BATCH):
                rows = whole[first : first + BATCH]
                if turns:
                    told_rows = answer_turns(cascade, rows, allowance)
                else:
                    told_rows = _answer(cascade, rows, allowance, gathering)
                writer.write(told_rows.with_columns(at_line(told_rows, rows["line"])))
                progress.add(rows.height)
        if clusters is not None and gathering is not None:
            clusters.write(gathering.told())
    progress.done()
    say_rate(allowance)


def _answer(
    cascade: Cascade, rows: pl.DataFrame, allowance: Allowance, gathering: Gathering | None
) -> pl.DataFrame:
    rows = texts_of(rows)
    answers = cascade.read(
        rows["text"].fill_null("").to_list(), rows["talk"].fill_null(value=False).to_numpy(),
        allowance,
    )  # fmt: skip
    types = named_types(answers)
    out = _told_rows(cascade, answers, types, rows)
    if gathering is None:
        return out
    return out.insert_column(-1, gathering.add(answers, types, rows))


def _told_rows(
    cascade: Cascade, answers: Answers, types: list[str | None], rows: pl.DataFrame
) -> pl.DataFrame:
    import polars as pl

    from fanzha.detection.text.cascade.veiled import REASONS as VEILS
    from fanzha.detection.text.v1.normal import LONGEST

    there = rows["text"].is_not_null()
    empty = there & (pl.Series(answers.first.length) == 0)
    strange = strange_channel(rows)
    read = there & ~empty & strange.is_null()
    said = [
        [{"code": r.code, "zh": r.zh, "en": r.en, "part": r.part} for r in answers.reasons(k)]
        if read[k] and answers.score[k] >= cascade.policy.reasons_from else []
        for k in range(rows.height)
    ]  # fmt: skip
    for k, code in answers.veiled.items():
        if read[k] and not answers.sure[k]:
            r = VEILS[code]
            said[k] = [*said[k], {"code": r.code, "zh": r.zh, "en": r.en, "part": r.part}]
    kind = pl.Struct({"code": pl.String, "zh": pl.String, "en": pl.String, "part": pl.Float64})
    error = pl.coalesce(
        "error",
        pl.when(~there).then(pl.lit(_NO_TEXT)),
        strange,
        pl.when(empty & (rows["text"].str.len_bytes() > LONGEST)).then(pl.lit(_CUT)),
        pl.when(empty).then(pl.lit(NOTHING_SAID)),
    )
    return rows.with_columns(
        pl.Series("scam_type", types, dtype=pl.String),
        pl.Series("class", answers.classes, dtype=pl.String),
        pl.Series("score", answers.score),
        pl.Series("sure", answers.sure),
        pl.Series("reasons", said, dtype=pl.List(kind)),
        error.alias("error"),
    ).select(
        "id",
        *(
            pl.when(read).then(name).otherwise(None).alias(name)
            for name in ("scam_type", "class", "score", "sure", "reasons")
        ),
        "error",
    )
