"""What a call adds to an episode."""

from __future__ import annotations

from fanzha.detection.finding import SubjectKind
from fanzha.detection.person.risk import Context, EventRef, Flow
from fanzha.detection.person.v1.episode import Episode
from fanzha.detection.person.v1.happening import Happening, why
from fanzha.detection.words import UNITS

_TALK_TOLD_S = 60.0


def take_call(episode: Episode, it: Happening) -> bool:
    row = it.row
    if it.key == row["caller_key"] and it.key != row["callee_key"]:
        return _call_back(episode, it)
    finding = it.finding
    score = max(it.suspicion, finding.score if finding else 0.0)
    suspected = score > 0.0 or row["caller_key"] in episode.numbers
    call_id = str(row["call_id"])
    talk = row["talk_s"] or 0.0
    if row["phase"] == "end":
        known = episode.live.pop(call_id, None) is not None
        if not suspected and not known:
            return _stranger(episode, it, talk)
        _talked(episode, it, score, talk, counted=known)
    elif row["phase"] == "answer" and suspected:
        _count_call(episode, it, score)
        episode.live[call_id] = [it.at, row["caller_key"]]
        tell_call(episode, it.ref, row["caller"], it.at, None)
    else:
        return False
    if finding:
        episode.say("call_why", why(finding), finding.score)
    return True


def _count_call(episode: Episode, it: Happening, score: float) -> None:
    episode.add("calls_n")
    episode.raise_to("call_score", score)
    episode.remember("numbers", it.row["caller_key"])
    if it.row["overseas"]:
        episode.facts["call_overseas"] = True


def _talked(episode: Episode, it: Happening, score: float, talk: float, *, counted: bool) -> None:
    if talk <= 0.0:
        return
    if not counted:
        _count_call(episode, it, score)
    episode.raise_to("call_score", score)
    episode.raise_to("talk_max_s", talk)
    episode.add("talk_sum_s", talk)
    tell_call(episode, it.ref, it.row["caller"], it.at - int(1000 * talk), it.at)


def _stranger(episode: Episode, it: Happening, talk: float) -> bool:
    """A first call of somebody not suspected: told, not weighed."""
    if not it.row["strange"] or talk < _TALK_TOLD_S:
        return False
    tell_call(episode, it.ref, it.row["caller"], it.at - int(1000 * talk), it.at, strange=True)
    return False


def _call_back(episode: Episode, it: Happening) -> bool:
    """The person called a number that is suspected of having called or texted them."""
    row = it.row
    if row["callee_key"] not in episode.numbers or row["phase"] == "start":
        return False
    talk = row["talk_s"] or 0.0
    if row["phase"] == "end":
        running = episode.live.pop(str(row["call_id"]), None)
        if talk <= 0.0:
            return False
        episode.add("callbacks_n", 0 if running else 1)
        episode.raise_to("talk_max_s", talk)
        episode.add("talk_sum_s", talk)
    else:
        episode.add("callbacks_n")
        episode.live[str(row["call_id"])] = [it.at, row["callee_key"]]
    zh, en = "回拨涉诈号码", "called a suspected number back"
    ended = row["phase"] == "end"
    episode.tell(
        Context(
            Flow.CALL,
            it.at - int(1000 * talk),
            it.at if ended else None,
            not ended,
            True,
            zh,
            en,
            it.ref,
            SubjectKind.NUMBER,
            row["callee"],
        )
    )
    return True


def tell_call(
    episode: Episode,
    ref: EventRef,
    caller: str,
    at: int,
    until: int | None,
    *,
    strange: bool = False,
) -> None:
    """Timeline entry of a call; `until` is None while they are still talking."""
    masked = UNITS["masked"](caller, "zh")
    zh = "接听陌生来电" if strange else "接听涉诈来电"
    en = "answered a number never heard from" if strange else "answered a suspected call"
    if until is not None:
        seconds = (until - at) / 1000
        zh += f"，通话 {UNITS['span'](seconds, 'zh')}"
        en += f", talked {UNITS['span'](seconds, 'en')}"
    episode.tell(
        Context(
            Flow.CALL,
            at,
            until,
            until is None,
            not strange,
            f"{zh} {masked}",
            f"{en} {masked}",
            ref,
            SubjectKind.NUMBER,
            caller,
        )
    )
