"""Fusion: findings and context of one person become one risk, in log order, in stream time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from fanzha.detection.arrays import Array
from fanzha.detection.finding import Finding, Role
from fanzha.detection.person.people import People
from fanzha.detection.person.risk import EventRef, Risk
from fanzha.detection.person.v1.calls import start_call, tell_call
from fanzha.detection.person.v1.episode import Episode, View
from fanzha.detection.person.v1.evidence import COLUMNS, PARTIES, take
from fanzha.detection.person.v1.happening import Happening, why
from fanzha.detection.person.v1.suspects import Suspects
from fanzha.detection.person.v1.talks import Talk, Talks
from fanzha.detection.person.v1.verdict import Verdict
from fanzha.detection.reading import Reading
from fanzha.detection.signals import SignalSet
from fanzha.detection.state import packed, unpacked

__all__ = ["Fusion", "FusionLimits"]

_HOUR = 3_600_000
_MARKS_S = (180, 600, 1_200)
_LONG_S = 1_200
"""A running talk with an unknown number from abroad this long is a contact (domain D5)."""
_KEEP_S = 60.0

_AT_RISK = {
    "call": "callee_key",
    "text": "recipient_key",
    "visit": "subscriber_key",
    "app": "subscriber_key",
    "transfer": "payer_key",
    "account": "account_key",
}
_OTHER = {"call": "caller_key", "text": "sender_key", "transfer": "payee_key"}
"""The other side, whose standing as a suspect counts."""
_SUSPECT = {"call": ("caller",), "text": ("sender",), "transfer": ("payer", "payee")}
"""Parties whom a suspect finding may be about."""


@dataclass(frozen=True, slots=True)
class FusionLimits:
    """What fusion keeps at most; beyond it, it counts what it did not keep."""

    episodes: int = 200_000
    episode_ms: int = 72 * _HOUR
    talks: int = 200_000
    talks_ms: int = 24 * _HOUR
    suspects: int = 500_000
    risks_an_episode: int = 12


class Fusion:
    """Keeps an episode a person and says when their risk has risen.

    Deterministic: the same events in the same order give the same risks, however the order is
    cut into batches. Its time is the latest `at` seen in any stream.
    """

    def __init__(
        self, signals: SignalSet, people: People, limits: FusionLimits | None = None
    ) -> None:
        self._people = people
        self._limits = limits or FusionLimits()
        self._verdict = Verdict(signals, people, self._limits.risks_an_episode)
        self._episodes: dict[int, Episode] = {}
        self._talks = Talks(marks_s=_MARKS_S, limit=self._limits.talks)
        self._suspects = Suspects(limit=self._limits.suspects)
        self._clock = 0
        self._swept = 0
        self._views: list[View] = []
        self.refused = 0

    def __len__(self) -> int:
        return len(self._episodes)

    def learn(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take in subject rows; a stranger's episode passes to the person now named."""
        for stranger, person in self._people.learn(rows):
            episode = self._episodes.pop(stranger, None)
            if episode is None:
                continue
            if person in self._episodes:
                self._episodes[person].absorb(episode)
            else:
                self._episodes[person] = episode

    def process(self, reading: Reading) -> list[Risk]:
        """Walk the rows that matter to somebody, in order, then weigh what changed."""
        self._views = []
        found: dict[int, list[Finding]] = {}
        for at_row, finding in reading.findings:
            found.setdefault(at_row, []).append(finding)
        if reading.frame.height:
            for index, clock, row in self._choose(reading):
                self._pass_time(clock)
                self._step(reading.stream, row, found.get(index, ()))
                self._pass_time(clock)
            self._pass_time(_latest(reading.frame))
        return self._verdict.risks(self._views)

    # -- which rows matter ------------------------------------------------------------------

    def _choose(self, reading: Reading) -> list[tuple[int, int, dict[str, Any]]]:
        """(row, clock at it, its values), ascending: findings, people watched, first talks."""
        frame, stream = reading.frame, reading.stream
        if stream not in PARTIES:
            return []
        wanted = {row for row, _ in reading.findings}
        if stream == "call":
            wanted.update(_first_talks(frame, self._talks.running))
        keys = self._keys_at_stake(reading)
        persons = set(self._episodes) | {self._people.of(key) for key in keys}
        persons.discard(None)
        of = self._people.of
        for name in PARTIES[stream] if persons or keys else ():
            for row, key in enumerate(frame[name].to_list()):
                if key and (key in keys or of(key) in persons):
                    wanted.add(row)
        index = sorted(wanted)
        columns = [
            pl.col(c) if c in frame.columns else pl.lit(None).alias(c) for c in COLUMNS[stream]
        ]
        values = frame[index].select(columns).with_columns(pl.col("at").to_physical()).to_dicts()
        clock = np.maximum.accumulate(frame["at"].to_physical().to_numpy())
        return [
            (row, max(self._clock, int(clock[row])), value)
            for row, value in zip(index, values, strict=True)
        ]

    def _keys_at_stake(self, reading: Reading) -> set[int]:
        """Keys of those who may get an episode within this batch: their rows are walked too."""
        frame, stream = reading.frame, reading.stream
        keys: set[int] = set()
        suspects: set[int] = set()
        for row, finding in reading.findings:
            if finding.role is Role.AT_RISK:
                keys.add(frame[_AT_RISK[stream]][row])
            elif stream in ("call", "text"):
                suspects.add(frame[_OTHER[stream]][row])
        for caller in suspects:
            keys.update(talk.callee for talk in self._talks.of(caller, 0))
        if stream == "call":
            risky = pl.col("caller_key").is_in(sorted(suspects)) | pl.col("from_abroad")
            first = frame.filter(pl.col("strange") & risky)
            keys.update(first["callee_key"].to_list())
        keys.update(talk.callee for talk in self._talks.coming(_latest(frame)) if talk.overseas)
        return keys

    # -- one row ------------------------------------------------------------------------------

    def _step(self, stream: str, row: dict[str, Any], findings: Iterable[Finding]) -> None:
        at_risk = None
        for finding in findings:
            if finding.role is Role.AT_RISK:
                at_risk = finding
            else:
                self._suspect(stream, finding, row)
        other = row.get(_OTHER.get(stream, "")) or 0
        suspicion = self._suspects.score(other, row["at"]) if other else 0.0
        if at_risk is not None:
            self._open(row[_AT_RISK[stream]], at_risk, row["at"])
        if stream == "call":
            self._note_talk(row)
        for name in dict.fromkeys(PARTIES[stream]):
            key = row[name]
            person = self._people.of(key) if key else None
            episode = self._live_episode(person)
            if person is None or episode is None:
                continue
            mine = at_risk if key == row[_AT_RISK[stream]] else None
            met = suspicion if name == _AT_RISK[stream] else 0.0
            if take(episode, Happening(stream, row, key, met, mine)):
                self._views.append(episode.view(person, max(row["at"], episode.opened_at)))

    def _open(self, key: int, finding: Finding, at: int) -> Episode | None:
        person = self._people.stranger(
            key, finding.subject, account=finding.subject_kind.value == "account"
        )
        return None if person is None else self._episode_of(person, at)

    def _episode_of(self, person: int, at: int) -> Episode | None:
        """The person's running episode, or a new one; None when there is no room."""
        episode = self._live_episode(person)
        if episode is None:
            if person not in self._episodes and len(self._episodes) >= self._limits.episodes:
                self.refused += 1
                return None
            episode = self._episodes[person] = Episode(opened_at=at, found_at=at)
        return episode

    def _live_episode(self, person: int | None) -> Episode | None:
        """One that has ended counts no more; it is swept out on the hour."""
        episode = self._episodes.get(person) if person is not None else None
        if episode is not None and self._clock - episode.found_at > self._limits.episode_ms:
            return None
        return episode

    # -- numbers that become suspected after the talk ---------------------------------------

    def _suspect(self, stream: str, finding: Finding, row: Mapping[str, Any]) -> None:
        """Note the party that the finding is about, and reach those it has talked to."""
        key = next((row[f"{p}_key"] for p in _SUSPECT[stream] if row[p] == finding.subject), 0)
        if not key:
            return
        self._suspects.note(key, finding.score, finding.at)
        for talk in self._talks.of(key, self._clock - self._limits.talks_ms):
            if talk.call_id != row.get("call_id"):
                self._reach(talk, finding)

    def _reach(self, talk: Talk, finding: Finding | None) -> None:
        """Whoever talked to this number is in contact with it, though nothing was known then."""
        at = self._clock
        person = self._people.stranger(talk.callee, talk.callee_normal, account=False)
        episode = None if person is None else self._episode_of(person, talk.answered_at)
        if person is None or episode is None:
            return
        episode.found_at = max(episode.found_at, at)
        if talk.caller not in episode.numbers:
            episode.add("calls_n")
        episode.remember("numbers", talk.caller)
        episode.facts["call_overseas"] |= talk.overseas
        if finding is not None:
            episode.found(finding, at)
            episode.raise_to("call_score", finding.score)
            episode.say("call_why", why(finding), finding.score)
        if talk.ended_at is None:
            start_call(episode, talk.call_id, talk.answered_at, talk.ref)
        else:
            episode.raise_to("talk_max_s", talk.seconds(at))
            episode.raise_to("talk_sum_s", talk.seconds(at))
        tell_call(episode, talk.ref, talk.caller_normal, talk.answered_at, talk.ended_at)
        self._views.append(episode.view(person, at))

    def _note_talk(self, row: Mapping[str, Any]) -> None:
        """A stranger's call that is picked up, or that ends; finished calls come as ends alone."""
        at, talked = row["at"], row["talk_s"] or 0.0
        if row["phase"] == "answer" and row["strange"]:
            self._talks.answered(_talk(row, at, None))
        elif row["phase"] == "end":
            ended = self._talks.ended(row["caller_key"], row["call_id"], at, keep_s=_KEEP_S)
            if ended is None and row["strange"] and talked >= _KEEP_S:
                self._talks.answered(_talk(row, at - int(1000 * talked), at))

    def _pass_time(self, clock: int) -> None:
        """Advance stream time: talks that reach a mark on the way are looked at again, and on
        every full hour what has ended is forgotten, at the same point of the order always."""
        if not (self._episodes or len(self._talks) or len(self._suspects)):
            self._swept = max(self._swept, clock // _HOUR)
        while self._swept < clock // _HOUR:
            self._swept += 1
            self._ring(self._swept * _HOUR)
            self._sweep(self._swept * _HOUR)
        self._ring(clock)
        self._clock = max(self._clock, clock)

    def _ring(self, clock: int) -> None:
        for when, talk in self._talks.due(clock):
            self._clock = max(self._clock, when)
            if talk.overseas and talk.seconds(when) >= _LONG_S:
                self._reach(talk, None)
                continue
            person = self._people.of(talk.callee)
            episode = self._live_episode(person)
            if person is not None and episode is not None and str(talk.call_id) in episode.live:
                self._views.append(episode.view(person, when))

    def _sweep(self, now: int) -> None:
        ended = [
            person
            for person, episode in self._episodes.items()
            if now - episode.found_at > self._limits.episode_ms
        ]
        for person in ended:
            del self._episodes[person]
        self._talks.forget(now - self._limits.talks_ms)
        self._suspects.forget(now)

    # -- state --------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Array]:
        plain = {
            "episodes": [[person, e.to_json()] for person, e in self._episodes.items()],
            "talks": self._talks.to_json(),
            "suspects": self._suspects.to_json(),
            "clock": self._clock,
            "swept": self._swept,
            "refused": self.refused,
        }
        return {"fusion": packed(plain)}

    def restore(self, state: Mapping[str, Array]) -> None:
        plain = unpacked(state["fusion"])
        self._episodes = {person: Episode.from_json(e) for person, e in plain["episodes"]}
        self._talks.from_json(plain["talks"])
        self._suspects.from_json(plain["suspects"])
        self._clock, self._swept = plain["clock"], plain["swept"]
        self.refused = plain["refused"]


def _first_talks(frame: pl.DataFrame, running: list[int]) -> list[int]:
    """Rows where somebody picks up a stranger's call, and where such a call ends."""
    picked_up = (pl.col("phase") == "answer") & pl.col("strange")
    ended = pl.col("phase") == "end"
    begun = frame.filter(picked_up)["call_id"].to_list()
    ends = ended & (pl.col("strange") | pl.col("call_id").is_in({*running, *begun}))
    return frame.select((picked_up | ends).fill_null(False).arg_true())[:, 0].to_list()


def _talk(row: Mapping[str, Any], at: int, ended_at: int | None) -> Talk:
    return Talk(
        row["call_id"], row["caller_key"], row["caller"], row["callee_key"], row["callee"],
        at, ended_at, bool(row["from_abroad"]), EventRef("call", row["source"], row["event_id"]),
    )  # fmt: skip


def _latest(frame: pl.DataFrame) -> int:
    return int(frame["at"].to_physical().max())  # type: ignore[arg-type]
