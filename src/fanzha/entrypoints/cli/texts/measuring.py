"""`fanzha evaluate text`: honest figures on labelled texts, and how well each type is told."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from fanzha.entrypoints.cli.texts.learning import labelled
from fanzha.entrypoints.cli.texts.options import (
    BATCH,
    Fraud,
    Model,
    Prior,
    as_json,
    load_cascade,
    named_types,
    say,
)
from fanzha.errors import Refused

__all__ = ["BEGIN", "END", "evaluate"]

BEGIN, END = "<!-- by type: begin -->", "<!-- by type: end -->"
"""Between these lines of a page stands the table that `--page` writes."""
Given = Annotated[
    list[str] | None, typer.Option("--in", help="可多次 repeatable; JSONL, CSV, Parquet; -")
]
PerType = Annotated[
    bool,
    typer.Option(
        "--by-type", help="各类型的混淆，用自写短信交叉验证 each type, on written messages"
    ),
]
Page = Annotated[
    Path | None, typer.Option(help="把表写进此页 write the table into this page, with --by-type")
]


def evaluate(
    source: Given = None, model: Model = None, fraud: Fraud = None, prior: Prior = None,
    per_type: PerType = False, page: Page = None,
) -> None:  # fmt: skip
    """度量（text, label）。Precision, recall, F1, AUC, confusion by type, with intervals.

    --by-type 不需要 --in：用自写短信分折训练、检验 trains and tests on written messages in folds.
    """
    if per_type:
        _by_type(page)
        return
    if not source:
        raise Refused(
            "in_absent",
            zh="须给出 --in，或 --by-type",
            en="--in is needed, or --by-type",
            field="in",
        )
    _labelled(source, model, fraud, prior)


def _labelled(
    source: list[str], model: Path | None, fraud: list[str] | None, prior: float | None
) -> None:
    import numpy as np

    from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
    from fanzha.detection.text.cascade.figures import class_figures, fraud_figures
    from fanzha.detection.text.cascade.labels import read_labels
    from fanzha.entrypoints.cli.rows import Progress, told
    from fanzha.settings import load

    cascade = load_cascade(model, prior)
    told(cascade.model.version)
    rows, left = labelled(source)
    taxonomy = load_taxonomy(load().policies / TAXONOMY_FILE)
    labels = read_labels(rows["label"].to_list(), taxonomy, fraud or ())
    allowance = cascade.policy.in_batch()
    progress = Progress("文本", "texts")
    scores, said = [], []
    for first in range(0, rows.height, BATCH):
        part = rows[first : first + BATCH]
        answers = cascade.read(part["text"].to_list(), part["talk"].to_numpy(), allowance)
        scores.append(answers.score)
        said += named_types(answers)
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
    print(as_json(found), end="")


def _by_type(page: Path | None) -> None:
    from fanzha.detection.text.v1.evaluate import by_type
    from fanzha.settings import load

    found = by_type.by_type(
        load().policies, tell=lambda fold: say(f"第 {fold} 折完成", f"fold {fold} done")
    )
    if page is not None:
        _write_between(page, by_type.page(found))
    print(as_json(_plain(found)), end="")


def _plain(found: Any) -> dict[str, Any]:
    """As JSON: every rate with its interval."""
    plain: dict[str, Any] = asdict(found)
    plain["lines"] = [_rated(line) for line in plain["lines"]]
    return _rated(plain)


def _rated(plain: dict[str, Any]) -> dict[str, Any]:
    from fanzha.detection.rate import Rate

    return {
        name: {"share": round(rate.share, 4), "of": rate.of,
               "interval": [round(one, 4) for one in rate.interval]}
        if isinstance(value, dict) and (rate := Rate(**value)) is not None
        else value
        for name, value in plain.items()
    }  # fmt: skip


def _write_between(page: Path, table: str) -> None:
    """Put the table between the page's two marks; `Refused` where it has none."""
    try:
        before, rest = page.read_text(encoding="utf-8").split(BEGIN, 1)
        _, after = rest.split(END, 1)
        page.write_text(f"{before}{BEGIN}\n{table}{END}{after}", encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise Refused(
            "page_unfit", zh=f"文件须可读，并有 {BEGIN} 与 {END}",
            en=f"the page must be readable and have {BEGIN} and {END}", field=page.name,
        ) from error  # fmt: skip
