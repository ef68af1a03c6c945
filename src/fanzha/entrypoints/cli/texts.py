"""`fanzha classify text`, `train text`, `evaluate text`: messages, chats and calls in files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanzha.errors import Refused

if TYPE_CHECKING:
    import polars as pl

    from fanzha.detection.text.cascade.answer import Answers, Cascade
    from fanzha.detection.text.cascade.policy import Allowance
    from fanzha.entrypoints.cli.rows import Part

__all__ = ["classify", "evaluate", "train"]

_BATCH = 4_000
_TALK = ("chat", "transcript", "call")
_NO_TEXT = "缺少 text（或 turns），须为文本 no text (or turns), which is text"

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


def classify(source: In, out: Out = "-", model: Model = None, prior: Prior = None) -> None:
    """判别文本（id, text，可有 channel、turns）。Judge texts (`id`, `text`; `channel`, `turns`)."""
    from fanzha.entrypoints.cli.rows import Progress, Writer, read_rows, told

    cascade = _cascade(model, prior)
    allowance = cascade.policy.in_batch()
    told(cascade.model.version)
    progress = Progress("文本", "texts")
    with Writer(out) as writer:
        for part in read_rows(source, _columns()):
            for rows in _answered(cascade, part, allowance):
                writer.write(rows)
                progress.add(rows.height)
    progress.done()
    _say_rate(allowance)


def train(
    source: Ins, model: Annotated[Path, typer.Option(help="写到 where to write")],
    fraud: Fraud = None,
) -> None:  # fmt: skip
    """用自己的数据训练（text, label，可有 source、channel）。Train on texts with labels."""
    import sys
    from dataclasses import replace

    import numpy as np

    from fanzha.detection.model_file import write_model
    from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
    from fanzha.detection.text.cascade import train as training
    from fanzha.detection.text.cascade.labels import read_labels
    from fanzha.detection.text.cascade.samples import own
    from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser
    from fanzha.entrypoints.cli.rows import told
    from fanzha.settings import load

    policies = load().policies
    rows, left = _labelled(source)
    labels = read_labels(
        rows["label"].to_list(), load_taxonomy(policies / TAXONOMY_FILE), fraud or ()
    )
    if labels.assumed:
        _say(f"视为诈骗的标签：{labels.assumed}", f"labels taken for fraud: {list(labels.assumed)}")
    place = {name: k for k, name in enumerate(labels.classes)}
    texts = own(
        rows["text"].to_list(),
        np.array([labels.fraud[one] for one in rows["label"]]),
        np.array([place.get(one, -1) for one in rows["label"]], dtype=np.int64),
        rows["source"].to_list(),
        rows["talk"].to_numpy(),
        Normaliser.load(policies / "text" / VARIANTS_FILE),
    )
    _say(
        f"{rows.height:,} 行，去重后 {len(texts):,}",
        f"{rows.height:,} rows, {len(texts):,} distinct",
    )
    doubts = _doubts(rows, labels.fraud, policies)
    class_fraud = np.array([labels.fraud[name] for name in labels.classes], dtype=bool)
    made = training.train(texts, labels.classes, class_fraud, policies, tell=_say)
    about = {
        **made.about, "command": "fanzha train text", "files_sha256": _digests(source),
        "rows": rows.height, "left_out": left, "label_doubts": doubts,
        "labels": {name: bool(said) for name, said in labels.fraud.items()},
    }  # fmt: skip
    file = replace(made, about=about).to_file()
    write_model(model, file)
    beside = model.with_name(model.name + ".report.json")
    beside.write_text(_json(about), encoding="utf-8")
    told(f"{file.version}  ({len(texts):,} texts, {left:,} rows left out)")
    kept = about["report"]["kept_back"]
    sys.stderr.write(_json(kept) + f"报告 report: {beside}\n")


def evaluate(source: Ins, model: Model = None, fraud: Fraud = None, prior: Prior = None) -> None:
    """度量（text, label）。Precision, recall, F1, AUC, confusion by type, with intervals."""
    import numpy as np

    from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
    from fanzha.detection.text.cascade.figures import class_figures, fraud_figures
    from fanzha.detection.text.cascade.labels import read_labels
    from fanzha.entrypoints.cli.rows import Progress, told
    from fanzha.settings import load

    cascade = _cascade(model, prior)
    told(cascade.model.version)
    rows, left = _labelled(source)
    taxonomy = load_taxonomy(load().policies / TAXONOMY_FILE)
    labels = read_labels(rows["label"].to_list(), taxonomy, fraud or ())
    allowance = cascade.policy.in_batch()
    progress = Progress("文本", "texts")
    scores, said = [], []
    for first in range(0, rows.height, _BATCH):
        part = rows[first : first + _BATCH]
        answers = cascade.read(part["text"].to_list(), part["talk"].to_numpy(), allowance)
        scores.append(answers.score)
        said += _types(answers)
        progress.add(part.height)
    progress.done()
    score = np.concatenate(scores)
    truth = np.array([labels.fraud[one] for one in rows["label"]])
    found = {
        "model": cascade.model.version, "left_out": left,
        "second_stage": {"asked": allowance.asked, "of": allowance.seen},
        "labels": {name: bool(one) for name, one in labels.fraud.items()},
        "fraud": fraud_figures(score, truth),
        "sources": {
            name: fraud_figures(score[of], truth[of])
            for name in rows["source"].unique().sort().to_list()
            if (of := (rows["source"] == name).to_numpy()).sum() >= 30
        },
        "types": class_figures([one or "—" for one in said], rows["label"].to_list()),
    }  # fmt: skip
    print(_json(found), end="")


def _cascade(model: Path | None, prior: float | None) -> Cascade:
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


def _columns() -> dict[str, Any]:
    import polars as pl

    from fanzha.entrypoints.cli.rows import ID

    return {"id": ID, "text": pl.String, "channel": pl.String, "turns": pl.List(pl.String)}


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    """`text` from the text or the turns of a row, and `talk`: a chat or a call."""
    import polars as pl

    turns = pl.col("turns").list.eval(pl.element().drop_nulls()).list.join("\n")
    return frame.with_columns(
        text=pl.coalesce("text", turns),
        talk=pl.col("channel").str.to_lowercase().is_in(_TALK).fill_null(value=False)
        | (pl.col("text").is_null() & (pl.col("turns").list.len() > 1)).fill_null(value=False),
    )


def _answered(cascade: Cascade, part: Part, allowance: Allowance) -> Iterator[pl.DataFrame]:
    """Answers row by row, those to faulty rows where these stand in the file."""
    import polars as pl

    lines = pl.Series("line", part.lines, dtype=pl.Int64)
    faults = pl.DataFrame(
        [
            {"line": line, "error": f"第 {line} 行{zh} line {line}: {en}"}
            for line, zh, en in part.faults
        ],
        schema={"line": pl.Int64, "error": pl.String},
    )
    frame = _texts(part.frame).with_columns(lines, error=pl.lit(None, pl.String))
    whole = pl.concat([frame, faults], how="diagonal").sort("line")
    for first in range(0, whole.height, _BATCH):
        rows = whole[first : first + _BATCH]
        texts = rows["text"].fill_null("").to_list()
        answers = cascade.read(texts, rows["talk"].fill_null(value=False).to_numpy(), allowance)
        yield _told_rows(cascade, answers, rows)


def _told_rows(cascade: Cascade, answers: Answers, rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    read = rows["text"].is_not_null()
    said = [
        [{"code": r.code, "zh": r.zh, "en": r.en, "part": r.part} for r in answers.reasons(k)]
        if answers.score[k] >= cascade.policy.reasons_from else []
        for k in range(rows.height)
    ]  # fmt: skip
    kind = pl.Struct({"code": pl.String, "zh": pl.String, "en": pl.String, "part": pl.Float64})
    error = pl.when(pl.col("error").is_null() & ~read).then(pl.lit(_NO_TEXT)).otherwise("error")
    return rows.with_columns(
        pl.Series("scam_type", _types(answers), dtype=pl.String),
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


def _types(answers: Answers) -> list[str | None]:
    """The user's class where the model has classes; else the scam type of texts found."""
    import numpy as np

    if answers.cascade.model.classes:
        return answers.classes
    out: list[str | None] = [None] * answers.score.size
    rows = np.flatnonzero(answers.score >= 0.5)
    for row, kind in zip(rows.tolist(), answers.scam_types(rows), strict=True):
        out[row] = kind
    return out


