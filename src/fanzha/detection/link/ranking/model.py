"""The trained number of an address: name by linear pieces and trees, path beside it, bounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled
from fanzha.detection.link.ranking.columns import (
    COLUMNS,
    known_as,
    measure_names,
    measure_paths,
    name_keys,
)
from fanzha.detection.link.ranking.forest import Forest
from fanzha.detection.link.ranking.grams import NAME_BITS, PATH_BITS
from fanzha.detection.link.ranking.policy import RankingPolicy, load_ranking
from fanzha.detection.link.v1.address import (
    ADDRESS,
    BARE_SUFFIX,
    CODE,
    FLAGS,
    HOST,
    HOST_END,
    I32,
    OWN,
    OWN_END,
    PLATFORM,
    PORT,
    U64,
    USER,
    USER_END,
    VALID,
)
from fanzha.detection.link.v1.columns import likenesses
from fanzha.detection.link.v1.lookalike import CLOSED, DRAWN_ALIKE, FOUND, KINDS, SITE_IN_FRONT
from fanzha.detection.link.v1.names import Addresses
from fanzha.detection.link.v1.paths import ends_with_any
from fanzha.detection.link.v1.scripts import Scripts
from fanzha.detection.link.v1.tables import Tables
from fanzha.detection.model_file import ModelFile, read_model
from fanzha.errors import Misconfigured

__all__ = ["HERE", "RARITIES", "Ranked", "Ranker", "registrable", "sigmoid"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
HERE = Path(__file__).parent / "link.model"
"""The model that ships."""
RARITIES = np.arange(0.5, 3.51, 0.25)
"""Tail shares of ordinary names, as powers of ten, at which the name's log-odds is kept."""

_LINEAR = 0.02
_SHORT = 4
"""Letters up to which words resemble each other by chance."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """One row an address, NaN where it is none. `score` is the probability of a scam where scam
    and ordinary addresses are equally many; the others are the log-odds it is made of, but
    for `look_alike`, a weight in [0, 1)."""

    score: F64
    name: F32
    path: F32
    known: F32
    look_alike: F64
    columns: F32
    """(rows, COLUMNS)."""


@dataclass(frozen=True, eq=False)
class Ranker:
    """A trained model with the tables and policy it works with."""

    tables: Tables
    scripts: Scripts
    policy: RankingPolicy
    name_weights: F32
    name_bias: float
    forest: Forest
    scale: tuple[float, float]
    """Slope and intercept from the trees' sum to log-odds."""
    path_weights: F32
    path_line: tuple[float, float]
    """Slope and intercept from the path's linear sum to log-odds."""
    known_keys: U64
    known_values: F32
    knots: F64
    version: str
    about: Mapping[str, Any]

    @classmethod
    def load(cls, tables: Tables, policies: Path, path: Path = HERE) -> Ranker:
        """Read a model file; `Misconfigured` where it is no link model of this version."""
        return cls.of(read_model(path, "link"), tables, policies)

    @classmethod
    def of(cls, file: ModelFile, tables: Tables, policies: Path) -> Ranker:
        """From a model read or just trained."""
        numbers = file.array("numbers", "f", 5).astype(np.float64)
        name_weights = file.array("name_weights", "f", 1 << NAME_BITS)
        path_weights = file.array("path_weights", "f", 1 << PATH_BITS)
        knots = file.array("knots", "f", RARITIES.size)
        known = file.array("known_keys", "u", None), file.array("known_values", "u", None)
        try:
            name_bias, slope, shift, path_slope, path_shift = (float(n) for n in numbers)
            keys, values = _open_table(*known)
            ranker = cls(
                tables, Scripts(tables.organisations), load_ranking(policies / "link-ranking.yaml"),
                name_weights.astype(np.float32), name_bias,
                Forest.of_file(file, len(COLUMNS)), (slope, shift),
                path_weights.astype(np.float32), (path_slope, path_shift),
                keys, values, knots.astype(np.float64), file.version, file.about,
            )  # fmt: skip
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise _bad(type(error).__name__) from error
        return ranker

    def score(self, addresses: Addresses, found: I32 | None = None) -> Ranked:
        """`found` as `likenesses` gives it, where it is at hand already."""
        if found is None:
            found = likenesses(addresses, self.tables, self.scripts)
        data, offsets, parts = addresses.data, addresses.offsets, addresses.parts
        columns = measure_names(
            data, offsets, parts, found[:, FOUND], self.name_weights, self.name_bias
        )
        named = columns[:, COLUMNS.index("own_size")] > 0
        raw = raw_of(self.forest, columns)
        name = raw * np.float32(self.scale[0]) + np.float32(self.scale[1])
        name[~named] = 0.0
        path = measure_paths(data, offsets, parts, self.path_weights, 0.0)
        has = path != 0.0
        path[has] = path[has] * np.float32(self.path_line[0]) + np.float32(self.path_line[1])
        np.clip(path, self.policy.path_least, self.policy.path_most, out=path)
        values = np.array([0.0, self.policy.known_ordinary, self.policy.known_scam], np.float32)
        kept = known_as(name_keys(data, offsets, parts), self.known_keys, self.known_values)
        known = values[kept.astype(np.int64)]
        odds = name + path + known + self._stands(addresses)
        look_alike = self._look_alike(addresses, found)
        look_alike[(known < 0) & (found[:, FOUND] != SITE_IN_FRONT)] = 0.0
        score = 1.0 - (1.0 - look_alike) * (1.0 - sigmoid(odds.astype(np.float64)))
        score[parts[:, FLAGS] & VALID == 0] = np.nan
        return Ranked(score, name, path, known, look_alike, columns)

    def seen(self, addresses: Addresses) -> Bools:
        """Whether the registered name stood in training."""
        keys = name_keys(addresses.data, addresses.offsets, addresses.parts)
        seen: Bools = known_as(keys, self.known_keys, self.known_values + 1.0) > 0
        return seen

    def within(self, addresses: Addresses) -> Bools:
        """Whether it is an IP address that is not of the public network."""
        out = np.zeros(len(addresses), np.bool_)
        for row in np.flatnonzero(addresses.parts[:, FLAGS] & ADDRESS).tolist():
            out[row] = not _public(addresses, row)
        return out

    def one_in(self, name: F32) -> F64:
        """About one ordinary name in so many has such log-odds; 1 below the first knot."""
        rarity: F64 = np.interp(name.astype(np.float64), self.knots, RARITIES, left=0.0)
        return 10.0**rarity

    def _look_alike(self, addresses: Addresses, found: I32) -> F64:
        """What the policy gives a likeness of its kind, where it stands."""
        policy, parts = self.policy, addresses.parts
        plain, hosted = (
            np.array([weights.get(kind, 0.0) for kind in KINDS])
            for weights in (policy.look_alike, policy.look_alike_on_platform)
        )
        kinds = found[:, FOUND]
        out: F64 = np.where(parts[:, FLAGS] & PLATFORM != 0, hosted[kinds], plain[kinds])
        short = (kinds == DRAWN_ALIKE) & (parts[:, OWN_END] - parts[:, OWN] <= _SHORT)
        out[short] = policy.short_drawn_alike
        out[parts[:, CODE] > 0] = 0.0
        return out

    def _stands(self, addresses: Addresses) -> F32:
        """What the policy adds for where an address stands."""
        policy, parts = self.policy, addresses.parts
        flags, codes, ports = parts[:, FLAGS], parts[:, CODE], parts[:, PORT]
        out = np.zeros(len(addresses), np.float32)
        out[codes > 0] += policy.held
        out[codes == CLOSED] += policy.closed
        out[parts[:, USER_END] > parts[:, USER]] += policy.user
        odd = ports >= 0
        if odd.any():
            out[odd & ~np.isin(ports, self.tables.lists.usual_ports)] += policy.odd_port
        out[ends_with_any(addresses, self.tables.installers)] += policy.installer
        for row in np.flatnonzero(flags & ADDRESS).tolist():
            if _public(addresses, row):
                out[row] += policy.bare_address
        return out


