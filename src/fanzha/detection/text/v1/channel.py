"""Reads each text as it comes: what its words and addresses mean, for whom, and who sends many."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import Array, instants, keys_of
from fanzha.detection.finding import Finding, Reason, Related, Role, SubjectKind
from fanzha.detection.found import about
from fanzha.detection.reading import Reading
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import Scored, Watcher
from fanzha.detection.standing import Standing
from fanzha.detection.state import part, prefixed
from fanzha.detection.text.campaign.live import CAMPAIGN_COLUMNS, LiveCampaigns
from fanzha.detection.text.cascade.model import SHIPPED
from fanzha.detection.text.v1.addresses import Rows, addresses
from fanzha.detection.text.v1.evidence import Evidence, Floats, Reader
from fanzha.detection.text.v1.model import HERE, Model
from fanzha.detection.text.v1.normal import NormalText
from fanzha.detection.text.v1.policy import READING_FILE, ReadingPolicy
from fanzha.detection.text.v1.second import Second, Stage, second_stage
from fanzha.detection.text.v1.sent import Sent
from fanzha.detection.text.v1.threads import Threads
from fanzha.detection.text.v1.windows import WINDOWS
from fanzha.detection.text.v1.words import Words
from fanzha.errors import Refused
from fanzha.features.live import FeatureSet, MakeFeatures
from fanzha.values import url

__all__ = ["MODEL_FILES", "RECIPIENT_SCHEMA", "SENDER_SCHEMA", "TextChannel"]

MODEL_FILES = (HERE / "model.npz", SHIPPED)
"""Of the first and of the second stage."""
RECIPIENT_SCHEMA: Mapping[str, type[pl.DataType]] = {
    "sender_kind": pl.String,
    "channel": pl.String,
    "words_score": pl.Float64,
    "grey_score": pl.Float64,
    "link_score": pl.Float64,
    **CAMPAIGN_COLUMNS,
    "code": pl.Boolean,
    "call_strange": pl.Boolean,
    **dict.fromkeys(
        ("codes_24h", "code_senders_24h", "texts_in_24h", "texts_out_24h", "placed_24h",
         "net_24h"),
        pl.Float64,
    ),
}  # fmt: skip
"""What the recipient's line says (from `code` on) comes in with the batch."""
SENDER_SCHEMA: Mapping[str, type[pl.DataType]] = {
    **RECIPIENT_SCHEMA,
    "text_score": pl.Float64,
    "scam": pl.Boolean,
    "texts_24h": pl.Float64,
    "scam_texts_24h": pl.Float64,
    "scam_recipients_24h": pl.Float64,
}
_TALKS = ("chat", "transcript")
_ENCODER = "sentence_encoder"
"""Named among what was missing where the second stage was wanted and not there."""
_CAMPAIGN = "campaign"
"""Signal that makes the cell a text came from worth knowing."""
_SITES = 3
"""Sites that one finding names at most."""
_MIX = 0x9E3779B97F4A7C15
_NARROW = (1 << 64) - 1


