"""The other pages in a browser: board, quarantine, search, what a role may open, a lost line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from fanzha.adapters.postgres.quarantine import RefusedRow
from fanzha.lifecycles.warning.model import FraudWarning
from fanzha.values import reserved
from tests.browser.centre import Served
from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


def test_every_figure_of_the_board_opens_as_many_rows(
    served: Served, visit: Visit, warnings: list[FraudWarning]
) -> None:
    me = visit()
    me.sign_in("陈静")
    page = me.page
    me.go("/situation")
    figures = page.locator(".b-grid a")
    expect(figures.first).to_be_visible()
    shown = [(a.inner_text(), a.get_attribute("href")) for a in figures.all()]
    assert len(shown) >= 10
    for number, link in shown[:4] + shown[-4:]:
        me.go(str(link))
        expect(page.locator(".q-panel table")).to_have_attribute("aria-busy", "false")
        expect(page.locator("tr[data-id]")).to_have_count(int(number))


def test_a_refused_row_is_repaired_and_sent_again(served: Served, visit: Visit) -> None:
    at = datetime.now(UTC)
    row = {
        "event_id": 17, "at": at.isoformat(), "call_id": 5, "phase": "over",
        "caller": reserved.mobile(1), "callee": reserved.mobile(2), "talk_s": 60,
    }  # fmt: skip
    served.centre.quarantine.add(
        [
            RefusedRow("call", "carrier", 3, "bad_value", "phase", "取值不对", "bad value", row),
            RefusedRow("call", "carrier", 9, "bad_line", None, "不是 JSON", "not JSON", '{"a": '),
        ],
        at,
    )
    me = visit()
    me.sign_in("林越")
    page = me.page
    me.go("/platform/quarantine")
    line = page.locator(".qr tbody tr", has_text="phase")
    line.get_by_role("button").click()
    content = page.locator(".ask textarea")
    expect(content).to_contain_text("over")
    page.get_by_role("button", name=me.say("quarantine.resend")).click()
    expect(page.locator(".ask .bad")).to_be_visible()
    content.fill(content.input_value().replace('"over"', '"end"'))
    page.get_by_role("button", name=me.say("quarantine.resend")).click()
    expect(page.locator(".nt[role=status]")).to_contain_text("已重新发送")
    expect(line).to_have_count(0)

    other = page.locator(".qr tbody tr", has_text="不是 JSON")
    other.get_by_role("button").click()
    expect(page.locator(".ask")).to_contain_text(me.say("quarantine.not_json"))
    page.get_by_role("button", name=me.say("quarantine.drop")).click()
    page.get_by_role("button", name="再按一次").click()
    expect(other).to_have_count(0)


def test_a_warning_is_found_by_the_number_people_quote(
    served: Served, visit: Visit, warnings: list[FraudWarning]
) -> None:
    me = visit()
    me.sign_in("陈静")
    page = me.page
    expect(page.locator("tr[data-id]")).to_have_count(len(warnings))
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(warnings[3].number[-5:])
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-id]")).to_have_count(1)
    expect(me.row(warnings[3])).to_be_visible()


def test_a_lost_line_is_told_and_the_desk_goes_on(
    served: Served, visit: Visit, warnings: list[FraudWarning]
) -> None:
    me = visit()
    page = me.page
    page.route("**/v1/stream", lambda route: route.abort())
    me.sign_in("陈静")
    expect(page.locator(".band")).to_contain_text("与服务器断开")
    me.row(warnings[0]).click()
    page.get_by_role("button", name=me.say("next.sign")).click()
    expect(page.locator(".oc")).to_have_count(6)
    page.unroute("**/v1/stream")
    expect(page.locator(".band")).to_have_count(0)


def test_a_wrong_password_says_so_and_an_analyst_takes_nothing(
    served: Served, visit: Visit, warnings: list[FraudWarning]
) -> None:
    me = visit("en")
    page = me.page
    me.go("/")
    page.get_by_label(me.say("sign_in.name")).fill("linyue")
    page.get_by_label(me.say("sign_in.password")).fill("guess")
    page.get_by_role("button", name=me.say("sign_in.enter")).click()
    expect(page.locator(".bad")).to_contain_text("the name or the password is wrong")
    me.sign_in("林越")
    expect(page.locator("tr[data-id]")).to_have_count(len(warnings))
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_count(3)
    expect(tabs.first).to_contain_text(me.say("tab.shift"))
    expect(tabs.first).to_have_attribute("aria-selected", "true")
    expect(page.locator(".rail small")).to_have_count(0)
    expect(page.locator(".pv")).to_contain_text(me.say("preview.open"))
    for word in ("queue.take", "next.sign", "verb.reassign", "verb.record_false_alarm"):
        expect(page.get_by_role("button", name=me.say(word))).to_have_count(0)
    me.go("/warnings?tab=mine")
    expect(tabs.first).to_have_attribute("aria-selected", "true")


def test_the_door_names_its_demo_accounts_and_asks_nothing_that_is_refused(
    served: Served, visit: Visit
) -> None:
    me = visit()
    page = me.page
    refused: list[str] = []
    page.on(
        "response",
        lambda r: refused.append(r.url) if r.status == 401 and r.url.endswith("/me") else None,
    )
    me.go("/")
    expect(page.locator(".door-demo li", has_text="陈静")).to_contain_text("chenjing")
    assert refused == []
    me.sign_in("陈静")
    me.go("/situation")
    expect(page.locator(".rail")).to_be_visible()
    assert refused == [], "a login that is held is found again"
    page.get_by_role("button", name="陈静").click()
    page.get_by_text(me.say("frame.sign_out")).click()
    expect(page.locator(".door-demo")).to_be_visible()
    me.go("/")
    expect(page.locator(".door-demo")).to_be_visible()
    assert refused == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_cross_of_a_dialog_is_named_in_the_language_of_the_page(
    served: Served, visit: Visit, warnings: list[FraudWarning], language: str
) -> None:
    me = visit(language)
    me.sign_in("陈静")
    page = me.page
    expect(page.locator("tr[data-id]").first).to_be_visible()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name=me.say("ask.close"), exact=True).click()
    expect(dialog).to_have_count(0)
