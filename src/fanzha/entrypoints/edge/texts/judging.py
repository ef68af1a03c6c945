"""What the text firewall thinks of a batch: what stands on the lists, then the words' first stage.

The sentence encoder is never asked here: milliseconds a text are too long for a wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.v1.addresses import addresses_of_few
from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.kernel import LONG_NUMBER
from fanzha.detection.text.v1.normal import NormalText
from fanzha.entrypoints.edge.texts.policy import TextPolicy
from fanzha.lists.form import Effect
from fanzha.lists.hits import Hit
from fanzha.lists.index import Standing
from fanzha.ports.text_wire import Ground, Texts, Verdict
from fanzha.values.writing import fold

__all__ = ["TextJudge"]

_KEPT = 65_536
"""Answers of the lists that are kept until the lists change."""
_NUMBERS_EACH = 8
_NUMBER_BYTES = 64


@dataclass(slots=True)
class _Kept:
    """Answers of one version of the lists. What is on no list stays so until the next; what is,
    until it ends."""

    ask: Callable[[str, int], Hit | None]
    found: dict[str, Hit | None]

    def of(self, text: str, now: int) -> Hit | None:
        hit = self.found.get(text, _UNASKED)
        if hit is _UNASKED or (hit is not None and 0 < hit.ends_at <= now):
            if len(self.found) >= _KEPT:
                self.found.clear()
            hit = self.found[text] = self.ask(text, now)
        return hit


_UNASKED = Hit(Effect.LABEL, 0, 1)


class TextJudge:
    """A `ports.text_wire.Judge`. `standing` gives the lists as they stand, None while there are
    none; `now` seconds since 1970. For one thread."""

    def __init__(
        self,
        reader: Reader,
        policy: TextPolicy,
        standing: Callable[[], Standing | None],
        now: Callable[[], float],
    ) -> None:
        self._reader = reader
        self._policy = policy
        self._standing = standing
        self._now = now
        self._of: tuple[Standing, int] | None = None
        self._senders = self._urls = self._numbers = _Kept(lambda _, __: None, {})

    def __call__(self, texts: Texts) -> dict[int, Verdict]:
        policy = self._policy
        text = self._reader.normaliser(texts.bodies)
        scores = self._reader.read(text).score
        found: dict[int, Verdict] = {}
        for row in np.flatnonzero(scores >= policy.record_from).tolist():
            score = float(scores[row])
            found[row] = Verdict(score >= policy.refuse_from, Ground.WORDS, 0, round(score, 4))
        standing = self._standing()
        if standing is not None and len(standing):
            self._follow(standing)
            self._add_listed(texts, text, scores, found)
        return found

    def warm(self) -> None:
        """Load what the first text would wait for."""
        import pyarrow as pa

        self(
            Texts(
                ["96110"],
                pa.array(["您好，请查看 www.shop.example 或致电4001234567"], pa.large_string()),
            )
        )

    def _follow(self, standing: Standing) -> None:
        if self._of == (standing, standing.version):
            return
        self._of = (standing, standing.version)
        self._senders = _Kept(standing.sender, {})
        self._urls = _Kept(standing.url, {})
        self._numbers = _Kept(standing.number, {})

    def _add_listed(
        self,
        texts: Texts,
        text: NormalText,
        scores: npt.NDArray[np.float64],
        found: dict[int, Verdict],
    ) -> None:
        now = int(self._now())
        known = self._senders.found
        met = [known.get(name, _UNASKED) for name in texts.senders]
        if met.count(None) < len(met):
            for row, name in enumerate(texts.senders):
                hit = None if met[row] is None else self._senders.of(name, now)
                self._meet(found, row, hit, Ground.SENDER, scores)
        for row, address in addresses_of_few(text):
            self._meet(found, row, self._urls.of(address, now), Ground.ADDRESS, scores)
        for row, number in _numbers(text):
            self._meet(found, row, self._numbers.of(number, now), Ground.NUMBER, scores)

    def _meet(
        self,
        found: dict[int, Verdict],
        row: int,
        hit: Hit | None,
        ground: Ground,
        scores: npt.NDArray[np.float64],
    ) -> None:
        """A measure's refusal goes before the words', because it carries the code to appeal with.
        A protected sender's words are recorded and never refused; a protected name in a text
        protects nothing, for anybody can write it."""
        if hit is None:
            return
        before = found.get(row)
        if hit.effect is Effect.ALLOW:
            if ground is Ground.SENDER and before is not None:
                found[row] = replace(before, refuse=False)
            return
        refuse = self._policy.lists[hit.effect]
        if before is None or (refuse and (before.code == 0 or not before.refuse)):
            found[row] = Verdict(refuse, ground, hit.code, round(float(scores[row]), 4))


def _numbers(text: NormalText) -> Iterable[tuple[int, str]]:
    """Numbers of seven digits and more, as the texts write them."""
    marks = np.flatnonzero(text.chars == LONG_NUMBER)
    if not marks.size:
        return
    owner = np.searchsorted(text.ends, marks, side="right") - 1
    last, many = -1, 0
    for row, place in zip(owner.tolist(), marks.tolist(), strict=True):
        many = many + 1 if row == last else 1
        last = row
        if many > _NUMBERS_EACH:
            continue
        raw = text.bytes_of(row)
        after = int(text.source[place + 1]) if place + 1 < text.ends[row + 1] else len(raw)
        begin = int(text.source[place])
        said = fold(raw[begin : min(after, begin + _NUMBER_BYTES)].decode("utf-8", "ignore"))
        yield row, said.rstrip(".,;:!?，。；：！？、 ")
