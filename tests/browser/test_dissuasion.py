"""The main job in a browser: a warning comes, a person takes it, calls, records, closes it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from fanzha.entrypoints.demo import DEMO_PASSWORD
from fanzha.lifecycles.actor import NATION
from fanzha.lifecycles.warning.model import FraudWarning
from fanzha.usecases.warning.act import Act, act
from fanzha.values import reserved
from tests import fixtures
from tests.browser import staged
from tests.browser.centre import Served
from tests.browser.conftest import Visitor, stage, state_of

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_signed_in_taken_called_recorded_closed(
    served: Served, visit: Visit, warnings: list[FraudWarning], language: str
) -> None:
    me = visit(language)
    me.sign_in("陈静")
    page = me.page
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if language == "zh" else "en")
    first = warnings[0]
    me.row(first).click()
    expect(page.locator(".pv")).to_contain_text(first.number)
    page.get_by_role("button", name=me.say("next.sign")).click()

    expect(page).to_have_url(re.compile(rf"/warnings/{first.id}/call$"))
    expect(page.locator(".line")).not_to_be_empty()
    page.locator(".sp2").nth(4).click()
    page.locator(".chk input").first.check()
    outcome = page.locator(".oc").first
    expect(outcome).to_contain_text(me.say("outcome.record_dissuaded"))
    outcome.click()
    assert state_of(served, first).state == "contacting", "one press selects, it does not record"
    outcome.click()
    expect(page.locator(".recorded")).to_contain_text(me.say("outcome.record_dissuaded"))
    assert state_of(served, first).state == "dissuaded"

    me.go(f"/warnings/{first.id}")
    page.get_by_role("button", name=me.say("verb.follow_up"), exact=False).first.click()
    page.locator(".stp.s2", has_text=re.compile("待回访|To follow up")).wait_for()
    page.locator(".w-head").get_by_role("button", name=me.say("verb.archive")).click()
    page.locator(".stp.s2", has_text=re.compile("已归档|Archived")).wait_for()
    me.go("/warnings?tab=archived")
    expect(me.row(first)).to_be_visible()
    verbs = [json.loads(d.body)["verb"] for d in _deeds(served, first)]
    assert verbs[-5:] == ["sign", "start_contact", "record_dissuaded", "follow_up", "archive"]
    assert json.loads(_deeds(served, first)[-3].body)["detail"]["agreed"]


def test_new_rows_wait_and_nothing_moves(
    served: Served, visit: Visit, warnings: list[FraudWarning]
) -> None:
    stage(served, staged.OTHERS * 6, first=200)
    me = visit()
    me.sign_in("陈静")
    page = me.page
    expect(page.locator("tr.sel")).to_have_count(1)
    for _ in range(12):
        page.keyboard.press("j")
    page.locator(".q-panel").evaluate("panel => { panel.scrollTop = 300 }")
    order, focused = me.order(), page.evaluate("document.activeElement.dataset.id")
    scrolled = page.locator(".q-panel").evaluate("panel => panel.scrollTop")
    assert focused == order[12]

    fresh = stage(served, [*staged.OTHERS[:3], staged.AUTHORITY], first=500)
    shown = next(w for w in warnings if str(w.id) in order)
    _do(served, shown, "周航", "sign")

    expect(page.locator(".bt.new")).to_contain_text(me.say("queue.new", n=4))
    expect(me.row(shown)).to_contain_text("周航")
    assert me.order() == order
    assert page.evaluate("document.activeElement.dataset.id") == focused
    assert page.locator(".q-panel").evaluate("panel => panel.scrollTop") == scrolled
    spoken = page.locator("#live-assertive")
    expect(spoken).to_contain_text(staged.AUTHORITY["fact"]["zh"])

    page.keyboard.press("r")
    for warning in fresh:
        expect(me.row(warning)).to_have_count(1)
    assert str(shown.id) not in me.order(), "what another took has left my list"


def test_masked_until_revealed_for_a_purpose(
    served: Served, visit: Visit, warnings: list[FraudWarning]
) -> None:
    me = visit()
    page = me.page
    said: list[str] = []
    page.on("response", lambda r: said.append(_body(r)) if "/v1/" in r.url else None)
    me.sign_in("陈静")
    number, name = reserved.mobile(1), staged.AUTHORITY["name"]
    me.go(f"/warnings/{warnings[0].id}")
    page.get_by_role("heading", name=me.say("views.title")).wait_for()
    expect(page.locator("main")).to_contain_text(me.say("views.none"))
    plain = (number, number[-11:], name, reserved.overseas(317))
    assert not any(p in text for p in plain for text in [*said, page.content()])

    page.get_by_role("button", name=me.say("reveal.open")).click()
    page.get_by_label("止付核对").check()
    page.get_by_role("button", name=me.say("reveal.show")).click()
    expect(page.locator(".revealed")).to_contain_text(number[-11:])
    assert name not in page.content(), "only the field that was asked for"
    page.get_by_role("button", name=me.say("reveal.hide")).click()
    expect(page.locator(".revealed")).to_have_count(0)
    assert number[-11:] not in page.content()
    expect(page.locator("main")).to_contain_text(re.compile("陈静 查看 手机（用途：止付核对）"))
    [seen] = [json.loads(d.body) for d in _deeds(served, warnings[0]) if d.verb == "reveal"]
    assert seen["detail"] == {"purpose": "stop", "fields": ["number"]}


def test_the_state_changed_by_another_is_told_and_shown(
    served: Served, visit: Visit, warnings: list[FraudWarning]
) -> None:
    me = visit()
    page = me.page
    # Without live news the screen is behind: the press itself must find out.
    page.route("**/v1/stream", lambda route: route.abort())
    me.sign_in("陈静")
    me.row(warnings[0]).click()
    expect(page.locator(".pv")).to_contain_text(warnings[0].number)
    press = page.get_by_role("button", name=me.say("next.sign"))
    expect(press).to_be_visible()
    _do(served, warnings[0], "周航", "sign")
    press.click()
    alert = page.locator(".pv [role=alert]")
    expect(alert).to_contain_text("周航")
    expect(alert).to_contain_text("已签收")
    expect(page.locator(".pv .ft")).not_to_contain_text(me.say("next.sign"))
    stored = state_of(served, warnings[0])
    assert (stored.state, stored.owner_display) == ("signed", "周航")


def test_a_whole_call_by_keyboard(
    served: Served, visit: Visit, warnings: list[FraudWarning]
) -> None:
    me = visit()
    page = me.page
    me.go("/")
    page.locator('input[name="name"]').wait_for()
    page.keyboard.type("chenjing")
    page.keyboard.press("Tab")
    page.keyboard.type(DEMO_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-id]").first).to_be_visible()
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile(r"/warnings/[0-9a-f-]+$"))
    taken = next(w for w in warnings if str(w.id) in page.url)
    assert taken.grade == 1, "the most pressing one"
    expect(page.locator(".stp.s2")).to_contain_text("已签收")
    page.keyboard.press("Enter")
    expect(page.locator(".sp2")).to_have_count(5)
    page.keyboard.press("Space")
    expect(page.locator(".sp2.on")).to_contain_text("确认处境")
    page.keyboard.press("Backspace")
    page.keyboard.press("w")
    expect(page.locator(".line")).to_contain_text("96110")

    page.keyboard.press("4")
    expect(page.locator(".note textarea")).to_be_focused()
    page.keyboard.type("1 2 3 误判 nqw")
    assert state_of(served, taken).state == "contacting", "typing in the note presses no key"
    page.keyboard.press("Escape")
    page.keyboard.press("4")
    page.keyboard.press("4")
    expect(page.locator(".recorded")).to_contain_text(me.say("outcome.record_false_alarm"))
    assert state_of(served, taken).state == "false_alarm"
    page.keyboard.press("Control+z")
    expect(page.locator(".recorded")).to_have_count(0)
    expect(page.locator(".oc").first).to_be_enabled()
    assert state_of(served, taken).state == "contacting"
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator(".recorded")).to_contain_text(me.say("outcome.record_dissuaded"))
    assert state_of(served, taken).state == "dissuaded"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_already_paid_records_one_stop_and_says_that_it_waits(
    served: Served, visit: Visit, warnings: list[FraudWarning], language: str
) -> None:
    me = visit(language)
    page = me.page
    me.sign_in("陈静")
    me.row(warnings[0]).click()
    page.get_by_role("button", name=me.say("next.sign")).click()
    page.locator(".oc").nth(2).click()
    save = page.get_by_role("button", name=me.say("paid.save"))
    account, amount = (page.get_by_label(me.say(f"paid.{f}")) for f in ("account", "amount"))
    at = page.get_by_label(me.say("paid.at"))
    for field, wrong in ((account, ""), (amount, "49,800.5x"), (at, "2999-01-01 00:00")):
        field.fill(wrong)
    save.click()
    for word in ("paid.account_wrong", "paid.amount_wrong", "paid.at_wrong"):
        expect(page.locator(".ask")).to_contain_text(me.say(word))
    account.fill("6217 0000 0931")
    amount.fill("49,800.05")
    at.fill("2026-01-02 03:04")
    save.click()
    recorded = page.locator(".recorded")
    expect(recorded).to_contain_text(me.say("outcome.record_already_paid"))
    expect(recorded).to_contain_text(me.say("measures.stop_waits"))
    assert state_of(served, warnings[0]).state == "already_paid"
    with served.centre.database.transaction(fixtures.BY_CODE["86"].scope) as connection:
        rows = connection.exec_driver_sql("SELECT amount_fen FROM stop_request").all()
    assert [r.amount_fen for r in rows] == [4_980_005]

    me.go(f"/warnings/{warnings[0].id}")
    measures = page.locator(".measures")
    expect(measures).to_contain_text(me.say("measures.stop_recorded", at=""))
    expect(measures).to_contain_text(me.say("measures.stop_waits"))
    expect(measures).to_contain_text("49,800.05")
    expect(measures).to_contain_text("*")
    assert "621700000931" not in page.content()


def test_what_leaves_my_scope_leaves_the_screen(
    served: Served, visit: Visit, warnings: list[FraudWarning]
) -> None:
    me = visit()
    page = me.page
    me.sign_in("陈静")
    me.go(f"/warnings/{warnings[0].id}")
    expect(page.locator("main")).to_contain_text("王**")
    _do(served, warnings[0], "何珊", "hand_up", note="跨区")
    expect(page.locator("main")).to_contain_text("这条预警由望海区分局办理")
    expect(page.locator("main")).not_to_contain_text("王**")
    expect(page.locator("main")).not_to_contain_text(staged.AUTHORITY["fact"]["zh"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_link_to_what_is_handled_elsewhere_shows_by_whom_and_nothing_else(
    served: Served, visit: Visit, warnings: list[FraudWarning], language: str
) -> None:
    hidden = warnings[0]
    _do(served, hidden, "何珊", "hand_up", note="跨区")
    me = visit(language)
    page = me.page
    me.sign_in("陈静")
    said: list[str] = []
    by = {"zh": "这条预警由望海区分局办理", "en": "this warning is handled by"}[language]
    for path in ("", "/call"):
        with page.expect_response(lambda r: r.url.endswith(f"/v1/warnings/{hidden.id}")) as asked:
            me.go(f"/warnings/{hidden.id}{path}")
        said.append(asked.value.text())
        fail = page.locator("main .fail")
        expect(fail.locator("h2")).to_contain_text(by)
        expect(page.locator("main > *")).to_have_count(1)
        expect(fail.get_by_role("button")).to_have_count(0)
        assert page.locator("main").inner_text().count("\n") <= 6
    texts = [*said, page.content()]
    known = (hidden.number, hidden.person.name_mask, hidden.person.number_mask)
    told = (*known, *staged.AUTHORITY["fact"].values())
    assert not any(secret in text for secret in told for text in texts if secret)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_fits_a_phone(
    served: Served, visit: Visit, warnings: list[FraudWarning], language: str
) -> None:
    me = visit(language, width=390, height=844)
    page = me.page
    me.go("/")
    expect(page.locator(".door-demo li")).to_have_count(4)
    for inside in (".door-demo", ".door-demo ul"):
        assert page.eval_on_selector(inside, "at => at.scrollWidth <= at.clientWidth")
    _fits(page)
    me.sign_in("陈静")
    me.row(warnings[0]).click()
    expect(page.locator(".stps")).to_be_visible()
    _fits(page)
    page.locator(".w-head .bt.p").click()
    expect(page.locator(".oc")).to_have_count(6)
    _fits(page)
    page.locator(".oc").nth(0).click()
    page.locator(".oc").nth(0).click()
    take = page.locator(".recorded .bt.p")
    expect(take).to_be_in_viewport()
    box = page.locator(".recorded").bounding_box()
    assert box
    assert box["y"] + box["height"] <= page.locator(".rail").bounding_box()["y"]
    assert take.bounding_box()["y"] + 20 <= box["y"] + box["height"]
    for path in ("/warnings", "/situation"):
        me.go(path)
        expect(page.locator("main .pn").first).to_be_visible()
        _fits(page)


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('main').scrollWidth") <= 390


def _deeds(served: Served, warning: FraudWarning) -> list[Any]:
    return list(served.centre.desk.belongings(state_of(served, warning), NATION).deeds)


def _do(served: Served, warning: FraudWarning, who: str, verb: str, note: str = "") -> None:
    """A colleague uses a verb at another screen."""
    centre = served.centre
    name = {"周航": "zhouhang", "何珊": "heshan"}[who]
    now = datetime.now(UTC)
    _, colleague = centre.operators.sign_in(name, DEMO_PASSWORD, now, demo_allowed=True)
    with centre.office.work(colleague.actor.unit.scope) as work:
        found = work.warnings.get(warning.id)
        assert found is not None
        wanted = Act(verb=verb, expected_state=found.state, note=note)
        act(work, centre.policies, colleague.actor, warning.id, wanted, now)


def _body(response: Any) -> str:
    """What a response said; the endless stream and files have nothing to say here."""
    if "stream" in response.url or not response.ok or response.status == 204:
        return ""
    text: str = response.text()
    return text
