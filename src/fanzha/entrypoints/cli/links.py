"""`fanzha classify link`, `train link`, `evaluate link`: addresses and names in files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanzha.errors import Refused

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from fanzha.detection.link.ranking.answers import LinkAnswers

__all__ = ["ORDINARY_WORDS", "SCAM_WORDS", "classify", "evaluate", "train"]

SCAM_WORDS = frozenset(
    {"1", "1.0", "true", "yes", "scam", "fraud", "phishing", "phish", "malicious", "bad", "诈骗",
     "欺诈", "钓鱼", "恶意"}
)  # fmt: skip
"""Labels of a scam, whatever their case."""
ORDINARY_WORDS = frozenset(
    {"0", "0.0", "false", "no", "ordinary", "benign", "legitimate", "legit", "good", "safe",
     "normal", "ham", "正常", "良性", "合法"}
)  # fmt: skip
_BATCH = 20_000

In = Annotated[str, typer.Option("--in", help="JSONL, CSV, Parquet; - = stdin")]
Ins = Annotated[list[str], typer.Option("--in", help="可多次 repeatable; JSONL, CSV, Parquet; -")]
Out = Annotated[str, typer.Option("--out", help="JSONL, Parquet; - = stdout")]
Model = Annotated[Path | None, typer.Option(help="自训模型 model of your own")]


def classify(source: In, out: Out = "-", model: Model = None) -> None:
    """判别网址（id, url）。Judge addresses or names (`id`, `url`); nothing is fetched."""
    import polars as pl

    from fanzha.entrypoints.cli.rows import (
        ID,
        Progress,
        Writer,
        at_line,
        begun,
        in_place,
        read_rows,
        told,
    )
    from fanzha.entrypoints.cli.whole import apart

    apart(out, source)
    wanted = {"id": ID, "url": pl.String}
    parts = begun(read_rows(source, wanted, needed=[("url",)], texts=("url",)))
    judge = _judge(model)
    told(judge.ranker.version)
    progress = Progress("网址", "links")
    with Writer(out) as writer:
        for part in parts:
            rows = in_place(part)
            for first in range(0, rows.height, _BATCH):
                frame = rows[first : first + _BATCH]
                absent = pl.lit("缺少 url，须为文本 no url, which is text")
                error = pl.when(frame["url"].is_null()).then(absent).otherwise(pl.col("error"))
                answer = judge.answer(frame["url"].fill_null("")).with_columns(error.alias("error"))
                answer = answer.with_columns(pl.coalesce(frame["error"], "error").alias("error"))
                answer = answer.insert_column(0, frame["id"])
                writer.write(answer.with_columns(at_line(answer, frame["line"])))
                progress.add(frame.height)
    progress.done()


def train(
    source: Ins,
    model: Annotated[Path, typer.Option(help="写到 where to write")],
    folds: Annotated[int, typer.Option(min=0, max=10, help="交叉验证折数，0 不做 0: none")] = 5,
) -> None:
    """用自己的数据训练（url, label）。Train on addresses with labels."""
    import hashlib
    import sys

    from fanzha.detection.link.ranking import train as training
    from fanzha.detection.link.ranking.held_back import held_back
    from fanzha.detection.link.v1.tables import load_tables
    from fanzha.detection.model_file import ModelFile, write_model
    from fanzha.entrypoints.cli.rows import Progress, told
    from fanzha.entrypoints.cli.whole import apart
    from fanzha.entrypoints.training_report import reported
    from fanzha.settings import load

    apart(model, *source)
    urls, scam, _, left = _labelled(source)
    tables = load_tables(load().policies / "detection")
    addresses = tables.names.take_apart(urls.to_arrow())

    def say(zh: str, en: str) -> None:
        sys.stderr.write(f"{zh}: {en}\n")

    made = training.train(addresses, scam, tables, say=say)
    files = {
        Path(path).name: hashlib.sha256(Path(path).read_bytes()).hexdigest()
        for path in source
        if path != "-"
    }
    about = {**made.about, "command": "fanzha train link", "files_sha256": files, "left_out": left}
    made = ModelFile(made.kind, about, made.arrays, made.texts)
    write_model(model, made)
    told(f"{made.version}  ({len(urls):,} rows, {left:,} left out)")
    report: dict[str, Any] = {"model": made.version, **about, "figures": {}}
    if folds > 1:
        progress = Progress("交叉验证的部分", "parts of cross-validation", folds)
        try:
            report["figures"], report["measured_on"] = held_back(
                addresses, scam, tables, load().policies / "detection", folds, done=progress.add
            )
        except Refused as refusal:
            report["not_measured"] = f"{refusal.zh} {refusal.en}"
        progress.done()
    reported(model, report)


def evaluate(source: Ins, model: Model = None) -> None:
    """度量（url, label，可有 set）。AUC and recall at fixed false positives, with intervals."""
    import json

    import numpy as np

    from fanzha.detection.link.ranking.measure import ranking
    from fanzha.entrypoints.cli.rows import told

    judge = _judge(model)
    told(judge.ranker.version)
    urls, scam, sets, left = _labelled(source)
    addresses = judge.tables.names.take_apart(urls.to_arrow())
    scores = judge.ranker.score(addresses).score
    shapes = _shapes(judge, addresses, sets)
    found: dict[str, Any] = {}
    for name, rows in shapes.items():
        rows = rows & ~np.isnan(scores)
        figures = ranking(scores[rows], scam[rows])
        if figures is not None:
            found[name] = figures.as_json()
    known = float(judge.ranker.seen(addresses).mean()) if len(addresses) else 0.0
    unread = int(np.isnan(scores).sum())
    about = {"model": judge.ranker.version, "left_out": left, "no_address": unread}
    print(json.dumps({**about, "names_seen_in_training": known, "sets": found}, ensure_ascii=False))


def _shapes(
    judge: LinkAnswers, addresses: Any, sets: pl.Series
) -> dict[str, npt.NDArray[np.bool_]]:
    """Rows of each set and shape: a set is measured against all ordinary rows of its shape."""
    import numpy as np

    from fanzha.detection.link.ranking.columns import path_keys

    path = path_keys(addresses.data, addresses.offsets, addresses.parts) != 0
    fresh = ~judge.ranker.seen(addresses)
    everything = np.ones(len(addresses), np.bool_)
    out = {
        "all": everything,
        "names": ~path,
        "full addresses": path,
        "registered names never trained on": fresh,
        "names, never trained on": fresh & ~path,
        "full addresses, never trained on": fresh & path,
    }
    for name in sets.drop_nulls().unique().sort().to_list():
        out[f"set {name}"] = (sets == name).fill_null(value=False).to_numpy()
    return out


def _judge(model: Path | None) -> LinkAnswers:
    from fanzha.detection.link.ranking.answers import LinkAnswers
    from fanzha.settings import load

    return LinkAnswers.load(load().policies / "detection", model)


def _labelled(
    sources: Sequence[str],
) -> tuple[pl.Series, npt.NDArray[np.bool_], pl.Series, int]:
    """Addresses, whether each is a scam, its `set` if it says one, and how many rows were left."""
    import polars as pl

    from fanzha.entrypoints.cli.rows import Progress, read_rows

    progress = Progress("读入", "read")
    frames, left = [], 0
    columns = dict.fromkeys(("url", "label", "set"), pl.String)
    for source in sources:
        for part in read_rows(source, columns, needed=[("url",), ("label",)]):
            word = part.frame["label"].str.strip_chars().str.to_lowercase()
            scam, ordinary = word.is_in(SCAM_WORDS), word.is_in(ORDINARY_WORDS)
            kept = (scam | ordinary) & part.frame["url"].is_not_null()
            frame = part.frame.with_columns(scam.alias("scam")).filter(kept)
            frames.append(frame)
            left += part.frame.height - frame.height + len(part.faults)
            progress.add(part.frame.height)
    progress.done()
    whole = pl.concat(frames) if frames else pl.DataFrame()
    if whole.is_empty():
        raise Refused(
            "unlabelled",
            zh="没有可用的行：须有 url 与 label（诈骗或正常）",
            en="no usable rows: url and label (scam or ordinary) are needed",
            field="label",
        )
    return whole["url"], whole["scam"].to_numpy(), whole["set"], left
