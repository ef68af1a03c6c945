"""`fanzha train text`: a cascade of the user's own, with honest figures beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanzha.entrypoints.cli.texts.options import (
    NEEDED,
    TEXTS,
    Fraud,
    Ins,
    as_json,
    columns,
    say,
    texts_of,
)
from fanzha.errors import Refused

if TYPE_CHECKING:
    import polars as pl

    from fanzha.entrypoints.cli.rows import Progress

__all__ = ["labelled", "train"]


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
    rows, left = labelled(source)
    labels = read_labels(
        rows["label"].to_list(), load_taxonomy(policies / TAXONOMY_FILE), fraud or ()
    )
    if labels.assumed:
        say(f"视为诈骗的标签：{labels.assumed}", f"labels taken for fraud: {list(labels.assumed)}")
    place = {name: k for k, name in enumerate(labels.classes)}
    texts = own(
        rows["text"].to_list(),
        np.array([labels.fraud[one] for one in rows["label"]]),
        np.array([place.get(one, -1) for one in rows["label"]], dtype=np.int64),
        rows["source"].to_list(),
        rows["talk"].to_numpy(),
        Normaliser.load(policies / "text" / VARIANTS_FILE),
    )
    say(
        f"{rows.height:,} 行，去重后 {len(texts):,}",
        f"{rows.height:,} rows, {len(texts):,} distinct",
    )
    doubts = _doubts(rows, labels.fraud, policies)
    class_fraud = np.array([labels.fraud[name] for name in labels.classes], dtype=bool)
    made = training.train(texts, labels.classes, class_fraud, policies, tell=say, count=_Encoding())
    about = {
        **made.about, "command": "fanzha train text", "files_sha256": _digests(source),
        "rows": rows.height, "left_out": left, "label_doubts": doubts,
        "labels": {name: bool(said) for name, said in labels.fraud.items()},
    }  # fmt: skip
    file = replace(made, about=about).to_file()
    write_model(model, file)
    beside = model.with_name(model.name + ".report.json")
    beside.write_text(as_json(about), encoding="utf-8")
    told(f"{file.version}  ({len(texts):,} texts, {left:,} rows left out)")
    kept = about["report"]["kept_back"]
    sys.stderr.write(as_json(kept) + f"报告 report: {beside}\n")


class _Encoding:
    """Shows how many texts are encoded, of how many."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def __call__(self, done: int, total: int) -> None:
        from fanzha.entrypoints.cli.rows import Progress

        if self._progress is None:
            self._progress = Progress("编码", "encoded", total)
        self._progress.add(done - self._progress.rows)
        if done == total:
            self._progress.done()


def labelled(paths: list[str]) -> tuple[pl.DataFrame, int]:
    """Texts with `label`, `source` and `talk`, and how many rows lacked a text or a label."""
    import json

    import polars as pl

    from fanzha.entrypoints.cli.rows import ID, Progress, read_rows

    progress = Progress("读取", "read")
    parts, left = [], 0
    for path in paths:
        wanted = {**columns(), "label": ID, "source": pl.String}
        name = "stdin" if path == "-" else Path(path).name.split(".")[0]
        for part in read_rows(path, wanted, needed=(*NEEDED, ("label",)), texts=TEXTS):
            labels = [None if v is None else json.loads(v) for v in part.frame["label"]]
            said = [v if isinstance(v, str | None) else json.dumps(v) for v in labels]
            frame = texts_of(part.frame).select(
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
        say(
            f"警告：{name} 的标签与文本无关（AUC {said.as_they_stand:.2f}），请先核对",
            f"WARNING: labels of {name} tell nothing of their texts: check them first",
        )
        if said.shift:
            where = ("上", "before") if said.shift < 0 else ("下", "after")
            best = max(said.of_row_before, said.of_row_after)
            say(
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
