"""The appeal pages: asking for the code, what the notice says, the form, how an appeal stands."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from fanzha.entrypoints.api.measures import schemas as wire
from fanzha.entrypoints.portal.frame import facts, page
from fanzha.entrypoints.portal.html import Html, tag
from fanzha.entrypoints.portal.speech import Speech
from fanzha.lifecycles.measure.appeal_states import FILED, OPEN
from fanzha.lifecycles.measure.states import IN_FORCE

__all__ = ["Form", "Said", "ask", "failed", "notice"]

_TEXT_MOST = 4000


@dataclass(frozen=True, slots=True)
class Form:
    """What a form of ours carries, and what was typed into it."""

    mark: str
    text: str = ""
    contact: str = ""
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What the page has to say first: that something was done, or what is wrong, and where."""

    words: str
    field: str = ""
    good: bool = False
    more: str = ""


def ask(speech: Speech, centre: str, typed: str = "", said: Said | None = None) -> Response:
    """Asks for the code of the notice."""
    wrong = said is not None
    form = tag(
        "form",
        tag("input", type="hidden", name="lang", value=speech.language),
        _field(
            speech.t("code"), speech.t("code_hint"), said, "code", "input",
            value=typed[:40], required=True, maxlength="40", autocomplete="off",
            autocapitalize="characters", spellcheck="false",
        ),
        tag("div", tag("button", speech.t("code_do"), class_="bt p", type="submit"), class_="acts"),
        method="get", action="/appeal",
    )  # fmt: skip
    card = tag(
        "section", tag("h1", speech.t("appeal_title")),
        tag("p", speech.t("appeal_ask"), class_="note"), class_="card",
    )  # fmt: skip
    return page(
        speech, speech.t("appeal_title"), centre, _banner(speech, said), card,
        tag("section", form, class_="card"), status=422 if wrong else 200,
    )  # fmt: skip


