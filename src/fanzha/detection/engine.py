"""The engine: events in log order become findings and risks; pure, repeatable, one state."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

import fanzha
from fanzha.detection.account.v1.channel import AccountChannel
from fanzha.detection.app.v1.channel import AppChannel
from fanzha.detection.arrays import Array, Bools, frame_of, instants, keys_of
from fanzha.detection.call.v1.channel import CallChannel
from fanzha.detection.finding import Finding
from fanzha.detection.link.v1.channel import LinkChannel
from fanzha.detection.link.v1.model import MODEL_FILE
from fanzha.detection.person.people import People
from fanzha.detection.person.risk import Risk
from fanzha.detection.person.v1.episode import FACTS, SPOKEN
from fanzha.detection.person.v1.fusion import Fusion
from fanzha.detection.person.v1.limits import load_limits
from fanzha.detection.reading import Reading
from fanzha.detection.rules.names import load_catalogue
from fanzha.detection.rules.ruleset import EMPTY, RuleSet
from fanzha.detection.rules.tally import Counted, Tally
from fanzha.detection.rules.watch import watches
from fanzha.detection.signal_file import load_signals
from fanzha.detection.state import part, prefixed
from fanzha.detection.taxonomy import TAXONOMY_FILE
from fanzha.detection.text.v1.channel import MODEL_FILES, TextChannel
from fanzha.errors import Refused
from fanzha.features.declare import Window
from fanzha.features.live import FeatureSet, MakeFeatures
from fanzha.records.dedupe import Repeats
from fanzha.records.schemas import STREAMS

__all__ = ["Engine", "Outcome"]

_FORM = "4"
"""Raised when the code gives other answers, or keeps other state, for the same events."""
_MODELS = (*MODEL_FILES, MODEL_FILE)
"""Files of trained numbers that ship and that a finding may rest on."""
_SUBJECT = ("person", "number", "number_key", "account", "account_key", "district", "birth_year")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one entry of the log came to."""

    findings: tuple[Finding, ...] = ()
    risks: tuple[Risk, ...] = ()
    duplicates: int = 0
    """Rows whose event had come before; they were passed over."""
    newest_at: int | None = None
    """Latest `at` of the entry's rows, ms UTC; None when it had none."""
    late: int = 0
    """Rows too old to be counted in the windows; they were scored all the same."""
    refused: int = 0
    """Keys, persons and episodes that found no room."""
    stages: Mapping[str, int] = field(default_factory=dict)
    """Of texts: how many each stage of the text channel decided."""
    counted: Counted | None = None
    """What rules and scores came to; None where no rule set is in force."""


class _Keeper(Protocol):
    """A part with memory. Its snapshot shares nothing with it; restore only into a new one."""

    def snapshot(self) -> dict[str, Array]: ...

    def restore(self, state: dict[str, Array], /) -> None: ...


