"""The trained part of text v1: weights of grams, and how evidence becomes a probability."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.v1.kernel import I32, I64
from fanzha.detection.text.v1.ngrams import window_scores
from fanzha.errors import Misconfigured

__all__ = ["FRAUD", "GREY_HEAD", "HERE", "KINDS", "Model"]

HERE = Path(__file__).parent
FRAUD, GREY_HEAD = 0, 1
KINDS = ("message", "transcript")
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Model:
    """Weights, float32 in memory.

    `heads` (buckets, 2): log-odds of fraud and of grey trade, with `bias` (2,). `classes`
    (buckets, main classes), `class_bias`, `codes`: which main class, given fraud; `types`,
    `type_bias`, `type_codes` which type. `blend`
    (kind, head, 3): factor of the grams' log-odds, factor of the steps' weight, constant.
    """

    heads: F32
    bias: F32
    classes: F32
    class_bias: F32
    codes: tuple[str, ...]
    types: F32
    type_bias: F32
    type_codes: tuple[str, ...]
    blend: F64
    version: str = ""
    """`text-v1-` and the digest of its file; empty for one that lies in no file."""

    @classmethod
    def load(cls, folder: Path = HERE) -> Model:
        """Read `model.npz`; plain arrays only, nothing is executed."""
        try:
            raw = (folder / "model.npz").read_bytes()
            with np.load(io.BytesIO(raw), allow_pickle=False) as file:
                model = cls(
                    file["heads"].astype(np.float32),
                    file["bias"].astype(np.float32),
                    file["classes"].astype(np.float32),
                    file["class_bias"].astype(np.float32),
                    tuple(str(code) for code in file["codes"]),
                    file["types"].astype(np.float32),
                    file["type_bias"].astype(np.float32),
                    tuple(str(code) for code in file["type_codes"]),
                    file["blend"].astype(np.float64),
                    f"text-v1-{hashlib.blake2b(raw, digest_size=6).hexdigest()}",
                )
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise _bad("model.npz", f"cannot be read: {type(error).__name__}") from error
        for table in (model.heads, model.classes, model.types):
            if table.shape[0] & (table.shape[0] - 1):
                raise _bad("model.npz", "the number of buckets is no power of two")
        return model

    def save(self, folder: Path, record: dict[str, Any]) -> None:
        """Write `model.npz` and beside it what it was made from."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            folder / "model.npz",
            heads=self.heads.astype(np.float16),
            bias=self.bias,
            classes=self.classes.astype(np.float16),
            class_bias=self.class_bias,
            codes=np.array(self.codes),
            types=self.types.astype(np.float16),
            type_bias=self.type_bias,
            type_codes=np.array(self.type_codes),
            blend=self.blend,
        )
        text = json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True)
        (folder / "model.json").write_text(text + "\n", encoding="utf-8")

    def log_odds(self, chars: I32, ends: I64) -> tuple[F32, I64]:
        """(rows, 2) best window's log-odds, and where that window begins for fraud."""
        return window_scores(chars, ends, self.heads, self.bias)

    def class_shares(self, chars: I32) -> F64:
        """How one text's probability of fraud is shared among main classes."""
        return _shares(chars, self.classes, self.class_bias)

    def type_shares(self, chars: I32) -> F64:
        """How it is shared among types."""
        return _shares(chars, self.types, self.type_bias)


def _shares(chars: I32, weights: F32, bias: F32) -> F64:
    ends = np.array([0, chars.size], dtype=np.int64)
    scores, _ = window_scores(chars, ends, weights, bias)
    raised = np.exp(scores[0].astype(np.float64) - float(scores[0].max()))
    shares: F64 = raised / raised.sum()
    return shares


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "model_invalid",
        zh=f"文本模型有误：{what}",
        en=f"the text model is wrong: {what}",
        field=field,
    )
