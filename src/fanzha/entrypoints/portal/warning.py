"""The warning page a resolver leads to: what it is said to be, why, until when, what to do now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.responses import Response

from fanzha.entrypoints.portal.frame import call_buttons, facts, page
from fanzha.entrypoints.portal.html import Html, tag
from fanzha.entrypoints.portal.speech import Both, Speech
from fanzha.lists import code as codes
from fanzha.lists.form import Effect
from fanzha.lists.hits import Hit

__all__ = ["Reasons", "unlisted", "warning"]

LEGAL = 451
"""Unavailable For Legal Reasons: RFC 7725."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """What the register says of a measure; an edge that knows the list only has none."""

    said: Both
    article: str
    ref: str
    documents: tuple[Both, ...]
    automatic: bool


def warning(
    speech: Speech, centre: str, outside: str, shown: str, hit: Hit, reasons: Reasons | None,
    *, status: int = LEGAL,
) -> Response:  # fmt: skip
    """`shown` is the name or page, in normal form; `outside` the centre's own address."""
    link = f'<{outside}>; rel="blocked-by"'
    return page(
        speech, speech.t("warn_title"), centre,
        _alarm(speech, shown), _paid(speech), _why(speech, centre, shown, hit, reasons),
        _owner(speech, outside, hit, reasons),
        status=status, headers={"Link": link},
    )  # fmt: skip


def unlisted(speech: Speech, centre: str) -> Response:
    """Nothing stands against the name; it is not said back, whoever wrote the address."""
    card = tag(
        "section",
        tag("h1", speech.t("unlisted_title")),
        tag("p", speech.t("unlisted"), class_="note"),
        call_buttons(speech),
        class_="card",
    )
    return page(speech, speech.t("unlisted_title"), centre, card, status=404)


def _alarm(speech: Speech, shown: str) -> Html:
    return tag(
        "section",
        tag("div",
            tag("span", "!", class_="sign", aria_hidden="true"),
            tag("div", tag("h1", speech.t("warn_h1")),
                tag("p", f"{speech.t('warn_sub')} ", tag("bdi", shown, class_="mono"))),
            class_="top"),
        tag("ol", *(tag("li", speech.t(f"do_{n}")) for n in (1, 2, 3))),
        class_="card alarm",
    )  # fmt: skip


def _paid(speech: Speech) -> Html:
    return tag(
        "section",
        tag("h2", speech.t("paid_title")),
        tag("ol", *(tag("li", speech.t(f"paid_{n}")) for n in range(1, 6))),
        call_buttons(speech),
        class_="card",
    )


def _why(speech: Speech, centre: str, shown: str, hit: Hit, reasons: Reasons | None) -> Html:
    until = (
        speech.at(datetime.fromtimestamp(hit.ends_at, UTC)) if hit.ends_at else speech.t("no_end")
    )
    said = speech.sentence(speech.of(reasons.said)) if reasons else speech.t("said_plain")
    kind = "why_page" if "/" in shown else "why_name"
    return tag(
        "section",
        tag("h2", speech.t("why_title")),
        facts(
            (speech.t(kind), tag("bdi", shown, class_="mono")),
            (speech.t("why_said"), said),
            (speech.t("why_article"), speech.article(reasons.article) if reasons else None),
            (speech.t("why_ref"), reasons.ref if reasons else None),
            (speech.t("why_done"),
             speech.t("done_warn" if hit.effect is Effect.WARN else "done_refuse")),
            (speech.t("why_until"), until),
            (speech.t("why_who"), centre),
        ),
        tag("p", speech.t("automatic"), class_="note") if reasons and reasons.automatic else None,
        class_="card",
    )  # fmt: skip


def _owner(speech: Speech, outside: str, hit: Hit, reasons: Reasons | None) -> Html | None:
    if not 0 < hit.code <= codes.MOST:
        return None
    code = codes.write(hit.code)
    comma = "、" if speech.language == "zh" else ", "
    documents = comma.join(speech.of(d) for d in reasons.documents) if reasons else ""
    words = speech.t("owner", documents=documents) if documents else speech.t("owner_plain")
    return tag(
        "section",
        tag("h2", speech.t("owner_title")),
        tag("p", words),
        tag("p", f"{speech.t('why_code')} ", tag("b", code, class_="mono")),
        tag("div",
            tag("a", speech.t("owner_do"), class_="bt",
                href=f"{outside}/appeal/{code}?lang={speech.language}"),
            class_="acts"),
        class_="card",
    )  # fmt: skip
