"""Made names and paths for where the rows at hand have none: stand-ins, and named so."""

from __future__ import annotations

import functools
import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

__all__ = ["on_platforms", "ordinary_paths", "package_paths", "scam_paths", "with_fronts"]

_HERE = Path(__file__).parent
_OF_SLOT = {"t": "topics", "T": "topics", "w": "words", "W": "words", "k": "keys",
            "l": "languages", "b": "brands"}  # fmt: skip
_CODE = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


def ordinary_paths(many: int, seed: int) -> list[str]:
    """`many` paths such as ordinary sites have, signing in and carts among them; no slash first."""
    made = _Maker(seed, 1)
    out = []
    for _ in range(many):
        path = made.path("account" if made.below(100) < 12 else "forms")
        if "?" not in path and "#" not in path and made.below(100) < 6:
            path += "?" + made.path("tracking")
        out.append(path)
    return out


def scam_paths(many: int, seed: int) -> list[str]:
    """`many` paths such as phishing kits have, written down from what kits are known to do."""
    made = _Maker(seed, 2)
    return [made.path("kit") for _ in range(many)]


def package_paths() -> list[str]:
    """Paths of real links in the texts of software packages, without their hosts.

    Written by `python -m bench.quality.links_harvest --paths`.
    """
    packed = (_HERE / "ordinary_paths.txt.gz").read_bytes()
    return gzip.decompress(packed).decode("utf-8").split()


def with_fronts(names: Sequence[str], many: int, seed: int) -> list[str]:
    """`many` of the names behind a label that ordinary sites put in front."""
    made = _Maker(seed, 3)
    return [f"{made.word('fronts')}.{names[made.below(len(names))]}" for _ in range(many)]


def on_platforms(labels: Sequence[str], many: int, seed: int) -> list[str]:
    """`many` of the labels as sites of ordinary people where anyone may open one."""
    made = _Maker(seed, 4)
    return [f"{labels[made.below(len(labels))]}.{made.word('hosts')}" for _ in range(many)]


@functools.cache
def _lists() -> dict[str, tuple[str, ...]]:
    read = yaml.safe_load((_HERE / "standins.yaml").read_text(encoding="utf-8"))
    return {
        name: tuple(held) if isinstance(held, list) else tuple(held.split())
        for name, held in read.items()
    }


class _Maker:
    """Fills forms by chance, the same for the same seed."""

    def __init__(self, seed: int, what: int) -> None:
        self._chance = np.random.default_rng([seed, what])
        self._drawn: list[int] = []

    def below(self, limit: int) -> int:
        """A number from 0 to less than `limit`."""
        if not self._drawn:
            self._drawn = self._chance.integers(1 << 62, size=4_096).tolist()
        return self._drawn.pop() % limit

    def word(self, of: str) -> str:
        held = _lists()[of]
        return held[self.below(len(held))]

    def path(self, of: str) -> str:
        form, out, k = self.word(of), [], 0
        while k < len(form):
            if form[k] == "{" and form[k + 2 : k + 3] == "}":
                out.append(self._slot(form[k + 1]))
                k += 3
            else:
                out.append(form[k])
                k += 1
        return "".join(out)

    def _slot(self, what: str) -> str:
        if what in _OF_SLOT:
            word = self.word(_OF_SLOT[what])
            return word.title() if what.isupper() else word
        if what == "s":
            return "-".join(self.word("words") for _ in range(1 + self.below(7)))
        if what == "n":
            return str(self.below(10 ** (1 + self.below(9))))
        if what == "h":
            return f"{self.below(16**8):x}"
        if what == "H":
            return "".join(_CODE[self.below(len(_CODE))] for _ in range(8))
        if what == "y":
            return str(1998 + self.below(29))
        if what in "md":
            return f"{1 + self.below(12 if what == 'm' else 28):02d}"
        return self.path("tracking")
