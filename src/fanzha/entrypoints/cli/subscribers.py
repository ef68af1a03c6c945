"""`fanzha train|score|evaluate subscribers`: lines and the graph between them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fanzha.entrypoints.cli.opened import absent
from fanzha.entrypoints.cli.whole import apart, once, whole

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fanzha.detection.subscriber.table import Subscribers

__all__ = ["evaluate", "score", "train"]

_KIND = "subscribers"
_MISSING_SHOWN = 20
_LACKING_MOST = 0.9
_TOO_FEW = "缺少九成以上的特征 more than nine tenths of the figures are absent"
Features = Annotated[str, typer.Option(help="特征 features: node, label, numbers; - = stdin")]
Edges = Annotated[Path | None, typer.Option(help="关系 edges: node_a, node_b, weight")]
Model = Annotated[Path, typer.Option(help="模型 model")]
Out = Annotated[str, typer.Option(help="结果 answers: Parquet, JSONL; - = stdout")]


def train(features: Features, model: Model, edges: Edges = None, seed: int = 1) -> None:
    """学习用户：node、label（0、1、空）与数字列。Learn from `node`, `label` and numbers."""
    import numpy as np

    from fanzha.detection.model_file import ModelFile, write_model
    from fanzha.detection.subscriber.measured import held_back
    from fanzha.detection.subscriber.model import fit
    from fanzha.detection.subscriber.table import adjacency, of_frame
    from fanzha.entrypoints.cli.rows import Progress, told
    from fanzha.entrypoints.training_report import reported

    apart(model, features, edges)
    once(features, edges)
    table = of_frame(whole(features, ("node",)))
    _say_unusable(table)
    sides = _edges(edges)
    graph = None if sides is None else adjacency(table.key, *sides)
    ways = 1 if graph is None or not graph.nnz else 2
    progress = Progress("交叉验证的部分", "parts of cross-validation", 5 * ways)
    learned = fit(table.figures, table.names, table.label, graph, seed=seed, done=progress.add)
    progress.done()
    kept = np.flatnonzero(~np.isnan(table.label) & (table.key != 0))
    about = {
        "command": "fanzha train subscribers",
        "seed": seed,
        "subscribers": int(table.key.size),
        "labelled": int(kept.size),
        "fraud": int(np.nansum(table.label)),
        "columns": list(table.names),
        **learned.notes,
    }
    arrays: dict[str, npt.NDArray[Any]] = {}
    if learned.use_graph:
        arrays = {
            "key": table.key[kept],
            "label": table.label[kept].astype(np.int8),
            "figures": table.figures[kept],
        }
    made = ModelFile(_KIND, about, arrays, {**learned.texts, "head": learned.head()})
    write_model(model, made)
    looked = "用图 with the graph" if learned.use_graph else "不用图 without the graph"
    told(f"{made.version}  ({kept.size:,} labelled, {looked})")
    figures = {"五折 five folds": held_back(learned, table.label, seed=seed)}
    for way in ("auc_without_graph", "auc_with_graph"):
        if areas := learned.notes.get(way):
            figures[way] = {"auc": float(np.mean(areas)), "least": min(areas), "most": max(areas)}
    reported(model, {"model": made.version, **about, "figures": figures})


def score(features: Features, model: Model, out: Out = "-", edges: Edges = None) -> None:
    """给用户评分：分数不低于 0.5 即判为涉诈。Score subscribers; 0.5 is the cut."""
    import numpy as np
    import polars as pl

    from fanzha.detection.model_file import read_model
    from fanzha.detection.subscriber.model import Model as Learned
    from fanzha.detection.subscriber.table import of_frame
    from fanzha.entrypoints.cli.rows import Progress, Writer, told

    apart(out, features, edges)
    once(features, edges)
    frame = whole(features, ("node",))
    sides = _edges(edges)
    file = read_model(model, _KIND)
    learned = Learned.of(dict(file.texts))
    table = of_frame(frame, learned.names)
    _say_unusable(table)
    absent = [name for name in learned.names if name not in table.names]
    told(file.version + (f"  缺列 columns absent: {', '.join(absent)}" if absent else ""))
    if learned.use_graph and edges is None:
        told("未给出关系，按无邻居评分 no --edges: scored as if without neighbours")
    if edges is not None and not learned.use_graph:
        told("--edges 未用：此模型不看图 --edges not used: this model looks at no graph")
    progress = Progress("用户", "subscribers")
    values = _scores(learned, table, file.arrays, sides)
    progress.add(values.size)
    answer = pl.DataFrame(
        {
            "node": frame["node"],
            "score": np.where(_known(table, learned.names), values, np.nan),
            "missing": _missing(table, learned.names),
            "error": _errors(table, learned.names),
        },
        schema={
            "node": frame.schema["node"], "score": pl.Float64,
            "missing": pl.List(pl.String), "error": pl.String,
        },
    )  # fmt: skip
    with Writer(out) as writer:
        writer.write(answer.with_columns(pl.col("score").fill_nan(None)))
    progress.done()


def evaluate(
    features: Features,
    edges: Edges = None,
    repeats: Annotated[int, typer.Option(min=1, help="交叉验证的次数 times five folds")] = 2,
    splits: Annotated[int, typer.Option(min=0, help="随机 80/20 的次数 random 80/20 splits")] = 10,
    graph: Annotated[
        bool | None, typer.Option("--graph/--no-graph", help="定用图与否 settle the graph's use")
    ] = None,
    seed: int = 1,
) -> None:
    """度量：重复的五折与随机划分。Measure by repeated five folds and random splits."""
    import json

    from fanzha.detection.subscriber.measured import measured
    from fanzha.detection.subscriber.table import adjacency, of_frame
    from fanzha.entrypoints.cli.rows import Progress

    once(features, edges)
    table = of_frame(whole(features, ("node",)))
    sides = _edges(edges)
    held = None if sides is None else adjacency(table.key, *sides)
    progress = Progress("已度量的部分", "parts measured")
    found = measured(
        table, held, repeats=repeats, splits=splits, graph_use=graph, seed=seed, done=progress.add
    )
    progress.done()
    print(json.dumps(found, ensure_ascii=False))


def _scores(learned: Any, table: Subscribers, arrays: Any, sides: Any) -> npt.NDArray[np.float64]:
    """The rows asked for stand first, then those of the training that are not among them."""
    import numpy as np

    from fanzha.detection.subscriber.table import adjacency
    from fanzha.errors import Misconfigured

    figures, key = table.under(learned.names), table.key
    label = np.full(key.size, np.nan)
    rows = np.arange(key.size)
    if not learned.use_graph:
        return np.asarray(learned.score(figures, None, label, rows, seed=1))
    try:
        known, said = arrays["key"], arrays["label"].astype(np.float64)
        others = ~np.isin(known, key)
        spot = {int(one): value for one, value in zip(known, said, strict=True)}
        label = np.array([spot.get(int(one), np.nan) for one in key], dtype=np.float64)
        figures = np.vstack([figures, arrays["figures"][others]])
        label = np.concatenate([label, said[others]])
        key = np.concatenate([key, known[others]])
    except (KeyError, ValueError) as error:
        raise Misconfigured(
            "model_invalid", zh="模型文件的内容不完整", en="the model file is incomplete"
        ) from error
    nothing = np.zeros(0, dtype=np.uint64)
    graph = adjacency(key, *(sides or (nothing, nothing, np.zeros(0))))
    return np.asarray(learned.score(figures, graph, label, rows, seed=1))


def _say_unusable(table: Subscribers) -> None:
    """Values that are no numbers, by column."""
    for name, count in table.unusable.items():
        sys.stderr.write(
            f"{name}: {count:,} 个值不是可用的数，按缺失计 · {count:,} values are no usable "
            "numbers and count as absent\n"
        )


def _known(table: Subscribers, names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Whether a row has a tenth of the figures that the model learned from, or more: of one with
    nearly none the trees would say what they say of nobody."""
    import numpy as np

    return np.asarray(np.isnan(table.under(names)).mean(axis=1) <= _LACKING_MOST)