def _labelled(paths: list[str]) -> tuple[pl.DataFrame, int]:
    """Texts with `label`, `source` and `talk`, and how many rows lacked a text or a label."""
    import json

    import polars as pl

    from fanzha.entrypoints.cli.rows import ID, Progress, read_rows

    progress = Progress("读取", "read")
    parts, left = [], 0
    for path in paths:
        columns = {**_columns(), "label": ID, "source": pl.String}
        name = "stdin" if path == "-" else Path(path).name.split(".")[0]
        for part in read_rows(path, columns):
            labels = [None if v is None else json.loads(v) for v in part.frame["label"]]
            said = [v if isinstance(v, str | None) else json.dumps(v) for v in labels]
            frame = _texts(part.frame).select(
                "text", pl.Series("label", said, dtype=pl.String),
                pl.col("source").fill_null(name), "talk",
            )  # fmt: skip
            parts.append(frame.drop_nulls(["text", "label"]))
            left += frame.height - parts[-1].height + len(part.faults)
            progress.add(frame.height)
    progress.done()
    rows = pl.concat(parts) if parts else pl.DataFrame()
    if not rows.height:
        raise Refused(
            "no_labelled_rows",
            zh="没有带标签的文本",
            en="no row has a text and a label",
            field="label",
        )
    return rows, left