class TextChannel:
    """A finding for every text that endangers its recipient; one for a sender as it grows graver.

    In chats and calls a turn is read with the turns before it, and a finding comes when the
    band of the score rises, not with each turn. Grey trade alone is no finding.
    """

    streams = ("text",)

    def __init__(
        self,
        policies: Path,
        model: Model | None = None,
        features: MakeFeatures = FeatureSet,
        second: Second | None = None,
    ) -> None:
        """`policies` is the folder that holds `taxonomy.yaml` and `text/`; `second` is what unsure
        texts are asked about: the shipped cascade where it is left out."""
        folder = policies / "text"
        policy = ReadingPolicy.load(folder / READING_FILE)
        self._policy = policy
        self._reader = Reader.load(policies, policy.prior, model)
        self._recipient = load_signals(folder / "text-v1-recipient.yaml", RECIPIENT_SCHEMA)
        self._sender = load_signals(folder / "text-v1-sender.yaml", SENDER_SCHEMA)
        self._second = second or second_stage(policies, policy.second)
        self._features = features(WINDOWS)
        self._campaigns = LiveCampaigns(policy.campaigns, self._features)
        self._threads = Threads(keep_ms=policy.thread_ms, limit=policy.threads)
        self._sent = Sent(limit=policy.senders)
        self._talked, self._posted, self._standing = Standing(), Standing(), Standing()
        self._last: tuple[pl.DataFrame, NormalText] | None = None

    def urls(self, batch: pl.DataFrame) -> tuple[Rows, list[str]]:
        """(rows, addresses) named in the bodies, in normal form; a row may stand several times."""
        return addresses(batch["body"], self._normal(batch))

    def read(self, batch: pl.DataFrame, link_scores: npt.NDArray[np.float64]) -> Reading:
        """Score a batch of texts. `link_scores` says how suspected each text's addresses are."""
        late = self._late
        told = _with_defaults(batch)
        words = self._words(told, batch)
        scored = self._weigh(told, self._normal(batch), words, link_scores)
        scores = _together(words.score, scored)
        frame = self._with_sender(scored.frame, scores)
        senders = self._sender.score(frame)
        self._remember(frame, scores)
        sites = self._sites(batch, scores)
        over = np.flatnonzero(scores >= self._recipient.threshold).tolist()
        found = [(row, self._about_sender(senders, row)) for row in senders.over.tolist()]
        for row in over:
            found.append((row, self._about_text(scored, words, row, scores[row], sites)))
        found.sort(key=lambda item: item[0])
        findings = tuple((row, finding) for row, finding in found if finding is not None)
        return Reading("text", senders.frame, findings, self._late - late, words.counted)

    def warm(self) -> None:
        """Load the second stage now, so that no text waits for it."""
        self._second.warm()

    def texted(
        self, keys: npt.NDArray[np.uint64], at: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """For numbers at instants (ms): the highest score of their texts of the last 24 h."""
        return self._sent.highest(keys, at)

    def use_rules(self, watches: Mapping[str, Watcher]) -> None:
        """Let these rules weigh beside the signal files, until others do."""
        self._recipient = self._recipient.watched(watches.get("text_recipient"))
        self._sender = self._sender.watched(watches.get("text_sender"))

    @property
    def refused(self) -> int:
        """Rows whose sender had no room in a window."""
        return sum(c.refused for c in self._features.counters().values())

    @property
    def _late(self) -> int:
        return self._features.counters()["text_sender"].late

    def _normal(self, batch: pl.DataFrame) -> NormalText:
        """The batch in normal form; `urls` and `read` ask for the same batch in turn."""
        if self._last is None or self._last[0] is not batch:
            self._last = (batch, self._reader.normaliser(batch["body"].to_arrow()))
        return self._last[1]

    def _words(self, told: pl.DataFrame, batch: pl.DataFrame) -> Words:
        evidence = self._evidence(told, batch)
        talk = told["channel"].is_in(_TALKS).fill_null(value=False).to_numpy()
        scores, stages, said = self._second.read(evidence, talk)
        return Words(evidence, self._second.version, scores, stages, said)

    def _evidence(self, told: pl.DataFrame, batch: pl.DataFrame) -> Evidence:
        """What the words say; turns of chats and calls are read after the turns before them."""
        kinds = (told["channel"] == "transcript").to_numpy().astype(np.int8)
        threaded = told["channel"].is_in(_TALKS) & told["thread_id"].is_not_null()
        rows = np.flatnonzero(threaded.to_numpy())
        if not rows.size:
            return self._reader.read(self._normal(batch), kinds)
        bodies = batch["body"].to_list()
        threads = told["thread_id"].to_list()
        senders, at = keys_of(batch, "sender_key").tolist(), instants(batch).tolist()
        for row in rows.tolist():
            key = _thread_key(threads[row], senders[row])
            said = (bodies[row] or "").encode("utf-8", errors="replace")
            bodies[row] = self._threads.join(key, at[row], said)
        return self._reader.read(bodies, kinds)

    def _weigh(
        self, told: pl.DataFrame, text: NormalText, words: Words, link_scores: Floats
    ) -> Scored:
        return self._recipient.score(
            told.with_columns(
                pl.col("sender_kind").cast(pl.String),
                pl.Series("words_score", words.score),
                pl.Series("decided_by", words.stage_codes, dtype=pl.String),
                pl.Series("grey_score", words.evidence.grey),
                pl.Series("link_score", np.asarray(link_scores, dtype=np.float64)),
                *self._campaigns.read(told, text, words.at_even_odds),
            )
        )

    def _with_sender(self, frame: pl.DataFrame, scores: Floats) -> pl.DataFrame:
        scam = scores >= self._recipient.threshold
        features = self._features.update(
            "text",
            {
                "at": instants(frame),
                "sender_key": keys_of(frame, "sender_key"),
                "recipient_key": keys_of(frame, "recipient_key"),
                "scam": scam,
            },
        )
        names = ("texts_24h", "scam_texts_24h", "scam_recipients_24h")
        return frame.with_columns(
            pl.Series("text_score", scores),
            pl.Series("scam", scam),
            *(pl.Series(name, np.nan_to_num(features[name])) for name in names),
        )

    def _remember(self, frame: pl.DataFrame, scores: Floats) -> None:
        rows = np.flatnonzero(scores >= self._policy.remember)
        keys, at = keys_of(frame, "sender_key")[rows], instants(frame)[rows]
        for key, when, score in zip(keys.tolist(), at.tolist(), scores[rows].tolist(), strict=True):
            self._sent.add(key, when, score)

    def _sites(self, batch: pl.DataFrame, scores: Floats) -> dict[int, list[str]]:
        """Registered names in the rows that are findings."""
        over = np.flatnonzero(scores >= self._recipient.threshold)
        if not over.size:
            return {}
        chosen = batch[over.tolist()]
        rows, named = addresses(chosen["body"], self._reader.normaliser(chosen["body"].to_arrow()))
        sites: dict[int, list[str]] = {}
        for place, address in zip(rows.tolist(), named, strict=True):
            of_row = sites.setdefault(int(over[place]), [])
            site = _site(address)
            if site and site not in of_row and len(of_row) < _SITES:
                of_row.append(site)
        return sites

    def _about_text(
        self,
        scored: Scored,
        words: Words,
        row: int,
        score: float,
        sites: Mapping[int, list[str]],
    ) -> Finding | None:
        values = scored.row(row)
        sender, recipient = values["sender"], values["recipient"]
        if not self._worth_telling(values, row, score):
            return None
        named = (Related(SubjectKind.DNS_NAME, host, Role.SUSPECT) for host in sites.get(row, ()))
        evidence = words.evidence
        whole = _weight(words.score[row]) + float(scored.weights[row].sum())
        words_part = score * _weight(words.score[row]) / whole
        reasons = [
            *words.reasons(row, words_part),
            *(_scaled(reason, score, whole, scored, row) for reason in scored.reasons(row)),
        ]
        reasons.sort(key=lambda r: -r.part)
        return Finding(
            detector=self._recipient.detector,
            at=values["at_ms"],
            stream="text",
            event_ids=(values["event_id"],),
            source=values["source"],
            subject_kind=_kind(recipient or sender),
            subject=recipient or sender,
            role=Role.AT_RISK if recipient else Role.SUSPECT,
            scam_type=evidence.scam_type(row),
            stage=max(evidence.stage(row), scored.stage(row), key=lambda s: s.imminence),
            score=float(score),
            reasons=(*reasons, words.decided(row)),
            related=(*_other(sender, recipient), *named),
            missing=_missing(values, {reason.code for reason in reasons}),
        )

    def _worth_telling(self, values: Mapping[str, Any], row: int, score: float) -> bool:
        """Every text to somebody is; a thread or who posts in public, when its band rises."""
        band = self._recipient.band(score)
        if values["recipient"] is None:
            return self._posted.rises(values["sender_key"] or 0, band, values["at_ms"])
        if values["channel"] in _TALKS and values["thread_id"] is not None:
            key = _thread_key(values["thread_id"], values["sender_key"] or 0)
            return self._talked.rises(key, band, values["at_ms"])
        return True

    def _about_sender(self, senders: Scored, row: int) -> Finding | None:
        key, at, sender = senders.frame.select("sender_key", "at_ms", "sender").row(row)
        if not key or not self._standing.rises(key, self._sender.band(senders.score[row]), at):
            return None
        return about(
            senders, row, stream="text", role=Role.SUSPECT, kind=_kind(sender), subject=sender
        )

    def snapshot(self) -> dict[str, Array]:
        """All memory, as arrays that share nothing with it."""
        return {
            "talked": self._talked.snapshot(),
            "posted": self._posted.snapshot(),
            "standing": self._standing.snapshot(),
            **prefixed("windows", self._features.snapshot()),
            **prefixed("threads", self._threads.snapshot()),
            **prefixed("sent", self._sent.snapshot()),
            **prefixed("second", self._second.snapshot()),
            **prefixed("campaigns", self._campaigns.snapshot()),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take over a snapshot; only into a new channel."""
        self._talked.restore(state["talked"])
        self._posted.restore(state["posted"])
        self._standing.restore(state["standing"])
        self._features.restore(part("windows", state))
        self._threads.restore(part("threads", state))
        self._sent.restore(part("sent", state))
        self._second.restore(part("second", state))
        self._campaigns.restore(part("campaigns", state))


def _with_defaults(batch: pl.DataFrame) -> pl.DataFrame:
    """The optional columns that are looked at, null where the sender has none."""
    absent = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in _OPTIONAL.items()
        if name not in batch.columns
    ]
    return batch.with_columns(*absent, pl.col("at").to_physical().cast(pl.Int64).alias("at_ms"))


_OPTIONAL: Mapping[str, type[pl.DataType]] = {
    "source": pl.String,
    "recipient": pl.String,
    "sender_kind": pl.String,
    "channel": pl.String,
    "thread_id": pl.UInt64,
    "sender_cell": pl.String,
}


def _together(words: Floats, scored: Scored) -> Floats:
    """Words and signals as one score: 1 − exp(−Σ w), the words' w being −ln(1 − p)."""
    together: Floats = 1.0 - (1.0 - words) * np.exp(-scored.weights.sum(axis=1))
    return together


def _weight(probability: float) -> float:
    return float(-np.log1p(-probability))


def _scaled(reason: Reason, score: float, whole: float, scored: Scored, row: int) -> Reason:
    """A signal's reason with its part of the whole score instead of the signals' own."""
    signals = float(scored.weights[row].sum())
    share = reason.part / float(scored.score[row]) * signals / whole
    return Reason(reason.code, reason.zh, reason.en, float(score * share))


def _other(sender: str, recipient: str | None) -> tuple[Related, ...]:
    return (Related(_kind(sender), sender, Role.SUSPECT),) if recipient else ()


def _kind(subject: str) -> SubjectKind:
    return SubjectKind.ACCOUNT if ":" in subject else SubjectKind.NUMBER


def _site(address: str) -> str | None:
    try:
        read = url.parse(address)
    except Refused:
        return None
    return None if read.is_address else read.registrable or read.host


def _missing(values: Mapping[str, Any], said: Set[str]) -> tuple[str, ...]:
    """What would have been looked at on this row, had it been there."""
    wanted = ["sender_kind"]
    if values["channel"] in _TALKS:
        wanted.append("thread_id")
    if _CAMPAIGN in said:
        wanted.append("sender_cell")
    missing = [name for name in wanted if values[name] is None]
    if values["decided_by"] == Stage.NO_ENCODER.code:
        missing.append(_ENCODER)
    return tuple(missing)


def _thread_key(thread: int, sender: int) -> int:
    return ((thread * _MIX) & _NARROW) ^ sender
