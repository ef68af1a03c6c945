"""Families of apps that a centre knows: which one a file is like, by keys, parts and strings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.app.static.facts import AppFacts
from fanzha.detection.model_file import ModelFile
from fanzha.errors import Misconfigured

__all__ = ["SLOTS", "Families", "Kin", "minima"]

U64 = npt.NDArray[np.uint64]
SLOTS = 64
"""Minima of a set: the share of equal ones estimates the share of common members, ±0.06 [Broder
1997, "On the resemblance and containment of documents"]."""
_PARTS: Mapping[str, float] = {"components": 3.0, "strings": 3.0, "hosts": 2.0, "libraries": 1.0,
                               "permissions": 1.0, "package": 0.5}  # fmt: skip
"""What is compared, and how much it counts where both sides have it."""
_TELLING = frozenset({"components", "strings", "hosts"})
_FEW = 3
"""Members below which a set is too small to be compared."""
_SAME_KEY = 0.97
_RNG = np.random.default_rng(20261101)
_A = _RNG.integers(1, 1 << 63, SLOTS, dtype=np.uint64) | np.uint64(1)
_B = _RNG.integers(0, 1 << 63, SLOTS, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Kin:
    """The nearest known app: its family, and how alike, 0–1."""

    family: str
    likeness: float
    same_key: bool


@dataclass(frozen=True, eq=False)
class Families:
    """`names[i]` is the family of known app i; `sets[part]` its minima (apps, SLOTS), all zero
    where it lacks the part; `keys` signing certificates → family."""

    names: tuple[str, ...]
    sets: Mapping[str, U64]
    keys: Mapping[str, str]

    @classmethod
    def learn(cls, apps: Iterable[tuple[AppFacts, str]], shared_keys: frozenset[str]) -> Families:
        """Remember apps with their families. Public test keys and debug keys name nobody."""
        names, keys = [], {}
        rows: dict[str, list[U64]] = {part: [] for part in _PARTS}
        for facts, family in apps:
            names.append(family)
            for part in _PARTS:
                rows[part].append(_minima_of(facts, part))
            for one in facts.certificates or ():
                if not one.debug and one.sha256 not in shared_keys:
                    keys[one.sha256] = family
        return cls(
            tuple(names),
            {part: np.array(found).reshape(len(names), SLOTS) for part, found in rows.items()},
            keys,
        )

    def nearest(self, facts: AppFacts) -> Kin | None:
        """The family most like it, or None where there is nothing to compare."""
        for one in facts.certificates or ():
            if one.sha256 in self.keys:
                return Kin(self.keys[one.sha256], _SAME_KEY, True)
        if not self.names:
            return None
        total = np.zeros(len(self.names))
        weight = np.zeros(len(self.names))
        telling = np.zeros(len(self.names), dtype=np.bool_)
        for part, counts in _PARTS.items():
            own = _minima_of(facts, part)
            if not own.any():
                continue
            known = self.sets[part]
            there = known.any(axis=1)
            total += np.where(there, counts * (known == own).mean(axis=1), 0.0)
            weight += np.where(there, counts, 0.0)
            if part in _TELLING:
                telling |= there
        alike = np.where(telling, total / np.maximum(weight, 1e-9), 0.0)
        best = int(alike.argmax())
        if alike[best] <= 0:
            return None
        return Kin(self.names[best], round(float(alike[best]), 4), False)

    def parts(self) -> tuple[dict[str, U64], dict[str, str]]:
        """Arrays and texts of a model file."""
        arrays = {f"family_{part}": found for part, found in self.sets.items()}
        held = {"names": self.names, "keys": dict(self.keys)}
        return arrays, {"families": json.dumps(held, sort_keys=True)}

    @classmethod
    def of(cls, model: ModelFile) -> Families | None:
        """The families in a model file; None where it has none."""
        if "families" not in model.texts:
            return None
        try:
            held = json.loads(model.texts["families"])
            names = tuple(str(name) for name in held["names"])
            sets = {part: np.asarray(model.arrays[f"family_{part}"], np.uint64) for part in _PARTS}
            if any(found.shape != (len(names), SLOTS) for found in sets.values()):
                raise ValueError("shape")
            return cls(names, sets, {str(k): str(v) for k, v in held["keys"].items()})
        except (KeyError, ValueError, TypeError) as error:
            raise Misconfigured(
                "model_invalid",
                zh="模型文件中的家族索引损坏",
                en="the family index in the model file is damaged",
            ) from error


def minima(members: Iterable[str]) -> U64:
    """SLOTS minima of hashes of the members; all zero where there are too few."""
    hashes = np.array(sorted({_hash(one) for one in members}), dtype=np.uint64)
    if len(hashes) < _FEW:
        return np.zeros(SLOTS, np.uint64)
    with np.errstate(over="ignore"):
        mixed = hashes[:, None] * _A[None, :] + _B[None, :]
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(mixed.min(axis=0) | np.uint64(1), np.uint64)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def _minima_of(facts: AppFacts, part: str) -> U64:
    if part == "strings":
        held = facts.strings or ()
        if len(held) != SLOTS:
            return np.zeros(SLOTS, np.uint64)
        return np.array([n & ((1 << 64) - 1) for n in held], np.uint64)
    return minima(_members(facts, part))


def _members(facts: AppFacts, part: str) -> Sequence[str]:
    if part == "package":
        name = facts.package or ""
        return [name[i : i + 4] for i in range(len(name) - 3)]
    if part == "components":
        # The package is new each time such an app is built; what stays is the rest of the name.
        own = f"{facts.package}."
        return [one.removeprefix(own) for one in facts.components or ()]
    if part == "libraries":
        return [one.rpartition("/")[2] for one in facts.libraries or ()]
    return getattr(facts, part) or ()
