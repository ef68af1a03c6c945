"""A trained cascade: what each stage weighs, what its scores mean, and how it stands in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.model_file import ModelFile, read_model
from fanzha.detection.text.cascade.gate import Gate, between, mix
from fanzha.detection.text.cascade.meanings import WIDTH
from fanzha.detection.text.cascade.scale import CELLS, Scale
from fanzha.errors import Misconfigured

__all__ = ["KIND", "SHIPPED", "Heads", "TextModel"]

KIND = "text"
_VOICE = "voice."
SHIPPED = Path(__file__).parent / "shipped.fzm"
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Heads:
    """Linear parts of one question. Rows are normed counts of grams (times `idf` of the model)
    and dense columns: log-odds = grams · `grams` + dense · `dense` + `bias`."""

    grams: F32
    """(buckets, answers)"""
    dense: F32
    """(columns, answers); no rows where the stage reads grams alone."""
    bias: F64

    def __call__(self, grams: Any, columns: F32 | None = None) -> F64:
        out = np.asarray(grams @ self.grams, dtype=np.float64) + self.bias
        if columns is not None and self.dense.shape[0]:
            out += columns @ self.dense
        return out


@dataclass(frozen=True, eq=False)
class TextModel:
    """Weights of both stages. Each has two answers: column 0 (scaled by `…_in`) for texts like
    those trained on, column 1 (`…_out`) for texts of sources never trained on; `gate` says
    how alike a text is (see `gate`). `band`: a first stage nearer to 0 log-odds than this is
    unsure.
    """

    first: F32
    first_in: Scale
    first_out: Scale
    idf: F32
    second: Heads
    second_in: Scale
    second_out: Scale
    gate: Gate
    band: float
    base: tuple[float, float]
    """Share of fraud that the scales of the two answers were fitted with."""
    prior: tuple[float, ...]
    """Share of fraud supposed where it judges, among messages and among talk; empty: as fitted."""
    classes: tuple[str, ...]
    class_fraud: npt.NDArray[np.bool_]
    class_first: Heads
    class_second: Heads
    steps: tuple[str, ...]
    meanings: tuple[str, ...]
    """Codes that stood in the policies when it was trained, in the order of its columns."""
    about: Mapping[str, Any]
    version: str = ""
    written_idf: F32 = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    """Of words as written and grams together (see `written`); empty in a model that is for nobody's
    texts in particular."""
    written: Heads = field(default_factory=lambda: _nothing(2))
    """Column 0: rows of unit length, of the first stage; column 1: those rows' part in the second
    stage's answer for texts like those trained on."""
    floor: float = -np.inf
    """Log-odds below which a text like those trained on is not put."""
    voice: TextModel | None = None
    """The model that shipped at the time, asked beside the answer for other sources."""

    @cached_property
    def first_columns(self) -> tuple[F32, F32]:
        """The two columns of `first`, each in one piece: copied once, not for every text asked."""
        near, far = (np.ascontiguousarray(column) for column in self.first.T)
        return near, far

    @classmethod
    def load(cls, path: Path | None = None) -> TextModel:
        """Read a model file; the one that ships where `path` is None."""
        return cls.from_file(read_model(path or SHIPPED, KIND))

    @classmethod
    def from_file(cls, file: ModelFile) -> TextModel:
        """Take the arrays out and check that they fit together; `Misconfigured` where not."""
        try:
            a = {k: v.astype(np.float32 if v.dtype == np.float16 else v.dtype)
                 for k, v in file.arrays.items()}  # fmt: skip
            names = json.loads(file.texts["names.json"])
            inner = {k.removeprefix(_VOICE): v for k, v in a.items() if k.startswith(_VOICE)}
            voice = cls._of(inner, names["voice"], {}, "") if inner else None
            model = replace(cls._of(a, names, file.about, file.version), voice=voice)
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise _bad(f"lacks a part or has one too many: {type(error).__name__}") from error
        model.check()
        return model

    @classmethod
    def _of(
        cls, a: Mapping[str, npt.NDArray[Any]], names: Mapping[str, Any], about: Mapping[str, Any],
        version: str,
    ) -> TextModel:  # fmt: skip
        own = "written_idf" in a
        return cls(
            first=a["first"],
            first_in=_scale(a, "first_in", 4),
            first_out=_scale(a, "first_out", 4),
            idf=a["idf"],
            second=_heads(a, "second"),
            second_in=_scale(a, "second_in", 2),
            second_out=_scale(a, "second_out", 2),
            gate=tuple(a["gate"].tolist()),
            band=float(a["band"][0]),
            base=(float(a["base"][0]), float(a["base"][1])),
            prior=tuple(a["prior"].tolist()),
            classes=tuple(names["classes"]),
            class_fraud=a["class_fraud"].astype(bool),
            class_first=_heads(a, "class_first"),
            class_second=_heads(a, "class_second"),
            steps=tuple(names["steps"]),
            meanings=tuple(names["meanings"]),
            about=about,
            version=version,
            written_idf=a["written_idf"] if own else np.zeros(0, dtype=np.float32),
            written=_heads(a, "written") if own else _nothing(2),
            floor=float(a["floor"][0]) if own else -np.inf,
        )

    def answer(self, inside: F64, outside: F64, alike: F64, moved: F64 | float = 0.0) -> F64:
        """Log-odds of the two answers together. `moved` has been added to `inside`."""
        if self.voice is None:
            return between(inside, outside)
        return mix(inside, outside, alike, self.floor + moved)

    def moved(self, talk: npt.NDArray[np.bool_]) -> tuple[F64, F64]:
        """Log-odds to add to either answer of each text, by how common fraud is supposed to be."""
        if not self.prior:
            return np.zeros(talk.size), np.zeros(talk.size)
        supposed = np.where(talk, _odds(self.prior[1]), _odds(self.prior[0]))
        return supposed - _odds(self.base[0]), supposed - _odds(self.base[1])

    def check(self) -> None:
        """Every array has the shape that the others suppose, and no weight is NaN or endless."""
        size = self.first.shape[0]
        columns = self.second.dense.shape[0]
        written = self.written_idf.size
        fits = (
            size >= 2 and size & (size - 1) == 0
            and self.first.shape == (size, 2)
            and self.idf.shape == (size,)
            and len(self.gate) in (CELLS, 2 * CELLS)
            and len(self.prior) in (0, 2) and all(0 < p < 1 for p in (*self.base, *self.prior))
            and self.second.grams.shape == (size, 2)
            and self.second.dense.shape[1] == 2 == self.second.bias.size
            and columns == WIDTH + len(self.meanings) + len(self.steps)
            and self.class_fraud.shape == (len(self.classes),)
            and all(
                h.grams.shape[1] == len(self.classes) == h.bias.size
                and h.grams.shape[0] in (0, written)
                for h in (self.class_first, self.class_second)
            )
            and written & (written - 1) == 0
            and self.written.grams.shape == (written, 2) and self.written.bias.size == 2
            and bool(written) == np.isfinite(self.floor) == bool(self.voice)
        )  # fmt: skip
        if not fits:
            raise _bad("its arrays do not fit together")
        if not all(np.isfinite(one).all() for one in self.to_file().arrays.values()):
            raise _bad("a weight is no finite number")
        if self.voice:
            self.voice.check()

    def to_file(self) -> ModelFile:
        """As it is written: large tables in half precision."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "first": self.first.astype(np.float16), "idf": self.idf.astype(np.float16),
            "gate": np.array(self.gate), "band": np.array([self.band]),
            "base": np.array(self.base), "prior": np.array(self.prior, dtype=np.float64),
            "class_fraud": self.class_fraud,
        }  # fmt: skip
        for name in ("first_in", "first_out", "second_in", "second_out"):
            scale: Scale = getattr(self, name)
            arrays[name] = np.concatenate(
                [scale.weights, [scale.constant], scale.offset, scale.met.astype(np.float64)]
            )
        heads_of = ["second", "class_first", "class_second"]
        if self.written_idf.size:
            heads_of.append("written")
            arrays["written_idf"] = self.written_idf.astype(np.float16)
            arrays["floor"] = np.array([self.floor])
        for name in heads_of:
            heads: Heads = getattr(self, name)
            arrays[f"{name}_grams"] = heads.grams.astype(np.float16)
            arrays[f"{name}_dense"] = heads.dense.astype(np.float16)
            arrays[f"{name}_bias"] = heads.bias
        names: dict[str, Any] = {
            "classes": self.classes, "steps": self.steps, "meanings": self.meanings,
        }  # fmt: skip
        if self.voice:
            inner = self.voice.to_file()
            arrays |= {_VOICE + key: value for key, value in inner.arrays.items()}
            names["voice"] = json.loads(inner.texts["names.json"])
        return ModelFile(KIND, self.about, arrays, {"names.json": json.dumps(names)})


def _odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


def columns_of(now: Sequence[str], then: Sequence[str]) -> npt.NDArray[np.int64]:
    """Where each code the model was trained with stands in the policies now; −1 where gone."""
    place = {code: k for k, code in enumerate(now)}
    return np.array([place.get(code, -1) for code in then], dtype=np.int64)


def _scale(arrays: Mapping[str, npt.NDArray[Any]], name: str, columns: int) -> Scale:
    whole = arrays[name].astype(np.float64)
    if name.startswith("first") and whole.shape == (columns + 2 * CELLS,):
        whole = np.insert(whole, columns - 1, 0.0)  # made before words as written were read
    if whole.shape != (columns + 1 + 2 * CELLS,):
        raise ValueError(name)
    after = columns + 1
    return Scale(
        whole[:columns], float(whole[columns]), whole[after : after + CELLS],
        whole[after + CELLS :] > 0.5,
    )  # fmt: skip


def _heads(arrays: Mapping[str, npt.NDArray[Any]], name: str) -> Heads:
    return Heads(
        arrays[f"{name}_grams"], arrays[f"{name}_dense"], arrays[f"{name}_bias"].astype(np.float64)
    )


def _nothing(answers: int) -> Heads:
    return Heads(
        np.zeros((0, answers), np.float32), np.zeros((0, answers), np.float32), np.zeros(answers)
    )


def _bad(what: str) -> Misconfigured:
    return Misconfigured(
        "model_invalid",
        zh=f"文本模型有误：{what}",
        en=f"the text model is wrong: {what}",
        field="model",
    )
