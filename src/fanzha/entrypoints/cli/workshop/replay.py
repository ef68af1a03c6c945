"""A draft over files of records: the live engine, what is known, the comparison."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fanzha.detection.engine import Engine
from fanzha.detection.rules.names import Catalogue
from fanzha.detection.rules.rule import RuleText, check
from fanzha.detection.rules.ruleset import Mode, Ruled
from fanzha.entrypoints.cli.rows import Progress, told
from fanzha.entrypoints.replay.asked import elder_of
from fanzha.entrypoints.replay.files import missing, ndjson, private_file
from fanzha.entrypoints.replay.history import joined
from fanzha.entrypoints.replay.known import NOTHING, from_path
from fanzha.entrypoints.replay.rehearse import beside, from_files, rehearse, year_of
from fanzha.lifecycles.rule.policy import load_gates
from fanzha.records.quarantine import Refusal
from fanzha.settings import Settings
from fanzha.usecases.warning.take_in import instant
from fanzha.usecases.workshop.compare import Comparison, History, compare

_TELL_S = 2.0
_DRAFT, _LIVE = 2, 1
"""Files have no version; the draft is called the later."""


@dataclass(frozen=True)
class Wanted:
    """What to replay, over what, against what is known."""

    draft: RuleText
    live: RuleText | None
    streams: Mapping[str, Sequence[Path]]
    truth: Path | None
    cases: Path | None
    keep: Path | None
    ahead: bool = False
    """Whether rows of a time still to come are taken in."""


def run(
    wanted: Wanted, settings: Settings, catalogue: Catalogue, types: frozenset[str], spill: Path
) -> Comparison:
    """The whole replay; progress and the number of refused rows go to stderr."""
    for text in (wanted.draft, wanted.live):
        if text is not None:
            check(text, catalogue, types)
    for paths in wanted.streams.values():
        for path in paths:
            if not path.is_file():
                missing(path)
    draft = Ruled(wanted.draft, _DRAFT, Mode.SHADOW)
    # A live version of the same id and condition is compared all the same: its number differs.
    live = Ruled(wanted.live, _LIVE, Mode.SHADOW) if wanted.live else None
    engine = Engine(settings.policies, dedupe_hours=settings.dedupe_hours)
    chosen = beside(draft, live)
    engine.use_rules(chosen)
    told(f"engine {engine.version}")
    refused = [0]
    said = [time.monotonic()]

    def refuse(refusals: Sequence[Refusal]) -> None:
        refused[0] += len(refusals)

    def progress(position: int, rows: int) -> None:
        if time.monotonic() - said[0] > _TELL_S:
            said[0] = time.monotonic()
            sys.stderr.write(f"已回放 replayed {rows:,} / {reading.rows:,} 行 rows read\n")
            sys.stderr.flush()

    reading = Progress("读入", "read")
    entries = from_files(wanted.streams, spill, refuse, ahead=wanted.ahead, read=reading.add)
    sys.stderr.write("读入并按时间排列记录 · reading records into their order of time\n")
    sys.stderr.flush()
    found = rehearse(engine, chosen, joined(entries), folder=wanted.keep, told=progress)
    if refused[0]:
        sys.stderr.write(f"被拒 refused: {refused[0]:,} 行 rows\n")
    truth = from_path(wanted.truth, wanted.draft.channel) if wanted.truth else NOTHING
    policy = load_gates(settings.policies / "workshop" / "gates.yaml")
    old = year_of(found.end) - int(policy.gates.elders_age)
    residents, elders = engine.residents(old + 1)
    history = History(
        begin=found.begin, end=found.end, rows=found.rows, known=truth.known, key_of=truth.key_of,
        others=truth.others, residents=residents, elders=elders, is_elder=elder_of(engine, old),
    )  # fmt: skip
    result = compare(
        policy, history, found.of(draft.ref), found.of(live.ref) if live else None, found.seconds
    )
    if wanted.cases is not None:
        _write(wanted.cases, result)
    return result


def _write(path: Path, result: Comparison) -> None:
    """Subjects stand in the clear: the file is for its owner only."""
    with private_file(path) as out:
        for hit in result.only_draft:
            row = {
                "at": instant(hit.at).isoformat(), "subject": hit.subject, "source": hit.source,
                "event_id": hit.event_id, "score": round(hit.score, 6), "zh": hit.zh, "en": hit.en,
            }  # fmt: skip
            out.write(ndjson(row))
