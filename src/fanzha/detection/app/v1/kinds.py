"""What kind of app it is: a bank's, a meeting app, one from outside the stores, one that poses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from fanzha.detection.arrays import Array, truths
from fanzha.detection.words import invalid
from fanzha.errors import policy_reader

__all__ = ["AppKinds", "load_app_kinds"]

_KINDS = pl.Series("app_kind", ["offstore", "meeting", "bank", None])
_REMEMBERED = 100_000
_KEYS = {"version", "in_force_on", "stores", "bank", "meeting", "institutions"}


@dataclass(frozen=True, eq=False)
class AppKinds:
    """Lists of package prefixes, label words and installers that decide an app's kind."""

    stores: tuple[str, ...]
    bank_words: tuple[str, ...]
    bank_packages: tuple[str, ...]
    meeting_words: tuple[str, ...]
    meeting_packages: tuple[str, ...]
    institutions: tuple[str, ...]
    seen: dict[tuple[str, str], tuple[bool, bool, bool]] = field(default_factory=dict, repr=False)

    def mark(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add `app_kind` and `posing`. Off-store beats the rest: a bank's own app is in a store."""
        off_store = np.zeros(frame.height, dtype=np.bool_)
        if "installer" in frame.columns:
            installer = pl.col("installer").str.to_lowercase()
            (off_store,) = truths(
                frame,
                (pl.col("action") == "install") & ~installer.is_in(sorted(self.stores)),
            )
        meeting, bank, institution = self._named(frame)
        kinds = np.select([off_store, meeting, bank], [0, 1, 2], 3)
        return frame.hstack(
            [
                _KINDS.gather(kinds),
                pl.Series("posing", off_store & institution),
            ]
        )

    def _named(self, frame: pl.DataFrame) -> Array:
        """Three rows of booleans: a meeting app, a bank's, an institution's by its label."""
        found = np.zeros((3, frame.height), dtype=np.bool_)
        for column in ("package", "label"):
            if column in frame.columns and frame[column].null_count() < frame.height:
                names = frame[column].to_arrow().dictionary_encode()
                flags = np.array([self._flags(column, n) for n in names.dictionary.to_pylist()])
                there = names.indices.is_valid().to_numpy(zero_copy_only=False)
                found[:, there] |= flags[names.indices.drop_null().to_numpy()].T
        return found

    def _flags(self, column: str, name: str) -> tuple[bool, bool, bool]:
        """Which lists a package or a label is on; remembered, as few apps are on many phones."""
        known = self.seen.get((column, name))
        if known is None:
            if len(self.seen) >= _REMEMBERED:
                self.seen.clear()
            known = self.seen[column, name] = self._looked_up(column, name.casefold())
        return known

    def _looked_up(self, column: str, name: str) -> tuple[bool, bool, bool]:
        if column == "package":
            return _any(name, self.meeting_packages), _any(name, self.bank_packages), False
        return (
            _any(name, self.meeting_words),
            _any(name, self.bank_words),
            _any(name, self.institutions),
        )


@policy_reader
def load_app_kinds(path: Path) -> AppKinds:
    """Read and check the lists; unknown keys are refused."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
    if not isinstance(data, dict) or set(data) != _KEYS:
        raise invalid(path.name, f"needs {sorted(_KEYS)} and nothing else")
    for kind in ("bank", "meeting"):
        if set(data[kind]) != {"packages", "words"}:
            raise invalid(kind, "needs packages and words and nothing else")
    return AppKinds(
        stores=_texts(data["stores"], "stores"),
        bank_words=_texts(data["bank"]["words"], "bank"),
        bank_packages=_texts(data["bank"]["packages"], "bank"),
        meeting_words=_texts(data["meeting"]["words"], "meeting"),
        meeting_packages=_texts(data["meeting"]["packages"], "meeting"),
        institutions=_texts(data["institutions"], "institutions"),
    )


def _texts(items: object, where: str) -> tuple[str, ...]:
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise invalid(where, "must be a list of texts; quote what consists of digits")
    return tuple(item.casefold() for item in items)


def _any(name: str, words: tuple[str, ...]) -> bool:
    return any(word in name for word in words)
