"""The frame of every public page: language, look, numbers to call; and the headers it goes with."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from urllib.parse import urlencode

from starlette.responses import Response

from fanzha.entrypoints.portal.html import Html, join, tag
from fanzha.entrypoints.portal.speech import Speech

__all__ = ["call_buttons", "facts", "page"]

_LOOK = (Path(__file__).parent / "look.css").read_text(encoding="utf-8").partition("*/\n")[2]
_POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_LOOK.encode()).digest()).decode()
    + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def page(
    speech: Speech, title: str, centre: str, *content: Html | None,
    status: int = 200, keep: dict[str, str] | None = None, headers: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """A whole page. `keep`: what the link to the other language must not lose of the address."""
    there = "?" + urlencode({**(keep or {}), "lang": speech.other})
    other = tag(
        "a", speech.t("language"), href=there, hreflang=speech.other,
        lang="en" if speech.other == "en" else "zh-CN",
    )  # fmt: skip
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"{title} · {centre}"),
        Html(f"<style>{_LOOK}</style>"),
    )
    body = tag(
        "body",
        tag("a", speech.t("skip"), class_="skip", href="#main"),
        tag("header", tag("div", tag("p", centre),
                          tag("nav", other, aria_label=speech.t("language_label")),
                          class_="bar")),
        tag("main", *content, id="main", tabindex="-1"),
        tag("footer", tag("p", speech.t("foot"))),
    )  # fmt: skip
    whole = f"<!doctype html>\n{tag('html', head, body, lang=speech.tag)}"
    return Response(
        whole.encode("utf-8", "replace"),
        status_code=status,
        media_type="text/html; charset=utf-8",
        headers={
            "Content-Security-Policy": _POLICY,
            "Content-Language": speech.tag,
            "Cache-Control": "no-store",
            "Vary": "Accept-Language",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            # With none at all a browser does not say that a form of ours is ours.
            "Referrer-Policy": "same-origin",
            **(headers or {}),
        },
    )


def facts(*pairs: tuple[str, Html | str | None]) -> Html:
    """Terms and what they are; a pair without a value is left out."""
    lines = [join(tag("dt", name), tag("dd", value)) for name, value in pairs if value]
    return tag("dl", *lines)


def call_buttons(speech: Speech) -> Html:
    """The two numbers, the police first."""
    return tag(
        "div",
        tag("a", speech.t("call_110"), class_="bt u", href="tel:110"),
        tag("a", speech.t("call_96110"), class_="bt", href="tel:96110"),
        class_="acts",
    )
