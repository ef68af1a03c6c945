"""What a look-up answers: nothing, or what to do, what to appeal with, and until when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.lists.form import Effect

__all__ = ["Hit", "Hits"]


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that holds now. `code` is what the affected party appeals with (`lists.code`), 0 for
    ALLOW; `ends_at` is in seconds since 1970, 0 without an end."""

    effect: Effect
    code: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class Hits:
    """One row for each value asked; effect 0: nothing stands, let it pass."""

    effect: npt.NDArray[np.uint8]
    code: npt.NDArray[np.uint64]
    ends_at: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.effect)

    def __getitem__(self, row: int) -> Hit | None:
        effect = int(self.effect[row])
        if not effect:
            return None
        return Hit(Effect(effect), int(self.code[row]), int(self.ends_at[row]))
