"""All features of all channels: their words beside their declarations, and which signals read them.

One place to ask what is known of a row, what it means, how it is counted and whence it comes. Live
channels do not read it: their windows are declared beside them, and tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fanzha.detection.account.v1 import graph as account_graph
from fanzha.detection.account.v1 import windows as account
from fanzha.detection.account.v1.channel import HOLDER_SCHEMA, PAYER_SCHEMA
from fanzha.detection.call.v1 import windows as call
from fanzha.detection.call.v1.schema import CALLEE_SCHEMA, CALLER_SCHEMA, CHECKING_SCHEMA
from fanzha.detection.person.v1.episode import FACTS, SPOKEN
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import SignalSet
from fanzha.detection.text.v1 import windows as text
from fanzha.detection.text.v1.channel import RECIPIENT_SCHEMA, SENDER_SCHEMA
from fanzha.features.catalogue import EVERYWHERE, FeatureFile, Meaning, Standing, load_features
from fanzha.features.declare import Feature, Window
from fanzha.features.graph.catalogue import meanings

__all__ = ["Catalogued", "Reads", "catalogue", "declared", "signal_sets"]

_WINDOWS: Mapping[str, tuple[Sequence[Window], Sequence[Window]]] = {
    "call": (call.WINDOWS, call.CATALOGUED),
    "account": (account.WINDOWS, account.CATALOGUED),
    "text": (text.WINDOWS, ()),
}
"""By channel: what is counted live, and what is only declared."""
_FILES: Mapping[str, tuple[str, str, Mapping[str, object], tuple[str, ...]]] = {
    "call_caller": ("call", "detection/call-v1-caller.yaml", CALLER_SCHEMA, ()),
    "call_callee": ("call", "detection/call-v1-callee.yaml", CALLEE_SCHEMA, ("caller_why",)),
    "call_checking": ("call", "detection/call-v1-checking.yaml", CHECKING_SCHEMA, ()),
    "transfer_holder": ("account", "detection/account-v1-holder.yaml", HOLDER_SCHEMA, ()),
    "transfer_payer": ("account", "detection/account-v1-payer.yaml", PAYER_SCHEMA, ("payee_why",)),
    "text_recipient": ("text", "text/text-v1-recipient.yaml", RECIPIENT_SCHEMA, ()),
    "text_sender": ("text", "text/text-v1-sender.yaml", SENDER_SCHEMA, ()),
    "person": ("person", "detection/person-v1.yaml", {n: k for n, (k, _) in FACTS.items()}, SPOKEN),
}
"""By rows: channel, signal file, the columns it may read, and words it may say."""
_MEASURES = {"transfers": "count", "accounts": "count", "0–1": "share"}
"""Units of the graph, which say what is counted, as units of the catalogue."""


@dataclass(frozen=True, slots=True)
class Reads:
    """A signal that reads a feature."""

    rows: str
    code: str


@dataclass(frozen=True)
class Catalogued:
    """One feature: what it means, how it is counted, who reads it."""

    meaning: Meaning
    channel: str
    rows: tuple[str, ...]
    standing: Standing
    window: Window | None
    """None where it is made of other features, or kept by the graph or an episode."""
    feature: Feature | None
    sql: str
    """How a signal file makes it; empty elsewhere."""
    readers: tuple[Reads, ...]

    @property
    def name(self) -> str:
        return self.meaning.name

    @property
    def key(self) -> tuple[str, ...]:
        return self.window.key if self.window is not None else ()

    @property
    def stream(self) -> str:
        """Stream of rows that its window counts; empty where no window does."""
        return self.window.stream if self.window is not None else ""

    @property
    def made(self) -> str:
        """How it is made, in SQL or in words; empty where a window counts it."""
        return self.sql or self.meaning.made


def declared(channel: str) -> Iterator[tuple[Window, Feature, bool]]:
    """Every feature that a window of the channel counts; whether it is counted live."""
    live, asked = _WINDOWS.get(channel, ((), ()))
    for windows, is_live in ((live, True), (asked, False)):
        for window in windows:
            for feature in window.features:
                yield window, feature, is_live


def signal_sets(policies: Path) -> dict[str, SignalSet]:
    """The shipped signal files, by the rows that they weigh."""
    return {
        rows: load_signals(policies / file, dict(schema), spoken=spoken)  # type: ignore[arg-type]
        for rows, (_, file, schema, spoken) in _FILES.items()
    }


def catalogue(policies: Path) -> tuple[Catalogued, ...]:
    """Every feature there is: channel after channel, in the order of the files."""
    files = load_features(policies / "features")
    sets = signal_sets(policies)
    found = [one for file in files.values() for one in _of_file(file, sets)]
    return (*found, *_of_graph(sets["transfer_holder"]))


def _of_file(file: FeatureFile, sets: Mapping[str, SignalSet]) -> Iterator[Catalogued]:
    counted = {f.name: (window, f) for window, f, _ in declared(file.channel)}
    mine = {rows: s for rows, s in sets.items() if _FILES[rows][0] == file.channel}
    reads, made = _readers(mine), {d.name: d.sql for s in mine.values() for d in s.derived}
    parts = [
        *((Standing.LIVE, file.rows if code == EVERYWHERE else (code,), part)
          for code, part in file.live.items()),
        (Standing.INNER, (), file.inner),
        (Standing.CATALOGUED, (), file.catalogued),
    ]  # fmt: skip
    for standing, rows, meant in parts:
        for name, meaning in meant.items():
            window, feature = counted.get(name, (None, None))
            if meaning.made:
                window = feature = None
            readers = [r for r in reads.get(name, ()) if r.rows in rows or r.rows not in file.rows]
            yield Catalogued(
                meaning, file.channel, rows, standing, window, feature,
                made.get(name, ""), tuple(readers),
            )  # fmt: skip


def _of_graph(holder: SignalSet) -> Iterator[Catalogued]:
    """What the graph tells of a transfer; rows carry it by side, under the names of the file."""
    for meaning in meanings(account_graph.WINDOW):
        measured = Meaning(
            meaning.name, meaning.zh, meaning.en, _MEASURES.get(meaning.unit, meaning.unit),
            meaning.source, meaning.cut_by, f"graph {account_graph.WINDOW.name}",
        )  # fmt: skip
        yield Catalogued(measured, "graph", (), Standing.INNER, None, None, "", ())


def _readers(sets: Mapping[str, SignalSet]) -> dict[str, list[Reads]]:
    """By feature, the signals that read it, themselves or through what is made of it."""
    found: dict[str, list[Reads]] = {}
    for rows, signals in sets.items():
        made = {d.name: d.columns for d in signals.derived}
        for signal in signals.signals:
            for name in _reached(signal.columns, made):
                found.setdefault(name, []).append(Reads(rows, signal.code))
    return found


def _reached(names: frozenset[str], made: Mapping[str, frozenset[str]]) -> set[str]:
    reached: set[str] = set()
    asked = set(names)
    while asked:
        name = asked.pop()
        if name not in reached:
            reached.add(name)
            asked |= made.get(name, frozenset())
    return reached
