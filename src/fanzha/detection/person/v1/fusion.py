"""Fusion: findings and context of one person become one risk, in log order, in stream time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from fanzha.detection.arrays import Array, instants
from fanzha.detection.finding import Finding, Role
from fanzha.detection.person.people import People
from fanzha.detection.person.risk import Risk
from fanzha.detection.person.v1.calls import drop_ended, start_call, tell_call
from fanzha.detection.person.v1.episode import Episode, View
from fanzha.detection.person.v1.evidence import PARTIES, rows_of, take
from fanzha.detection.person.v1.happening import Happening, why
from fanzha.detection.person.v1.lately import Lately
from fanzha.detection.person.v1.limits import FusionLimits
from fanzha.detection.person.v1.recent import Recent
from fanzha.detection.person.v1.running import Running
from fanzha.detection.person.v1.suspects import Suspects
from fanzha.detection.person.v1.talks import Talk, Talks
from fanzha.detection.person.v1.traced import payments_to, trace
from fanzha.detection.person.v1.verdict import Verdict
from fanzha.detection.reading import Reading
from fanzha.detection.signals import SignalSet, Watcher
from fanzha.detection.state import packed, part, prefixed, unpacked

__all__ = ["Fusion"]

_HOUR = 3_600_000
_DAY = 24 * _HOUR

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


class Fusion:
    """Keeps an episode a person and says when their risk has risen.

    Deterministic: the same events in the same order give the same risks, however the order is
    cut into batches. Its time is the latest `at` seen in any stream.
    """

    def __init__(self, signals: SignalSet, people: People, limits: FusionLimits) -> None:
        self._people = people
        self._limits = limits
        self._verdict = Verdict(signals, people, limits.risks_an_episode)
        self._episodes: dict[int, Episode] = {}
        self._talks = Talks(limit=limits.talks)
        self._lately = Lately(limit=limits.lately)
        self._recent = Recent(limit=limits.acts)
        self._running = Running(limit=limits.running)
        self._suspects = Suspects(keep_ms=limits.suspect_days * _DAY, limit=limits.suspects)
        self._clock = 0
        self._swept = 0
        self._views: list[View] = []
        self._acts = 0
        self._told = 0
        """How many acts, and how many answers and ends, had been noted by the row in hand."""
        self.refused = 0

    def __len__(self) -> int:
        return len(self._episodes)

    def use_rules(self, watches: Mapping[str, Watcher]) -> None:
        """Let these rules weigh beside the signal file, until others do."""
        self._verdict.use_rules(watches)

    def learn(self, rows: Iterable[Mapping[str, Any]]) -> list[Risk]:
        """Take in subject rows, `at` in ms; a stranger's episode passes to the person now named."""
        self._views = []
        for row in rows:
            self._pass_time(max(self._clock, row["at"]))
            for stranger, person in self._people.learn(row):
                self._hand_over(stranger, person)
        return self._verdict.risks(self._views)

    def _hand_over(self, stranger: int, person: int) -> None:
        episode = self._episodes.pop(stranger, None)
        if episode is None:
            return
        if person in self._episodes:
            self._episodes[person].absorb(episode)
        else:
            self._episodes[person] = episode
        for call_id, call in episode.live.items():
            self._watch(person, int(call_id), call[0])

    def process(self, reading: Reading) -> list[Risk]:
        """Walk the rows that matter to somebody, in order, then weigh what changed."""
        self._views = []
        frame, stream = reading.frame, reading.stream
        found: dict[int, list[Finding]] = {}
        for at_row, finding in reading.findings:
            found.setdefault(at_row, []).append(finding)
        if frame.height:
            noted = self._talks.take_in(frame) if stream == "call" else None
            told = self._lately.take_in(frame) if stream == "call" else None
            acts = self._recent.take_in(stream, frame)
            for index, clock, row in self._choose(reading):
                self._acts = int(acts[index])
                self._told = self._lately.noted if told is None else int(told[index])
                self._pass_time(clock)
                upto = self._talks.noted if noted is None else int(noted[index])
                self._step(stream, row, found.get(index, ()), upto)
                self._pass_time(clock)
            self._acts, self._told = self._recent.noted, self._lately.noted
            self._pass_time(max(self._clock, _latest(frame)))
            self._recent.forget()
        return self._verdict.risks(self._views)

    # -- which rows matter ------------------------------------------------------------------

    def _choose(self, reading: Reading) -> list[tuple[int, int, dict[str, Any]]]:
        """(row, clock at it, its values), ascending: findings, people watched, calls from abroad.

        More rows than needed do no harm: what a row means is decided when it is walked.
        """
        frame, stream = reading.frame, reading.stream
        if stream not in PARTIES:
            return []
        wanted = {row for row, _ in reading.findings}
        keys = self._keys_at_stake(reading)
        if stream == "call":
            rows, callees = self._running.rows_of(frame)
            wanted.update(rows)
            keys.update(callees)
        persons = set(self._episodes) | {self._people.of(key) for key in keys}
        persons.discard(None)
        of = self._people.of
        for name in PARTIES[stream] if persons or keys else ():
            for row, key in enumerate(frame[name].to_list()):
                if key and (of(key) in persons or key in keys):
                    wanted.add(row)
        if not wanted:
            return []
        index = sorted(wanted)
        clock = np.maximum.accumulate(instants(frame))
        return [
            (row, max(self._clock, int(clock[row])), values)
            for row, values in zip(index, rows_of(stream, frame, index), strict=True)
        ]

    def _keys_at_stake(self, reading: Reading) -> set[int]:
        """Keys of those who may get an episode within this batch: their rows are walked too."""
        frame, stream = reading.frame, reading.stream
        keys: set[int] = set(self._running.callees(_latest(frame)))
        for row, finding in reading.findings:
            if finding.role is Role.AT_RISK:
                keys.add(frame[_AT_RISK[stream]][row])
            elif stream in ("call", "text"):
                key, since = frame[_OTHER[stream]][row], self._clock - self._limits.talks_ms
                talks = self._talks.of(key, finding.subject, since, self._talks.noted)
                keys.update(talk.callee for talk in talks)
            elif finding.score >= self._limits.traced_from:
                sides = [frame[name][row] for name in ("payer_key", "payee_key")]
                paid = [p for side in sides for p in self._paid_to(side, self._recent.noted)]
                keys.update(payment["payer_key"] for payment in paid)
        return keys

    # -- one row ------------------------------------------------------------------------------

    def _step(
        self, stream: str, row: dict[str, Any], findings: Iterable[Finding], upto: int
    ) -> None:
        """One event; `upto` is how many talks had been noted by then."""
        over = row.get("phase") == "answer" and self._lately.over(row, self._told)
        at_risk = None
        for finding in findings:
            if finding.role is Role.AT_RISK:
                at_risk = finding
            else:
                self._suspect(stream, finding, row, upto)
        other = row.get(_OTHER.get(stream, "")) or 0
        suspicion = self._suspects.score(other, row["at"]) if other else 0.0
        opened: int | None = None
        if at_risk is not None and not self._suspects.score(row[_AT_RISK[stream]], row["at"]):
            opened = self._open(row[_AT_RISK[stream]], at_risk, row["at"])
        if stream == "call":
            self._running.note(row, over=over, after_s=self._limits.long_overseas_s)
        for name in dict.fromkeys(PARTIES[stream]):
            key = row[name]
            person = self._people.of(key) if key else None
            episode = self._live_episode(person)
            if person is None or episode is None:
                continue
            mine = at_risk if key == row[_AT_RISK[stream]] else None
            met = suspicion if name == _AT_RISK[stream] else 0.0
            drop_ended(episode, self._lately, self._told)
            told = take(episode, Happening(stream, row, key, met, mine, over))
            if stream == "call" and str(row["call_id"]) in episode.live:
                self._watch(person, row["call_id"], episode.live[str(row["call_id"])][0])
            if told:
                self._views.append(episode.view(person, max(row["at"], episode.opened_at)))
        if opened is not None:
            self._look_back(opened, row["at"])

    def _open(self, key: int, finding: Finding, at: int) -> int | None:
        """An episode for whoever has none; returns the person for whom one was opened now."""
        person = self._people.stranger(
            key, finding.subject, account=finding.subject_kind.value == "account"
        )
        if person is None or self._live_episode(person) is not None:
            return None
        return person if self._episode_of(person, at) is not None else None

    def _look_back(self, person: int, contact_at: int) -> None:
        """Take in what this person did after the contact, though it reached the log before it."""
        episode = self._episodes[person]
        since = contact_at - 1000 * self._limits.acts_before_s
        for key, act in self._recent.of(self._people.keys_of(person), since, self._acts):
            row = act.row
            other = row.get(_OTHER.get(act.stream, "")) or 0
            mine = key == row[_AT_RISK[act.stream]]
            met = self._suspects.score(other, row["at"]) if other and mine else 0.0
            if take(episode, Happening(act.stream, row, key, met, None)):
                self._views.append(episode.view(person, max(contact_at, row["at"])))

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

    def _suspect(self, stream: str, finding: Finding, row: Mapping[str, Any], upto: int) -> None:
        """Note the party that the finding is about, and reach those it has talked to."""
        key = next((row[f"{p}_key"] for p in _SUSPECT[stream] if row[p] == finding.subject), 0)
        if not key:
            return
        self._suspects.note(key, finding.score, finding.at)
        if stream == "transfer":
            self._trace(key, finding)
            return
        since = self._clock - self._limits.talks_ms
        for talk in self._talks.of(key, finding.subject, since, upto):
            if talk.call_id != row.get("call_id"):
                self._reach(talk, finding)

    def _trace(self, account: int, finding: Finding) -> None:
        """Whoever paid this account before is told now: the money may still be stopped. One sign of
        a mule alone matters only to those whom somebody suspected was in touch with."""
        grave = finding.score >= self._limits.traced_from
        for row in self._paid_to(account, self._acts):
            payer = row["payer_key"]
            known = self._live_episode(self._people.of(payer))
            fresh, met = known is None, known is not None and known.contact_at is not None
            if self._suspects.score(payer, self._clock) or not (grave or met):
                continue
            person = self._people.stranger(payer, row["payer"], account=True)
            episode = None if person is None else self._episode_of(person, row["at"])
            if person is None or episode is None:
                continue
            episode.found(finding, self._clock)
            take(episode, Happening("transfer", row, payer, finding.score, None))
            trace(episode, row, finding)
            self._views.append(episode.view(person, self._clock))
            if fresh:
                self._look_back(person, row["at"])

    def _paid_to(self, account: int, upto: int) -> list[dict[str, Any]]:
        since = self._clock - self._limits.traced_ms
        return payments_to(self._recent, account, since, upto, self._limits)

    def _reach(self, talk: Talk, finding: Finding | None) -> None:
        """Whoever talked to this number is in contact with it, though nothing was known then."""
        at, since, on = self._clock, talk.answered_at, talk.ended_at is None
        if (
            not talk.callee
            or self._suspects.score(talk.callee, at)
            or (talk.ended_at and talk.seconds(at) < self._limits.talk_kept_s)
            or (on and self._lately.elsewhere(talk.caller, talk.callee, since, self._told))
        ):
            return
        person = self._people.stranger(talk.callee, talk.callee_normal, account=False)
        fresh = person is not None and self._live_episode(person) is None
        episode = None if person is None else self._episode_of(person, talk.answered_at)
        if person is None or episode is None:
            return
        episode.found_at = max(episode.found_at, at)
        if talk.caller not in episode.numbers:
            episode.add("calls_n")
        episode.remember("numbers", talk.caller)
        episode.touched(at if talk.ended_at is None else talk.ended_at)
        episode.facts["call_overseas"] |= talk.overseas
        if finding is not None:
            episode.found(finding, at)
            episode.raise_to("call_score", finding.score)
            episode.say("call_why", why(finding), finding.score)
        if on:
            parties = (talk.caller, talk.callee)
            start_call(episode, talk.call_id, talk.answered_at, talk.ref, parties)
            self._watch(person, talk.call_id, talk.answered_at)
        else:
            episode.raise_to("talk_max_s", talk.seconds(at))
            episode.raise_to("talk_sum_s", talk.seconds(at))
        tell_call(episode, talk.ref, talk.caller_normal, talk.answered_at, talk.ended_at)
        self._views.append(episode.view(person, at))
        if fresh:
            self._look_back(person, talk.answered_at)

    def _watch(self, person: int, call_id: int, answered_at: int) -> None:
        """Look at this person again when the call has lasted for each of the marks."""
        for mark_s in self._limits.marks_s:
            if answered_at + 1000 * mark_s > self._clock:
                self._running.watch(person, call_id, answered_at + 1000 * mark_s)

    def _pass_time(self, clock: int) -> None:
        """Advance stream time: calls that reach a mark on the way are looked at again, and on
        every full hour what has ended is forgotten, at the same point of the order always."""
        if not (self._episodes or len(self._running) or len(self._suspects)):
            self._swept = max(self._swept, clock // _HOUR)
        while self._swept < clock // _HOUR:
            self._swept += 1
            self._ring(self._swept * _HOUR)
            self._sweep(self._swept * _HOUR)
        self._ring(clock)
        self._clock = max(self._clock, clock)

    def _ring(self, clock: int) -> None:
        for when, who in self._running.due(clock):
            self._clock = max(self._clock, when)
            if isinstance(who, Talk):
                self._reach(who, None)
                continue
            person, call_id = who
            if (episode := self._live_episode(person)) is None:
                continue
            drop_ended(episode, self._lately, self._told)
            if str(call_id) in episode.live:
                self._views.append(episode.view(person, when))

    def _sweep(self, now: int) -> None:
        ended = [
            person
            for person, episode in self._episodes.items()
            if now - episode.found_at > self._limits.episode_ms
        ]
        for person in ended:
            del self._episodes[person]
        self._suspects.forget(now)

    # -- state --------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Array]:
        plain = {
            "episodes": [[person, e.to_json()] for person, e in self._episodes.items()],
            "running": self._running.to_json(),
            "suspects": self._suspects.to_json(),
            "clock": self._clock,
            "swept": self._swept,
            "refused": self.refused,
            "recent": self._recent.to_json(),
        }
        return {
            "plain": packed(plain),
            **prefixed("talks", self._talks.snapshot()),
            **prefixed("lately", self._lately.snapshot()),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        plain = unpacked(state["plain"])
        self._episodes = {person: Episode.from_json(e) for person, e in plain["episodes"]}
        self._running.from_json(plain["running"])
        self._suspects.from_json(plain["suspects"])
        self._talks.restore(part("talks", state))
        self._lately.restore(part("lately", state))
        self._recent.from_json(plain["recent"])
        self._clock, self._swept = plain["clock"], plain["swept"]
        self.refused = plain["refused"]


def _latest(frame: pl.DataFrame) -> int:
    return int(instants(frame).max())
