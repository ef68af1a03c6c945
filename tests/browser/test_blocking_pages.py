"""Blocking in a browser: the register, a proposal to its second signature, an appeal to its end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from fanzha.lifecycles.measure import states
from fanzha.lifecycles.measure.target import MeasureKind
from fanzha.lists import code as codes
from fanzha.values import reserved
from tests import fixtures
from tests.browser import register
from tests.browser.centre import Served, centre_over, serve
from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


@pytest.fixture
def served(installed: fixtures.Installed) -> Iterator[Served]:
    """The console with those who work on measures."""
    centre = centre_over(installed)
    register.staffed(centre)
    with serve(centre) as found:
        yield found


def state(served: Served, code: int) -> str:
    with served.centre.measures.office.work() as work:
        found = work.measures.by_code(code)
        assert found is not None
        return found.state


def button(me: Visitor, name: str) -> Any:
    return me.page.get_by_role("button", name=name)


def test_a_proposal_from_its_form_to_the_second_signature(served: Served, visit: Visit) -> None:
    me = visit()
    me.sign_in("宋薇")
    page = me.page
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page.get_by_text(me.say("blocking.none"))).to_be_visible()
    page.keyboard.press("c")
    send = button(me, me.say("blocking.send"))
    expect(send).to_have_attribute("aria-disabled", "true")
    target = page.get_by_label(me.say("blocking.f_target"))
    target.fill("13*")
    page.get_by_label(me.say("blocking.f_ground.ref")).fill("青公反诈〔2026〕12号")
    page.get_by_label(me.say("blocking.f_ground.zh")).fill("用于电信网络诈骗")
    page.get_by_label(me.say("blocking.f_ground.en")).fill("used for telecom fraud")
    page.keyboard.press("Control+Enter")
    # Refused at its field, which has the focus; what was typed is kept.
    expect(page.locator("#f-target-bad")).to_contain_text("前缀")
    expect(target).to_be_focused()
    expect(target).to_have_attribute("aria-invalid", "true")
    target.fill(reserved.mobile(9)[:-2] + "*")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/measures/[0-9a-f-]{36}$"))
    expect(page.locator(".ms-four")).to_contain_text("反电信网络诈骗法第十四条")
    for word in ("ground", "term", "remedy", "end"):
        expect(page.locator(".ms-four dt", has_text=me.say(f"blocking.{word}"))).to_be_visible()
    expect(page.get_by_text(me.say("blocking.to_sign"))).to_have_count(2)
    address = page.url.removeprefix(me.base)

    for name, left in (("罗启明", 1), ("高原", 0)):
        other = visit()
        other.sign_in(name)
        other.go(address)
        expect(other.page.locator(".ms-four")).to_be_visible()
        other.page.keyboard.press("Enter")
        dialog = other.page.get_by_role("dialog")
        expect(dialog).to_contain_text(me.say("blocking.second_person"))
        dialog.get_by_role("button", name="批准").click()
        expect(dialog).to_be_hidden()
        expect(other.page.get_by_text(me.say("blocking.to_sign"))).to_have_count(left)
    expect(other.page.locator(".hd .tag", has_text="生效")).to_be_visible()


def test_the_register_is_filtered_walked_and_searched(served: Served, visit: Visit) -> None:
    staged = register.stage(served.centre)
    me = visit("en", 1280, 720)
    me.sign_in("罗启明")
    page = me.page
    me.go("/measures")
    rows = page.locator("tr[data-id]")
    expect(rows).to_have_count(len(staged.measures))
    for measure in staged.measures.values():
        if measure.target.kind is MeasureKind.NUMBER and measure.target.reach == "exact":
            assert measure.target.text not in page.content()
    button(me, me.say("blocking.state_provisional")).click()
    expect(rows).to_have_count(2)
    page.get_by_label(me.say("blocking.kind"), exact=True).select_option("name")
    expect(rows).to_have_count(1)
    assert "state=provisional" in page.url
    assert "kind=name" in page.url
    page.reload()
    expect(rows).to_have_count(1)
    me.go("/measures?automatic=true")
    expect(rows).to_have_count(2)

    # By exact target: the number itself finds its measure, and nothing else does.
    page.get_by_label(me.say("blocking.find_by")).select_option("number")
    search = page.get_by_role("searchbox", name=me.say("blocking.find"))
    search.fill(reserved.mobile(7))
    search.press("Enter")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(staged.measures["number"].number)
    page.get_by_label(me.say("blocking.find_by")).select_option("")
    search.fill(staged.measures["app"].number[-5:])
    search.press("Enter")
    expect(rows).to_contain_text(staged.measures["app"].number)
    search.fill("99999")
    search.press("Enter")
    expect(page.get_by_text(me.say("blocking.none_so"))).to_be_visible()
    page.get_by_role("button", name=me.say("blocking.show_all")).first.click()
    expect(rows).to_have_count(len(staged.measures))

    page.locator("h1").click()
    second = rows.nth(1).get_attribute("data-id")
    page.keyboard.press("j")
    expect(page.locator("tr.on")).to_have_attribute("data-id", second or "")
    page.keyboard.press("o")
    page.wait_for_url(f"**/measures/{second}")
    page.go_back()
    with page.expect_download() as loading:
        page.get_by_role("link", name=me.say("workshop.export")).click()
    text = loading.value.path().read_text("utf-8-sig")
    assert text.count("\n") == len(staged.measures) + 1
    assert reserved.mobile(7) not in text


def test_one_hundred_and_more_come_page_by_page(served: Served, visit: Visit) -> None:
    for n in range(60):
        register.proposed(served.centre, MeasureKind.NUMBER, reserved.mobile(100 + n), code=500 + n)
    me = visit()
    me.sign_in("罗启明")
    me.go("/measures")
    rows = me.page.locator("tr[data-id]")
    expect(rows).to_have_count(50)
    button(me, me.say("queue.more")).click()
    expect(rows).to_have_count(60)
    assert len(set(me.order())) == 60


def test_a_measure_is_lifted_with_a_reason_and_says_so(served: Served, visit: Visit) -> None:
    measure = register.standing(served.centre, MeasureKind.NUMBER, reserved.mobile(7), code=1001)
    served.centre.measures.rows.seen("edge-sip", 99, served.centre.now())
    me = visit("en")
    me.sign_in("罗启明")
    page = me.page
    me.go(f"/measures/{measure.id}")
    expect(page.get_by_text("edge-sip")).to_be_visible()
    expect(page.get_by_text(me.say("blocking.echo_has"))).to_be_visible()
    expect(page.get_by_text(codes.write(1001))).to_be_visible()
    page.keyboard.press("l")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(measure.target.mask)
    lift = dialog.get_by_role("button", name="Lift", exact=True)
    expect(lift).to_be_disabled()
    dialog.get_by_label(me.say("ask.note")).fill("the holder has shown its use")
    lift.click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".ms-deeds")).to_contain_text("the holder has shown its use")
    expect(page.get_by_text(me.say("blocking.end_lifted"))).to_be_visible()
    assert state(served, 1001) == states.LIFTED
    expect(page.get_by_role("button", name="Extend")).to_have_count(0)


def test_a_measure_that_somebody_else_changed_is_told(served: Served, visit: Visit) -> None:
    measure = register.proposed(served.centre, MeasureKind.NUMBER, reserved.mobile(7), code=1001)
    me = visit()
    me.sign_in("罗启明")
    me.go(f"/measures/{measure.id}")
    expect(me.page.locator(".ms-four")).to_be_visible()
    register.does(served.centre, measure, "decline", note="依据不足")
    me.page.keyboard.press("Enter")
    me.page.get_by_role("dialog").get_by_role("button", name="批准").click()
    expect(me.page.get_by_role("alert")).to_be_visible()
    assert state(served, 1001) == states.DECLINED


def test_an_appeal_is_read_checked_and_upheld(served: Served, visit: Visit) -> None:
    staged = register.stage(served.centre)
    me = visit()
    me.sign_in("高原")
    page = me.page
    me.go("/measures/appeals")
    rows = page.locator("tr[data-id]")
    expect(rows).to_have_count(3)
    expect(rows.first.locator(".ck.late")).to_contain_text(me.say("clock.late"))
    button(me, me.say("appeals.show_late")).click()
    expect(rows).to_have_count(1)
    me.go(f"/measures/appeals/{staged.appeals['accepted'].id}")
    expect(page.locator(".ms-words")).to_have_text("网站是我单位的，备案号可查。")
    expect(page.locator(".ms-beside .ms-four")).to_contain_text("第二十四条")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(me.say("ask.note")).fill("备案属实")
    dialog.get_by_role("button", name="核查").click()
    expect(page.get_by_text("备案属实")).to_be_visible()
    button(me, "成立…").first.click()
    uphold = dialog.get_by_role("button", name="成立", exact=True)
    expect(uphold).to_be_disabled()
    dialog.get_by_label(me.say("appeals.reasons_told")).fill("查实误判，予以解除")
    uphold.click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".ms-beside .tag", has_text="已解除")).to_be_visible()
    assert state(served, 1006) == states.LIFTED


def test_who_may_see_what(served: Served, visit: Visit) -> None:
    staged = register.stage(served.centre)
    me = visit()
    me.sign_in("陈静")
    expect(me.page.get_by_role("link", name=me.say("rail.blocking"))).to_have_count(0)
    me.go(f"/measures/{staged.measures['number'].id}")
    me.page.wait_for_url("**/warnings*")
    analyst = visit("en")
    analyst.sign_in("宋薇")
    analyst.go("/measures/appeals")
    expect(analyst.page.get_by_text(analyst.say("appeals.words_closed"))).to_be_visible()
    assert "invented@example.com" not in analyst.page.content()
    auditor = visit("en")
    auditor.sign_in("沈言")
    auditor.go(f"/measures/{staged.measures['number'].id}")
    expect(auditor.page.get_by_text(auditor.say("blocking.who_lifts"))).to_be_visible()
    expect(auditor.page.locator(".hd button")).to_have_count(0)


LUMINANCE = """
() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const part = (v) => (v <= 10 ? v / 3294 : ((v / 255 + .055) / 1.055) ** 2.4);
    const f = [r, g, b].map(part);
    return .2126 * f[0] + .7152 * f[1] + .0722 * f[2];
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const low = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const parent = node.parentElement;
    const out = 'style,option,[aria-hidden=true],[aria-disabled=true],:disabled';
    if (!node.textContent.trim() || !parent.getClientRects().length) continue;
    if (parent.closest(out)) continue;
    const [a, b] = [light(parse(getComputedStyle(parent).color)), light(ground(parent))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${node.textContent.trim().slice(0, 40)}`);
  }
  return low;
}
"""
"""Texts whose contrast with what lies behind them is under 4.5 : 1."""

UNNAMED = """
() => [...document.querySelectorAll('button,a[href],input:not([type=hidden]),select,textarea')]
  .filter((e) => e.getClientRects().length)
  .filter((e) => !e.getAttribute('aria-label') && !e.textContent.trim() && !e.labels?.length)
  .map((e) => e.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_are_read_in_contrast_and_named(
    served: Served, visit: Visit, language: str
) -> None:
    staged = register.stage(served.centre)
    me = visit(language)
    me.sign_in("罗启明")
    for path in (
        "/measures", "/measures/new", "/measures/appeals",
        f"/measures/{staged.measures['automatic'].id}",
        f"/measures/appeals/{staged.appeals['late'].id}",
    ):  # fmt: skip
        me.go(path)
        me.page.locator("main h1").wait_for()
        expect(me.page.locator(".gl")).to_have_count(0)
        assert me.page.evaluate(LUMINANCE) == [], path
        assert me.page.evaluate(UNNAMED) == [], path
        assert me.page.title()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_public_pages_without_a_script_at_320(served: Served, visit: Visit, language: str) -> None:
    register.stage(served.centre)
    me = visit(language, 320, 640)
    page = me.page
    for path in (
        f"/w/{register.BAD_NAME}", "/w/nosuch.example", "/appeal", "/appeal?code=wrong",
        f"/appeal/{codes.write(1004)}", f"/appeal/{codes.write(1006)}",
    ):  # fmt: skip
        page.goto(f"{me.base}{path}{'&' if '?' in path else '?'}lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        assert page.evaluate(LUMINANCE) == [], path
        assert page.evaluate(UNNAMED) == [], path
        small = page.evaluate(
            "[...document.querySelectorAll('.bt, input:not([type=hidden]), nav a')]"
            ".filter(e => e.getBoundingClientRect().height < 44).length"
        )
        assert small == 0, path
    # By keyboard alone: past the header to the form, typed, sent.
    page.goto(f"{me.base}/appeal/{codes.write(1004)}?lang={language}")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("这是我的号码")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**receipt=*")
    expect(page.locator("[role=status]")).to_be_visible()