def _doubts(rows: pl.DataFrame, fraud: dict[str, bool], policies: Path) -> dict[str, Any]:
    """Sources whose labels tell nothing of their texts, with figures; said loudly."""
    from dataclasses import asdict

    import numpy as np

    from fanzha.detection.text.cascade.doubts import doubt
    from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser

    normaliser = Normaliser.load(policies / "text" / VARIANTS_FILE)
    found: dict[str, Any] = {}
    for name in rows["source"].unique().sort().to_list():
        of = rows.filter(source=name)
        said = doubt(
            of["text"].to_list(), np.array([fraud[one] for one in of["label"]]), normaliser
        )
        if said is None or not said.no_better_than_chance:
            continue
        found[name] = {**asdict(said), "shift": said.shift}
        _say(
            f"警告：{name} 的标签与文本无关（AUC {said.as_they_stand:.2f}），请先核对",
            f"WARNING: labels of {name} tell nothing of their texts: check them first",
        )
        if said.shift:
            where = ("上", "before") if said.shift < 0 else ("下", "after")
            best = max(said.of_row_before, said.of_row_after)
            _say(
                f"警告：像是错了一行：{where[0]}一行的标签才相符（AUC {best:.2f}）",
                f"WARNING: they seem off by one: the label of the row {where[1]} fits",
            )
    return found


def _digests(paths: list[str]) -> dict[str, str]:
    import hashlib

    return {
        Path(path).name: hashlib.sha256(Path(path).read_bytes()).hexdigest()
        for path in paths
        if path != "-"
    }


def _say(zh: str, en: str) -> None:
    import sys

    sys.stderr.write(f"{zh}  {en}\n")
    sys.stderr.flush()


def _say_rate(allowance: Allowance) -> None:
    seen = max(allowance.seen, 1)
    part = f"{allowance.asked:,}/{allowance.seen:,} ({allowance.asked / seen:.2%})"
    _say(
        f"第二级读了 {part}",
        f"second stage read {part}, asked for {allowance.wanted:,}",
    )


def _json(found: Any) -> str:
    import json

    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"