def notice(
    speech: Speech, centre: str, told: wire.PublicMeasure, form: Form, said: Said | None = None,
    *, status: int = 200, keep: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """What the notice says; an appeal's state, or the form for one."""
    appeal = told.appeal
    open_one = appeal is not None and appeal.state.code in OPEN
    in_force = told.state.code in IN_FORCE
    return page(
        speech, f"{speech.t('appeal_title')} {told.code}", centre,
        _banner(speech, said),
        _told(speech, told, in_force),
        _status(speech, appeal) if appeal else None,
        _file(speech, told, form, said, again=appeal is not None)
        if in_force and not open_one else None,
        _withdraw(speech, told, form, said) if open_one else None,
        tag("p", tag("a", speech.t("other_code"), href=f"/appeal?lang={speech.language}")),
        status=status, keep=keep,
    )  # fmt: skip


def failed(speech: Speech, centre: str, words: str, status: int) -> Response:
    """Something was refused or could not be done."""
    card = tag(
        "section",
        tag("h1", speech.t("failed_title")),
        tag("p", words, role="alert"),
        tag("p", speech.t("failed"), class_="note"),
        tag("div", tag("a", speech.t("again"), class_="bt", href=f"/appeal?lang={speech.language}"),
            class_="acts"),
        class_="card",
    )  # fmt: skip
    return page(speech, speech.t("failed_title"), centre, card, status=status)


def _banner(speech: Speech, said: Said | None) -> Html | None:
    if said is None:
        return None
    if said.good:
        more = tag("p", said.more) if said.more else None
        return tag("section", tag("h2", said.words), more, class_="card good", role="status")
    words = tag("a", said.words, href=f"#{said.field}") if said.field else said.words
    return tag(
        "section", tag("h2", speech.t("wrong")), tag("p", words), class_="card bad", role="alert"
    )


def _told(speech: Speech, told: wire.PublicMeasure, in_force: bool) -> Html:
    comma = "、" if speech.language == "zh" else ", "
    documents = comma.join(speech.of(d) for d in told.remedy.documents)
    kind, ground = speech.of(told.kind), told.ground
    return tag(
        "section",
        tag("h1", f"{speech.t('appeal_title')} ", tag("span", told.code, class_="mono")),
        tag("h2", speech.t("notice_title"), class_="note"),
        facts(
            (speech.t("n_target"), tag("span", f"{kind} ", tag("bdi", told.target, class_="mono"))),
            (speech.t("n_state"), tag("span", speech.of(told.state), class_="state")),
            (speech.t("n_effect"), speech.of(told.effect)),
            (speech.t("n_said"), speech.sentence(speech.of(ground))),
            (speech.t("n_article"), speech.article(ground.article)),
            (speech.t(f"n_ref_{ground.kind}"), tag("span", ground.ref)),
            (speech.t("n_from"), speech.at(told.begins_at)),
            (speech.t("n_until"), speech.at(told.ends_at)),
            (speech.t("n_remedy"), speech.of(told.remedy.channel)),
            (speech.t("n_documents"), documents),
            (speech.t("n_number"), tag("span", told.number, class_="mono")),
        ),
        None if in_force else tag("p", tag("b", speech.t("over")), class_="note"),
        class_="card",
    )  # fmt: skip


def _status(speech: Speech, appeal: wire.PublicAppeal) -> Html:
    state, due = appeal.state.code, None
    if appeal.due_at is not None and state in OPEN:
        what = speech.t("s_due_filed" if state == FILED else "s_due_accepted")
        due = f"{speech.at(appeal.due_at)} {what}"
    return tag(
        "section",
        tag("h2", speech.t("status_title")),
        facts(
            (speech.t("s_state"), tag("span", speech.of(appeal.state), class_="state")),
            (speech.t("s_filed"), speech.at(appeal.filed_at)),
            (speech.t("s_due"), due),
            (speech.t("s_reasons"), appeal.reasons),
            (speech.t("s_number"), tag("span", appeal.number, class_="mono")),
        ),
        tag("p", speech.t(f"s_next_{state}"), class_="note"),
        class_="card",
    )


def _file(
    speech: Speech, told: wire.PublicMeasure, form: Form, said: Said | None, *, again: bool
) -> Html:
    return tag(
        "section",
        tag("h2", speech.t("file_again" if again else "file_title")),
        tag("form",
            tag("input", type="hidden", name="mark", value=form.mark),
            tag("input", type="hidden", name="lang", value=speech.language),
            _field(
                speech.t("text"), speech.t("text_hint", most=_TEXT_MOST), said, "text", "textarea",
                "\n", form.text, required=True, rows="6", maxlength=str(_TEXT_MOST),
            ),
            _field(
                speech.t("contact"), speech.t("contact_hint"), said, "contact", "input",
                value=form.contact, maxlength="200",
            ),
            tag("div", tag("button", speech.t("file_do"), class_="bt p", type="submit"),
                class_="acts"),
            method="post", action=f"/appeal/{told.code}"),
        class_="card",
    )  # fmt: skip


def _withdraw(speech: Speech, told: wire.PublicMeasure, form: Form, said: Said | None) -> Html:
    return tag(
        "section",
        tag("h2", speech.t("withdraw_title")),
        tag("form",
            tag("input", type="hidden", name="mark", value=form.mark),
            tag("input", type="hidden", name="lang", value=speech.language),
            _field(
                speech.t("receipt_label"), speech.t("receipt_hint"), said, "receipt", "input",
                value=form.receipt, required=True, maxlength="40", autocomplete="off",
                spellcheck="false",
            ),
            tag("div", tag("button", speech.t("withdraw_do"), class_="bt", type="submit"),
                class_="acts"),
            method="post", action=f"/appeal/{told.code}/withdraw"),
        class_="card",
    )  # fmt: skip


def _field(
    label: str, hint: str, said: Said | None, name: str, control: str, *content: str,
    **attributes: str | bool | None,
) -> Html:  # fmt: skip
    """A field with its label, its hint, and what is wrong with it."""
    wrong = said is not None and not said.good and said.field == name
    described = f"{name}-hint {name}-error" if wrong else f"{name}-hint"
    return tag(
        "div",
        tag("label", label, for_=name),
        tag("p", hint, class_="hint", id=f"{name}-hint"),
        tag("p", said.words, class_="no", id=f"{name}-error") if said and wrong else None,
        tag(control, *content, name=name, id=name, aria_describedby=described,
            aria_invalid="true" if wrong else None, **attributes),
        class_="field code" if name in ("code", "receipt") else "field",
    )  # fmt: skip
