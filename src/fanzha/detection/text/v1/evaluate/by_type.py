"""How well each scam type is told from the others, on written messages that were not trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fanzha.detection.rate import Rate
from fanzha.detection.taxonomy import TAXONOMY_FILE, Taxonomy, load_taxonomy
from fanzha.detection.text.cascade.near import alike
from fanzha.detection.text.v1.corpus import MESSAGES_FILE, Sample, written
from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser
from fanzha.detection.text.v1.policy import READING_FILE, ReadingPolicy
from fanzha.detection.text.v1.steps import GREY, STEPS_FILE, Steps
from fanzha.detection.text.v1.train import Settings, fit

__all__ = ["ByType", "TypeLine", "by_type", "page"]

FOUND = 0.5
"""Score of the live channel from which a text is a finding."""
_UNNAMED = "—"


@dataclass(frozen=True, slots=True)
class TypeLine:
    """One type. `messages` were written for it, each tested once, by a model that had seen none of
    its near-duplicates. `recall`: of them, named this type; `precision`: of all fraud messages
    named this type, those that are; `found`: of them, scored as a finding."""

    code: str
    zh: str
    en: str
    messages: int
    found: Rate
    recall: Rate
    precision: Rate
    mistakes: tuple[tuple[str, int], ...]
    """What they were named instead, most frequent first; a main class's code where no type was
    likely enough, `—` where nothing was."""


@dataclass(frozen=True, slots=True)
class ByType:
    """All lines, and the same for messages split up and misspelled as by an evader."""

    lines: tuple[TypeLine, ...]
    exact: Rate
    main: Rate
    evaded_exact: Rate
    evaded_main: Rate
    honest: Rate
    """Honest written messages that were findings."""
    folds: int


def by_type(
    policies: Path, *, folds: int = 5, settings: Settings | None = None,
    tell: Callable[[int], None] = lambda fold: None,
) -> ByType:  # fmt: skip
    """Train on all but a fold's written messages, name the fold's; `tell` hears of each fold done.

    A message and its near-duplicates (of any type) are in one fold, its variants and evasions
    with it. Deterministic.
    """
    settings = settings or Settings()
    text = policies / "text"
    taxonomy = load_taxonomy(policies / TAXONOMY_FILE)
    normaliser = Normaliser.load(text / VARIANTS_FILE)
    steps = Steps.load(text / STEPS_FILE, taxonomy)
    prior = ReadingPolicy.load(text / READING_FILE).prior
    samples = written(text / MESSAGES_FILE, taxonomy, settings.seed, settings.variants)
    variant = np.array([k % settings.variants for k in range(len(samples))])
    fold = _folds(samples, variant, normaliser, folds)
    named: list[str | None] = [None] * len(samples)
    score = np.zeros(len(samples))
    for k in range(folds):
        model, _ = fit(
            [s for s, of in zip(samples, fold, strict=True) if of != k], normaliser, steps, settings
        )
        rows = np.flatnonzero((fold == k) & (variant < 2))
        read = Reader(normaliser, steps, model, prior).read(
            [samples[r].text for r in rows.tolist()]
        )
        score[rows] = read.score
        for place, row in enumerate(rows.tolist()):
            named[row] = read.scam_type(place) if samples[row].fraud else None
        tell(k + 1)
    return _told(samples, variant, named, score, taxonomy, folds)


def _folds(
    samples: Sequence[Sample], variant: npt.NDArray[np.int64], normaliser: Normaliser, folds: int
) -> npt.NDArray[np.int64]:
    """By near-duplicate groups of the messages as written, variants with their message."""
    plain = [s.text for s, v in zip(samples, variant, strict=True) if v == 0]
    group = alike(normaliser(plain))
    message = np.cumsum(variant == 0) - 1
    found: npt.NDArray[np.int64] = (group * 2654435761 % 2**32 // 2**16 % folds)[message]
    return found


def _told(
    samples: Sequence[Sample], variant: npt.NDArray[np.int64], named: Sequence[str | None],
    score: npt.NDArray[np.float64], taxonomy: Taxonomy, folds: int,
) -> ByType:  # fmt: skip
    tested = [
        (str(s.scam_type), name or _UNNAMED, int(v), float(p) >= FOUND)
        for s, name, v, p in zip(samples, named, variant.tolist(), score, strict=True)
        if s.fraud and v < 2
    ]
    plain = [one for one in tested if one[2] == 0]
    said = Counter(name for _, name, _, _ in plain)
    lines = []
    for code, kind in taxonomy.types.items():
        if kind.main == GREY:
            continue
        mine = [one for one in plain if one[0] == code]
        right = sum(name == code for _, name, _, _ in mine)
        wrong = Counter(name for _, name, _, _ in mine if name != code)
        lines.append(
            TypeLine(
                code, kind.zh, kind.en, len(mine), Rate(sum(f for *_, f in mine), len(mine)),
                Rate(right, len(mine)), Rate(right, said[code]),
                tuple(sorted(wrong.items(), key=lambda one: (-one[1], one[0]))),
            )
        )  # fmt: skip
    honest = [
        float(p) >= FOUND
        for s, v, p in zip(samples, variant.tolist(), score, strict=True)
        if not s.fraud and not s.grey and v == 0
    ]
    rates = [_rates([one for one in tested if one[2] == v], taxonomy) for v in (0, 1)]
    return ByType(tuple(lines), *rates[0], *rates[1], Rate(sum(honest), len(honest)), folds)


def _rates(tested: Sequence[tuple[str, str, int, bool]], taxonomy: Taxonomy) -> tuple[Rate, Rate]:
    """Named exactly, and named by the right main class at least."""
    exact = sum(code == name for code, name, *_ in tested)
    main = sum(
        taxonomy.known(name) and taxonomy.main_of(name) == taxonomy.main_of(code)
        for code, name, *_ in tested
    )
    return Rate(exact, len(tested)), Rate(main, len(tested))


def page(found: ByType) -> str:
    """The table as Markdown."""
    many = sum(line.messages for line in found.lines)
    out = [
        f"{many:,} fraud messages of {len(found.lines)} types, *written for fanzha, nobody's real"
        f" messages*, {found.folds} folds by near-duplicate group. Named exactly"
        f" {_percent(found.exact)}, by main class {_percent(found.main)}; split up and misspelled"
        f" {_percent(found.evaded_exact)} and {_percent(found.evaded_main)}. Findings among"
        f" {found.honest.of:,} honest written messages: {_percent(found.honest)}.",
        "",
        "| type | 类型 | n | found | recall | precision | most often taken for |",
        "|---|---|---|---|---|---|---|",
    ]
    for line in found.lines:
        wrong = ", ".join(f"{code} {n}" for code, n in line.mistakes[:2]) or "none"
        out.append(
            f"| {line.code} | {line.zh} | {line.messages} | {line.found.share:.0%}"
            f" | {_percent(line.recall)} | {_percent(line.precision)} | {wrong} |"
        )
    return "\n".join(out) + "\n"


def _percent(rate: Rate) -> str:
    low, high = rate.interval
    return f"{100 * rate.share:.0f} ({100 * low:.0f}–{100 * high:.0f}) %" if rate.of else "no case"