def _errors(table: Subscribers, names: tuple[str, ...]) -> list[str | None]:
    """Why a row has no score, or whom it names."""
    found: list[str | None] = []
    for key, known in zip(table.key.tolist(), _known(table, names).tolist(), strict=True):
        error = None if key else "node: 缺少 absent"
        found.append(error if known else error or _TOO_FEW)
    return found


def _missing(table: Subscribers, names: tuple[str, ...]) -> list[list[str]]:
    """The figures a row lacks; where it lacks very many, the first of them and their number."""
    import numpy as np

    found = []
    for row in np.isnan(table.under(names)):
        lacking = [names[i] for i in np.flatnonzero(row)]
        if len(lacking) > _MISSING_SHOWN:
            lacking = [*lacking[:_MISSING_SHOWN], f"… ({len(lacking)})"]
        found.append(lacking)
    return found


def _edges(path: Path | None) -> Any:
    """Both ends as keys, and the weight (1 where the file has none)."""
    import numpy as np

    from fanzha.detection.subscriber.table import keys_of

    if path is None:
        return None
    frame = whole(str(path), ("node_a", "node_b"))
    if lacking := [(name,) for name in ("node_a", "node_b") if name not in frame.columns]:
        raise absent(str(path), lacking, frame.columns)
    weight = np.ones(frame.height)
    if "weight" in frame.columns:
        import polars as pl

        weight = np.array(frame["weight"].cast(pl.Float64, strict=False), dtype=np.float64)
    return keys_of(frame["node_a"]), keys_of(frame["node_b"]), weight
