"""What a draft has shown, put together from its rehearsal, for the gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanzha.lifecycles.rule.model import Rehearsal, RehearsalState
from fanzha.usecases.workshop.gates import Shown

__all__ = ["shown_by"]


def shown_by(rehearsal: Rehearsal | None, judged_since: int) -> Shown:
    """Nothing is known of a draft whose rehearsal is not done. `judged_since`: cases of which
    people said something that the rehearsal did not know yet."""
    if rehearsal is None or rehearsal.state is not RehearsalState.DONE:
        return Shown()
    result = rehearsal.result
    lines: Mapping[str, Mapping[str, Any]] = {line["code"]: line for line in result["lines"]}
    cases = lines["cases_a_day"]
    more = cases["draft"] - (cases["live"] or 0.0)
    return Shown(
        replay_days=result["days"],
        replay_rows=result["rows"],
        judged=judged_since + int(lines["precision"]["of"] or 0),
        false_share=lines["false"]["draft"],
        elder_false_share=lines["elder_false"]["draft"],
        calls_more=more,
    )