class Engine:
    """All channels and the fusion over them.

    The channels do not know each other: what one needs of another (who is on the line, who sent
    suspected texts, what a link in a text is worth) passes through here. The same entries in the
    same order give the same outcome, however their rows are cut into entries of one stream.
    """

    def __init__(
        self,
        policies: Path,
        *,
        dedupe_hours: int = 24,
        features: MakeFeatures = FeatureSet,
        observe: Callable[[Reading], None] = lambda reading: None,
    ) -> None:
        """`features` makes the windows of every channel; `observe` is shown what each read."""
        signals = policies / "detection"
        self._windows: list[FeatureSet] = []

        def made(windows: Iterable[Window]) -> FeatureSet:
            self._windows.append(features(windows))
            return self._windows[-1]

        self._observe = observe
        self._repeats = Repeats(hours=dedupe_hours)
        self._calls = CallChannel(signals, made)
        self._accounts = AccountChannel(signals, made)
        self._apps = AppChannel(signals)
        self._texts = TextChannel(policies, features=made)
        self._links = LinkChannel(signals)
        self._people = People()
        schema = {name: kind for name, (kind, _) in FACTS.items()}
        weights = load_signals(signals / "person-v1.yaml", schema, spoken=SPOKEN)
        limits = load_limits(signals / "person-v1-limits.yaml")
        self._fusion = Fusion(weights, self._people, limits)
        self._names = policies / "workshop" / "names.yaml"
        self._tally = Tally()
        self.rules: RuleSet | None = None
        """The workshop's rules in force; None: none were ever given, and nothing is counted."""
        self.state_version = f"{fanzha.__version__}-{_FORM}-{dedupe_hours}-{_fingerprint(policies)}"
        """Snapshots of another version are of no use to this one; rules do not touch it."""

    @property
    def version(self) -> str:
        """What findings rest on: code, policies, and the rules in force."""
        return f"{self.state_version}-{(self.rules or EMPTY).digest}"

    def warm(self) -> None:
        """Load what is otherwise loaded by the first event that needs it, and would wait for it."""
        self._texts.warm()

    def use_rules(self, rules: RuleSet, *, keep_found: bool = False) -> None:
        """Go by these rules from the next entry on. What is remembered stays.

        `keep_found` lists each case beside the counts, for a rehearsal over the past.
        """
        self.rules = rules
        self._tally.keep_found = keep_found
        found = watches(rules, load_catalogue(self._names), self._tally, self._area_of)
        for owner in (self._calls, self._accounts, self._texts, self._links, self._apps,
                      self._fusion):  # fmt: skip
            owner.use_rules(found)

    def residents(self, born_before: int) -> tuple[int, int]:
        """How many persons the registry has named, and how many of them were born before a year."""
        named = [self._people[n] for n in range(len(self._people))]
        known = [p for p in named if p.registered]
        return len(known), sum(p.birth_year is not None and p.birth_year < born_before
                               for p in known)  # fmt: skip

    def birth_year(self, key: int) -> int | None:
        """Of whoever a number or account leads to; None where nobody has said."""
        person = self._people.of(key)
        return None if person is None else self._people[person].birth_year

    def _area_of(self, key: int) -> str | None:
        """The district of whoever a number or account leads to."""
        person = self._people.of(key)
        return None if person is None else self._people[person].district

    def process(self, position: int, stream: str, batch: pa.RecordBatch) -> Outcome:
        """Take in one entry: rows of one stream as the door admitted them, in order.

        `position` is where the entry stands in the log; the answer does not depend on it.
        """
        if stream not in STREAMS:
            raise Refused(
                "stream_unknown", zh="没有这个数据流", en="there is no such stream", field="stream"
            )
        if not batch.num_rows:
            return Outcome()
        refused = self._refused
        repeated = self._repeated(batch)
        duplicates = int(repeated.sum())
        newest_at = int(np.max(_ticks(batch)))
        if duplicates:
            batch = batch.filter(pa.array(~repeated))
        if not batch.num_rows:
            return Outcome(duplicates=duplicates, newest_at=newest_at)
        reading, risks = self._read(stream, frame_of(batch))
        self._observe(reading)
        return Outcome(
            findings=tuple(finding for _, finding in reading.findings),
            risks=tuple(risks),
            duplicates=duplicates,
            newest_at=newest_at,
            late=reading.late,
            refused=self._refused - refused,
            stages=reading.stages,
            counted=self._tally.take() if self.rules is not None else None,
        )

    def _read(self, stream: str, batch: pl.DataFrame) -> tuple[Reading, list[Risk]]:
        if stream == "subject":
            rows = batch.select(*_SUBJECT, pl.col("at").to_physical()).to_dicts()
            return Reading(stream, batch), self._fusion.learn(rows)
        reading = self._channel(stream, batch)
        return reading, self._fusion.process(reading)

    def _channel(self, stream: str, batch: pl.DataFrame) -> Reading:
        match stream:
            case "line":
                self._calls.read_lines(batch)
                return Reading(stream, batch)
            case "call":
                texted = self._texts.texted(keys_of(batch, "caller_key"), instants(batch))
                return self._calls.read(batch, texted)
            case "text":
                batch = batch.hstack([*self._calls.read_texts(batch).values()])
                return self._texts.read(batch, self._link_scores(batch))
            case "visit":
                self._calls.read_visits(batch)
                return self._links.read(batch)
            case "app":
                on_line = self._calls.read_acts(batch, self._lines(batch, "subscriber"))
                return self._apps.read(batch, on_line)
            case "account":
                return self._accounts.read_accounts(batch)
            case _:
                return self._accounts.read(batch, self._on_line(batch, "payer"))

    def _on_line(self, batch: pl.DataFrame, who: str) -> dict[str, pl.Series]:
        """Whether the owner of each number or account is on the line, and with a stranger."""
        return self._calls.on_line(self._lines(batch, who), instants(batch))

    def _lines(self, batch: pl.DataFrame, who: str) -> npt.NDArray[np.uint64]:
        """The number of each owner; 0 where none is known."""
        keys = keys_of(batch, f"{who}_key")
        lines = self._people.lines_of(keys)
        if who == "subscriber":
            is_account = (batch["subscriber_kind"] == "account").to_numpy()
            lines = np.where(is_account, lines, keys)
        return lines

    def _link_scores(self, batch: pl.DataFrame) -> npt.NDArray[np.float64]:
        """The worst address in each text; 0 where there is none."""
        scores = np.zeros(batch.height)
        rows, urls = self._texts.urls(batch)
        if urls:
            np.maximum.at(scores, rows, self._links.score(urls))
        return scores

    def _repeated(self, batch: pa.RecordBatch) -> Bools:
        """Which rows' `(source, event_id)` has come before."""
        sources = batch.column("source").dictionary_encode()
        ids, at = batch.column("event_id").to_numpy(), _ticks(batch)
        names = sources.dictionary.to_pylist()
        if len(names) == 1:
            return self._repeats.seen(names[0], ids, at)
        places = sources.indices.to_numpy()
        repeated = np.zeros(len(ids), dtype=np.bool_)
        for place, name in enumerate(names):
            mine = places == place
            repeated[mine] = self._repeats.seen(name, ids[mine], at[mine])
        return repeated

    @property
    def _refused(self) -> int:
        return (
            self._calls.refused + self._accounts.refused + self._texts.refused
            + self._people.refused + self._fusion.refused
        )  # fmt: skip

    def snapshot(self) -> dict[str, Array]:
        """Everything it remembers, as arrays that share nothing with it."""
        return {
            name: array
            for prefix, owner in self._parts.items()
            for name, array in prefixed(prefix, owner.snapshot()).items()
        }

    def begin_snapshot(self) -> dict[str, Array]:
        """The same, but of the windows only begun: whole once `copy_more` says so. It is of this
        instant, whatever is processed meanwhile; nothing waits while all memory is copied."""
        for windows in self._windows:
            windows.slowly = True
        try:
            return self.snapshot()
        finally:
            for windows in self._windows:
                windows.slowly = False

    def copy_more(self, size: int) -> bool:
        """Copy about so many bytes more of the snapshot begun last; whether any are left. A new
        snapshot gives up one that is not whole yet."""
        return any(windows.copy_more(size) for windows in self._windows)

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over a snapshot of the same version; only into a new engine."""
        for prefix, owner in self._parts.items():
            owner.restore(part(prefix, state))

    @property
    def _parts(self) -> dict[str, _Keeper]:
        return {
            "repeats": self._repeats,
            "calls": self._calls,
            "accounts": self._accounts,
            "texts": self._texts,
            "links": self._links,
            "people": self._people,
            "fusion": self._fusion,
            "rules": self._tally,
        }


def _ticks(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    ticks: npt.NDArray[np.int64] = batch.column("at").cast(pa.int64()).to_numpy()
    return ticks


def _fingerprint(policies: Path) -> str:
    """Of every policy file and model that a finding or a risk may depend on."""
    digest = hashlib.blake2b(digest_size=8)
    for model in _MODELS:
        digest.update(model.read_bytes())
    folders = [sorted((policies / folder).rglob("*.*")) for folder in ("detection", "text")]
    for path in (policies / TAXONOMY_FILE, *(path for paths in folders for path in paths)):
        digest.update(path.relative_to(policies).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
