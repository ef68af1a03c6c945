"""The trained part of link v1: weights of grams, and how rare a log-odds is."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.link.v1.grams import BITS, F32, gram_scores
from fanzha.detection.link.v1.names import Addresses
from fanzha.errors import Misconfigured

__all__ = ["HERE", "MODEL_FILE", "Model", "rarity_knots"]

HERE = Path(__file__).parent
_NAME = "model.npz"
MODEL_FILE = HERE / _NAME
"""The one that ships."""
F64 = npt.NDArray[np.float64]
#: Tail shares of ordinary names at which the log-odds is kept, as powers of ten.
RARITIES = np.arange(1.0, 3.51, 0.25)
RAREST = 5.0
"""Beyond the last knot the line goes on, to one name in a hundred thousand."""


@dataclass(frozen=True, eq=False)
class Model:
    """`weights` (buckets,), `bias`; `knots`: log-odds that one ordinary name in 10^RARITIES has."""

    weights: F32
    bias: float
    knots: F64

    @classmethod
    def load(cls, folder: Path = HERE) -> Model:
        """Read `model.npz`; plain arrays only, nothing is executed."""
        try:
            with np.load(folder / _NAME, allow_pickle=False) as file:
                model = cls(
                    file["weights"].astype(np.float32),
                    float(file["bias"]),
                    file["knots"].astype(np.float64),
                )
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise _bad(f"cannot be read: {type(error).__name__}") from error
        if model.weights.size != 1 << BITS or model.knots.size != RARITIES.size:
            raise _bad("its tables have other sizes than this version")
        if (np.diff(model.knots) <= 0).any():
            raise _bad("its knots do not rise")
        return model

    def save(self, folder: Path, record: dict[str, Any]) -> None:
        """Write `model.npz` and beside it what it was made from."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            folder / _NAME,
            weights=self.weights.astype(np.float16),
            bias=np.float64(self.bias),
            knots=self.knots,
        )
        text = json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True)
        (folder / "model.json").write_text(text + "\n", encoding="utf-8")

    def log_odds(self, addresses: Addresses) -> F32:
        """How much a label is spelt like those of scams; −inf where there is none."""
        return gram_scores(
            addresses.data, addresses.offsets, addresses.parts, self.weights, self.bias
        )

    def rarity(self, log_odds: F32) -> F64:
        """One ordinary name in 10^rarity has such log-odds; 0 below one in ten."""
        last = (self.knots[-1] - self.knots[-5]) / (RARITIES[-1] - RARITIES[-5])
        beyond = self.knots[-1] + last * (RAREST - RARITIES[-1])
        xs = np.append(self.knots, beyond)
        ys = np.append(RARITIES, RAREST)
        rarity: F64 = np.interp(log_odds.astype(np.float64), xs, ys, left=0.0)
        return rarity


def rarity_knots(ordinary: F32) -> F64:
    """Log-odds at the tail shares, from ordinary names that the weights were not fitted to."""
    knots: F64 = np.quantile(ordinary.astype(np.float64), 1.0 - 10.0**-RARITIES)
    return np.maximum.accumulate(knots + np.arange(knots.size) * 1e-9)


def _bad(what: str) -> Misconfigured:
    return Misconfigured(
        "model_invalid",
        zh=f"网址模型有误：{what}",
        en=f"the link model is wrong: {what}",
        field=_NAME,
    )
