"""What a call adds to an episode."""

from __future__ import annotations

from fanzha.detection.finding import SubjectKind
from fanzha.detection.person.risk import Context, EventRef, Flow
from fanzha.detection.person.v1.episode import Episode
from fanzha.detection.person.v1.happening import Happening, why
from fanzha.detection.person.v1.lately import Lately
from fanzha.detection.words import UNITS
from fanzha.values.mask import mask_number

__all__ = ["SUSPECTED", "drop_ended", "start_call", "take_call", "tell_call"]

SUSPECTED = ("接听涉诈来电", "answered a suspected call")
_STRANGE = ("接听陌生来电", "answered a number never heard from")
_BACK = ("回拨涉诈号码", "called a suspected number back")
_TALK_TOLD_S = 60.0


def take_call(episode: Episode, it: Happening) -> bool:
    """A call to the person, or from the person back to a suspected number."""
    row = it.row
    back = it.key == row["caller_key"]
    if back and row["callee_key"] not in episode.numbers:
        return False
    known = row["caller_key"] in episode.numbers
    score = 0.0 if back else _suspicion(it, known=known)
    suspected = back or known or it.finding is not None or score > 0.0
    if row["phase"] == "answer" and suspected:
        _count(episode, it, score, back=back)
        if not it.over:
            parties = (row["caller_key"], row["callee_key"])
            start_call(episode, row["call_id"], it.at, it.ref, parties)
        _tell(episode, it, it.ref, it.at, it.at if it.over else None, back=back)
    elif row["phase"] == "end":
        running = episode.live.pop(str(row["call_id"]), None)
        talk = row["talk_s"] or 0.0
        if not suspected and running is None:
            _stranger(episode, it, talk)
            return False
        if talk <= 0.0 and running is None:
            return False
        _ended(episode, it, score, talk, running, back=back)
    else:
        return False
    episode.touched(it.at)
    if it.finding:
        episode.say("call_why", why(it.finding), it.finding.score)
    return True


def start_call(
    episode: Episode, call_id: int, at: int, ref: EventRef, parties: tuple[int, int]
) -> None:
    """A suspected call is on the line from now on; `parties` are the keys of who called whom."""
    episode.live[str(call_id)] = [at, ref.stream, ref.source, ref.event_id, *parties]


def drop_ended(episode: Episode, lately: Lately, upto: int) -> None:
    """Calls of which no end was told are over once the caller talks elsewhere."""
    for call_id, (at, *_, caller, callee) in list(episode.live.items()):
        if lately.elsewhere(caller, callee, at, upto):
            del episode.live[call_id]


def tell_call(
    episode: Episode,
    ref: EventRef,
    other: str,
    at: int,
    until: int | None,
    words: tuple[str, str] = SUSPECTED,
) -> None:
    """Timeline entry of a call; `until` is None while they are still talking."""
    zh, en = words
    if until is not None and until > at:
        seconds = (until - at) / 1000
        zh += f"，通话 {UNITS['span'](seconds, 'zh')}"
        en += f", talked {UNITS['span'](seconds, 'en')}"
    masked = mask_number(other)
    episode.tell(
        Context(
            lane=Flow.CALL,
            at=at,
            until=until,
            live=until is None,
            emphasis=words is not _STRANGE,
            zh=f"{zh} {masked}",
            en=f"{en} {masked}",
            ref=ref,
            kind=SubjectKind.NUMBER,
            value=other,
        )
    )


def _suspicion(it: Happening, *, known: bool) -> float:
    """How suspected the caller is. What it is suspected of elsewhere (texts) says little of a
    number that the person has long been in touch with."""
    elsewhere = it.suspicion if known or it.row["strange"] else 0.0
    if it.finding is None:
        return elsewhere
    row = it.row
    texted = (row["texted_score"] or 0.0) if row["strange"] else 0.0
    return float(max(elsewhere, texted, row["caller_score"] or 0.0))


def _count(episode: Episode, it: Happening, score: float, *, back: bool) -> None:
    call = f"call {it.row['call_id']}"
    fresh = call not in episode.told_of
    episode.remember("told_of", call)
    if back:
        episode.add("callbacks_n", fresh)
        return
    episode.add("calls_n", fresh)
    episode.raise_to("call_score", score)
    episode.remember("numbers", it.row["caller_key"])
    if it.row["from_abroad"]:
        episode.facts["call_overseas"] = True


def _ended(
    episode: Episode,
    it: Happening,
    score: float,
    talk: float,
    running: list[object] | None,
    *,
    back: bool,
) -> None:
    """The talk is over; its entry is the one its answer wrote, if that was seen."""
    _count(episode, it, score, back=back)
    episode.raise_to("talk_max_s", talk)
    episode.add("talk_sum_s", talk)
    ref = EventRef(*running[1:4]) if running else it.ref  # type: ignore[arg-type]
    _tell(episode, it, ref, it.at - int(1000 * talk), it.at, back=back)


def _stranger(episode: Episode, it: Happening, talk: float) -> None:
    """A first call of somebody not suspected: told, not weighed."""
    if it.row["strange"] and talk >= _TALK_TOLD_S and it.key == it.row["callee_key"]:
        began = it.at - int(1000 * talk)
        tell_call(episode, it.ref, it.row["caller"], began, it.at, _STRANGE)


def _tell(
    episode: Episode, it: Happening, ref: EventRef, at: int, until: int | None, *, back: bool
) -> None:
    other = it.row["callee"] if back else it.row["caller"]
    tell_call(episode, ref, other, at, until, _BACK if back else SUSPECTED)
