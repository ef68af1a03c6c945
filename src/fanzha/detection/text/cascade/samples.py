"""Texts to learn from: a user's own, de-duplicated and grouped, beside those written for fanzha."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fanzha.detection.taxonomy import Taxonomy
from fanzha.detection.text.cascade.near import alike
from fanzha.detection.text.v1.corpus import MESSAGES_FILE, written
from fanzha.detection.text.v1.normal import Normaliser

__all__ = ["BUILT_IN", "ORDINARY", "TALK", "TALKS_FILE", "Samples", "built_in", "own"]

TALKS_FILE = "written_talks.yaml"
TALK = ("chat", "transcript")
ORDINARY = -2
"""In place of a class: none, but an ordinary honest message."""
BUILT_IN = ("fanzha:messages", "fanzha:talks")
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Samples:
    """Labelled texts, row by row. `classes` are indices into the names of classes, −1 for none
    (`ORDINARY`: none, but an ordinary honest message).

    `group` joins texts that are nearly the same and variants of one text; `source` is an index into
    `sources`; `talk` says chat or call.
    """

    texts: tuple[str, ...]
    fraud: Bools
    classes: I64
    source: I64
    sources: tuple[str, ...]
    talk: Bools
    group: I64

    def __len__(self) -> int:
        return len(self.texts)

    def chosen(self, rows: npt.NDArray[np.int64]) -> Samples:
        """Some of the rows."""
        return Samples(
            tuple(self.texts[row] for row in rows.tolist()), self.fraud[rows], self.classes[rows],
            self.source[rows], self.sources, self.talk[rows], self.group[rows],
        )  # fmt: skip

    def with_more(self, other: Samples) -> Samples:
        """Both, the other's sources and groups behind these."""
        above = int(self.group.max(initial=-1)) + 1
        return Samples(
            self.texts + other.texts,
            np.concatenate([self.fraud, other.fraud]),
            np.concatenate([self.classes, other.classes]),
            np.concatenate([self.source, other.source + len(self.sources)]),
            self.sources + other.sources,
            np.concatenate([self.talk, other.talk]),
            np.concatenate([self.group, other.group + above]),
        )


def own(
    texts: Sequence[str], fraud: Bools, classes: I64, sources: Sequence[str], talk: Bools,
    normaliser: Normaliser,
) -> Samples:  # fmt: skip
    """A user's texts without those that are empty or the same in normal form (the first stays)."""
    normal = normaliser(list(texts))
    first: dict[bytes, int] = {}
    for row in range(len(normal)):
        said = normal.chars[normal.ends[row] : normal.ends[row + 1]].tobytes()
        if said:
            first.setdefault(said, row)
    rows = np.array(sorted(first.values()), dtype=np.int64)
    names = tuple(sorted(set(sources)))
    place = {name: k for k, name in enumerate(names)}
    kept = tuple(texts[row] for row in rows.tolist())
    return Samples(
        kept, fraud[rows], classes[rows],
        np.array([place[sources[row]] for row in rows.tolist()], dtype=np.int64), names,
        talk[rows], alike(normaliser(list(kept))),
    )  # fmt: skip


def built_in(policies: Path, taxonomy: Taxonomy, seed: int, variants: int) -> Samples:
    """The messages and the long talk written for fanzha, with variants and evasions."""
    folder = policies / "text"
    texts: list[str] = []
    fraud: list[bool] = []
    kind: list[int] = []
    source: list[int] = []
    group: list[int] = []
    for k, (name, many) in enumerate(((MESSAGES_FILE, variants), (TALKS_FILE, 2))):
        above = group[-1] + 1 if group else 0
        for sample in written(folder / name, taxonomy, seed, many):
            texts.append(sample.text)
            fraud.append(sample.fraud)
            kind.append(-1 if sample.fraud or sample.grey or k else ORDINARY)
            source.append(k)
            group.append(above + sample.group)
    where = np.array(source, dtype=np.int64)
    return Samples(
        tuple(texts), np.array(fraud), np.array(kind, dtype=np.int64), where, BUILT_IN,
        where == 1, np.array(group, dtype=np.int64),
    )  # fmt: skip
