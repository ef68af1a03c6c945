"""The script of a warning on the wire: the type's text, with the facts of this person's case."""

from __future__ import annotations

from dataclasses import dataclass

from fanzha.entrypoints.api import schemas as wire
from fanzha.lifecycles.warning.model import FraudWarning
from fanzha.usecases.dissuasion.script import Bilingual, ScriptBook


@dataclass(frozen=True)
class Scripts:
    """Presents scripts."""

    book: ScriptBook

    def of(self, warning: FraudWarning) -> wire.Script:
        script = self.book.of(warning.case.scam_type)
        reasons = sorted(warning.case.reasons, key=lambda p: -p.part)[:4]
        return wire.Script(
            type=script.type,
            version=script.version,
            opening=_words(script.opening),
            steps=[
                wire.ScriptStep(
                    title=_words(s.title),
                    sentence=_words(s.sentence),
                    checks=[_words(c) for c in s.checks],
                )
                for s in script.steps
            ],
            answers=[
                wire.ScriptAnswer(key=a.key, says=_words(a.says), answer=_words(a.answer))
                for a in script.answers
            ],
            facts=[wire.Words(zh=p.zh, en=p.en) for p in reasons],
            avoid=[_words(a) for a in script.avoid],
            rate=None,
        )


def _words(both: Bilingual) -> wire.Words:
    return wire.Words(zh=both[0], en=both[1])
