"""A rehearsal somebody asked for in the workshop: over the log, beside what is live, kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from fanzha.adapters.postgres.rules_feed import kind_of
from fanzha.adapters.postgres.rules_figures import RuleFigures
from fanzha.adapters.postgres.rules_rehearsed import SampledCase
from fanzha.bootstrap import Parts, utc_now
from fanzha.detection.engine import Engine
from fanzha.detection.rules.rule import RuleText
from fanzha.detection.rules.ruleset import Mode, Ruled
from fanzha.detection.rules.tally import Hit
from fanzha.entrypoints.replay.from_log import entries_of
from fanzha.entrypoints.replay.known import from_labels
from fanzha.entrypoints.replay.rehearse import beside, rehearse, year_of
from fanzha.errors import FanzhaError, Unavailable
from fanzha.lifecycles.actor import system
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import Rehearsal, RehearsalState
from fanzha.ports.event_log import EventLog
from fanzha.usecases.warning.take_in import instant
from fanzha.usecases.workshop.act import Act, act, find
from fanzha.usecases.workshop.compare import Comparison, History, compare, sampled

_log = logging.getLogger("fanzha.rehearsal")
_STALE = timedelta(minutes=10)
_TELL_S = 2.0


def run_asked(
    parts: Parts, log: Callable[[], EventLog], now: Callable[[], datetime] = utc_now
) -> bool:
    """Take up the oldest rehearsal that waits, or was left by a process that died, and see it
    through; False where none does. A failure is kept with it, in words."""
    with parts.workshop.work() as work:
        taken = work.rehearsals.take_up(now(), now() - _STALE)
    if taken is None:
        return False
    try:
        _run(parts, taken, log, now)
    except Unavailable:
        raise  # it stays running, and is taken up again
    except FanzhaError as error:
        _log.error("rehearsal %s failed: %s", taken.id, error.code)
        _keep_failed(parts, taken, {"zh": error.zh, "en": error.en}, now())
    except Exception as error:  # a fault of ours or a full disk: again and again would not help
        _log.exception("rehearsal %s failed", taken.id)
        kind = type(error).__name__
        words = {
            "zh": f"回放因程序错误中止（{kind}），详见日志",
            "en": f"the replay broke off with an error of the program ({kind}); see the log",
        }
        _keep_failed(parts, taken, words, now())
    return True


def _keep_failed(parts: Parts, taken: Rehearsal, problem: dict[str, str], at: datetime) -> None:
    failed = replace(
        taken, state=RehearsalState.FAILED, finished_at=at, result={"problem": problem}
    )
    with parts.workshop.work() as work:
        work.rehearsals.keep(failed, at)


def _run(
    parts: Parts, taken: Rehearsal, log: Callable[[], EventLog], now: Callable[[], datetime]
) -> None:
    with parts.workshop.work() as work:
        version = find(work, taken.rule, taken.version)
        other = find(work, taken.rule, taken.against) if taken.against else None
        newest = work.sets.newest()
    draft = Ruled(RuleText.of(version.text), version.version, Mode.SHADOW)
    live = Ruled(RuleText.of(other.text), other.version, Mode.SHADOW) if other else None
    rest = tuple(r for r in newest.rules if r.mode is Mode.LIVE) if newest else ()
    engine = parts.engine()
    begun = now()
    told = now()

    with entries_of(log) as (last, entries):

        def progress(position: int, rows: int) -> None:
            nonlocal told
            if (now() - told).total_seconds() > _TELL_S:
                told = now()
                share = min(1.0, position / max(last, 1))
                with parts.workshop.work() as work:
                    work.rehearsals.keep(replace(taken, done_share=share), told)

        found = rehearse(
            engine, beside(draft, live, rest), entries,
            folder=parts.data / "rehearsals" / str(taken.id), told=progress,
        )  # fmt: skip
    _log.info("rehearsal %s: %s rows since %s", taken.id, found.rows, begun)
    truth = from_labels(
        RuleFigures(parts.database), parts.keyring, version.channel, found.hits, found.begin,
        found.end,
    )  # fmt: skip
    policy = parts.bench.policy
    old = year_of(found.end) - int(policy.gates.elders_age)
    residents, elders = engine.residents(old + 1)
    history = History(
        begin=found.begin, end=found.end, rows=found.rows, known=truth.known,
        key_of=truth.key_of, others=truth.others, residents=residents, elders=elders,
        is_elder=elder_of(engine, old),
    )  # fmt: skip
    result = compare(
        policy, history, found.of(draft.ref), found.of(live.ref) if live else None, found.seconds
    )
    _keep(parts, taken, result, history, now())
    remove(parts.data / "rehearsals" / str(taken.id))


def _keep(
    parts: Parts, taken: Rehearsal, result: Comparison, history: History, at: datetime
) -> None:
    """The answer, the cases to judge and the step of the lifecycle, in one commit."""
    drawn = sampled(result.only_draft, int(parts.bench.policy.sample.cases), parts.bench.salt)
    cases = [
        (
            SampledCase(n, instant(h.at), h.zh, h.en, h.score, history.is_elder(h), share, b""),
            kind_of(h.subject),
            h.subject,
        )
        for n, (h, share) in enumerate(drawn)
    ]
    done = replace(
        taken, state=RehearsalState.DONE, done_share=1.0, finished_at=at, result=result.plain()
    )
    with parts.workshop.work() as work:
        work.rehearsals.keep(done, at)
        work.rehearsals.add_cases(taken.id, cases)
        before = find(work, taken.rule, taken.version)
        if before.state in (states.DRAFT, states.REPLAYED):
            machine = system(parts.bench.root)
            act(work, parts.bench, machine, before, Act("record_replay", before.state), (), at)


def elder_of(engine: Engine, born_by: int) -> Callable[[Hit], bool | None]:
    """Whether a case's subject was born in this year or before; None where nobody has said."""

    def is_elder(hit: Hit) -> bool | None:
        year = engine.birth_year(hit.key) if hit.key else None
        return None if year is None else year <= born_by

    return is_elder


def remove(folder: Path) -> None:
    """What a finished rehearsal kept to go on from."""
    for file in folder.glob("*"):
        file.unlink()
    if folder.is_dir():
        folder.rmdir()