def _public(addresses: Addresses, row: int) -> bool:
    """Whether the host, an IP address, is one of the public network."""
    return ip_address(addresses.text(row, HOST, HOST_END).strip("[]")).is_global


def raw_of(forest: Forest, columns: F32) -> F32:
    """The trees' sum with a little of the linear score, which orders what the trees hold equal."""
    out: F32 = forest.raw(columns) + np.float32(_LINEAR) * columns[:, 0]
    return out


def registrable(addresses: Addresses, row: int) -> str:
    """What one registrant holds of the host; the host itself where it is a suffix or address."""
    if addresses.parts[row, FLAGS] & BARE_SUFFIX:
        return addresses.text(row, HOST, HOST_END)
    return addresses.text(row, OWN, HOST_END)


def sigmoid(odds: F64) -> F64:
    """Log-odds to probability."""
    out: F64 = 1.0 / (1.0 + np.exp(-np.clip(odds, -40.0, 40.0)))
    return out


def _open_table(keys: npt.NDArray[Any], values: npt.NDArray[Any]) -> tuple[U64, F32]:
    """The open-addressed form of sorted keys and what each was: 0 both, 1 ordinary, 2 scam."""
    if keys.shape != values.shape or keys.dtype != np.uint64 or values.dtype != np.uint8:
        raise ValueError("known names")
    if (values > 2).any() or (keys[1:] <= keys[:-1]).any():
        raise ValueError("known names")
    size = 1 << 10
    while size < 3 * keys.size:
        size *= 2
    table, held = np.zeros(size, np.uint64), np.zeros(size, np.float32)
    _fill(keys, values, table, held)
    return table, held


@compiled
def _fill(keys: U64, values: npt.NDArray[np.uint8], table: U64, held: F32) -> None:
    mask = np.uint64(table.size - 1)
    for k in range(keys.size):
        slot = (keys[k] ^ (keys[k] >> np.uint64(29))) & mask
        while table[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = keys[k]
        held[slot] = values[k]


def _bad(what: str) -> Misconfigured:
    return Misconfigured(
        "model_invalid",
        zh=f"链接模型有误：{what}",
        en=f"the link model is wrong: {what}",
        field="model",
    )
