"""Pages for everybody: names led here, appeals from the code to the receipt, hostile input."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.entrypoints.portal.html import Html, tag, text
from fanzha.entrypoints.portal.speech import Speech, speech_of
from fanzha.entrypoints.portal.words import WORDS
from fanzha.lifecycles.measure.model import Effect
from fanzha.lifecycles.measure.target import MeasureKind
from fanzha.lists import code as codes
from fanzha.values import reserved
from tests.browser import register
from tests.entrypoints.api.given import Api

BAD = "shebao-rz.example"
WORDS_OF = ("仿冒社保 <b>机构</b>", "poses as social insurance <script>alert(1)</script>")
TEXT = "这是我的网站 <img src=x onerror=alert(1)>"


class Outline(HTMLParser):
    """What a reader of the page without eyes or scripts meets."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {k: v or "" for k, v in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def led(api: Api) -> Api:
    register.standing(
        api.centre, MeasureKind.NAME, BAD, effect=Effect.WARN, code=21, words=WORDS_OF
    )
    register.automatic(api.centre, MeasureKind.NAME, "auto.example", code=22)
    register.standing(api.centre, MeasureKind.NUMBER, reserved.mobile(7), code=23)
    return api


def opened(api: Api, host: str, path: str = "/", **headers: str) -> Any:
    return api.client.get(path, headers={"Host": host, **headers})


def accessible(page: str) -> Outline:
    """One h1, headings in order, every field labelled and described, a language, a main part."""
    outline = Outline(page)
    [html] = outline.all("html")
    assert html["lang"] in ("zh-CN", "en")
    levels = [int(t[1]) for t, _ in outline.tags if re.fullmatch(r"h[1-6]", t)]
    assert levels.count(1) == 1
    assert len(outline.all("main")) == len(outline.all("title")) == 1
    ids = [a["id"] for _, a in outline.tags if "id" in a]
    assert len(ids) == len(set(ids))
    labelled = {label["for"] for label in outline.all("label")}
    for field in (*outline.all("input"), *outline.all("textarea")):
        if field.get("type") != "hidden":
            assert field["id"] in labelled
            assert set(field["aria-describedby"].split()) <= set(ids)
    assert not outline.all("script")
    assert not [a for _, a in outline.tags if any(k.startswith("on") for k in a)]
    assert "<img" not in page
    return outline


def test_a_listed_name_leads_to_the_warning_page(led: Api) -> None:
    for host in (BAD, f"WWW.{BAD.upper()}:80", f"a.b.{BAD}."):
        assert opened(led, host).status_code == 451, host
    answer = opened(led, BAD, "/any/path?x=1", **{"Accept-Language": "en-GB,en;q=0.9,zh;q=0.5"})
    page = answer.text
    outline = accessible(page)
    assert outline.all("html")[0]["lang"] == answer.headers["content-language"] == "en"
    for said in (BAD, "96110", "110", codes.write(21), "article 24", "Beijing time"):
        assert said in page
    assert "&lt;script&gt;" in page
    links = [a["href"] for a in outline.all("a")]
    assert f"http://127.0.0.1:8000/appeal/{codes.write(21)}?lang=en" in links
    assert not [link for link in links if BAD in link]
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert led.client.post("/login", headers={"Host": BAD}).status_code == 451
    assert "自动采取" in opened(led, "auto.example").text


def test_what_is_not_listed_is_the_console_or_nothing(led: Api) -> None:
    assert "warn" not in opened(led, "127.0.0.1:8000").headers.get("content-language", "")
    assert opened(led, "unlisted.example").status_code in (200, 503)  # the console
    settings = led.centre.settings.model_copy(update={"public_url": "https://centre.example"})
    object.__setattr__(led.centre, "settings", settings)
    assert opened(led, "centre.example").status_code in (200, 503)
    stray = opened(led, "unlisted.example")
    assert stray.status_code == 404
    assert "unlisted.example" not in stray.text
    accessible(stray.text)


@pytest.mark.parametrize(
    "host",
    ["", "<script>", "a" * 5000, "..", "[::1]", "1.2.3.4", "bad host.example", "%00.example",
     f"{BAD}@evil.example", f"evil.example#{BAD}", "-.example", "x\t.example"],
)  # fmt: skip
def test_a_hostile_host_is_no_name(led: Api, host: str) -> None:
    answer = opened(led, host)
    assert answer.status_code in (200, 400, 404, 503)
    assert "<script>alert" not in answer.text


def test_a_name_in_our_address(led: Api) -> None:
    page = led.client.get(f"/w/{BAD}?lang=zh")
    assert page.status_code == 200
    accessible(page.text)
    for name in ("nosuch.example", "%3Cscript%3E", "a%00b", "x" * 200, "%ED%A0%80"):
        stray = led.client.get(f"/w/{name}")
        assert stray.status_code in (404, 422)
        assert "<script" not in stray.text
        assert "nosuch.example" not in stray.text


def form_of(page: str) -> dict[str, str]:
    return {a["name"]: a.get("value", "") for a in Outline(page).all("input") if a.get("name")}


def test_an_appeal_from_the_code_to_the_receipt(led: Api) -> None:
    client = led.client
    accessible(client.get("/appeal").text)
    code = codes.write(21)
    asked = client.get("/appeal", params={"code": code.lower(), "lang": "en"})
    assert asked.url.path == f"/appeal/{code}"
    outline = accessible(asked.text)
    assert len(outline.all("form")) == 1
    fields = form_of(asked.text) | {"text": TEXT, "contact": "invented@example.com"}
    empty = client.post(f"/appeal/{code}", data=fields | {"text": " ", "contact": "kept"})
    assert empty.status_code == 422
    assert 'aria-invalid="true"' in empty.text
    assert "kept" in empty.text
    accessible(empty.text)
    filed = client.post(f"/appeal/{code}", data=fields)
    receipt = filed.url.params["receipt"]
    assert receipt in filed.text
    assert "Filed" in filed.text
    accessible(filed.text)
    # The same form again is the same appeal; another is refused while one is open.
    assert client.post(f"/appeal/{code}", data=fields).url.params["receipt"] == receipt
    other = client.post(f"/appeal/{code}", data=fields | {"mark": form_of(filed.text)["mark"]})
    assert other.status_code == 409
    with led.centre.measures.office.work() as work:
        measure = work.measures.by_code(21)
        assert measure is not None
        [appeal] = work.appeals.of(measure.id)
    assert appeal.state == "filed"
    # What was written is for the centre, and on no public page.
    assert TEXT[:6] not in client.get(f"/appeal/{code}").text
    assert receipt not in client.get(f"/appeal/{code}").text

    back = {"mark": form_of(filed.text)["mark"], "lang": "zh"}
    wrong = client.post(f"/appeal/{code}/withdraw", data=back | {"receipt": "00000-00Z91"})
    assert wrong.status_code == 422
    assert "回执号不对" in wrong.text
    taken = client.post(f"/appeal/{code}/withdraw", data=back | {"receipt": receipt.lower()})
    assert "申诉已撤回" in taken.text
    assert "再次申诉" in taken.text


def test_an_upheld_appeal_is_told_with_its_reasons(led: Api) -> None:
    with led.centre.measures.office.work() as work:
        measure = work.measures.by_code(21)
        assert measure is not None
    appeal = register.appealed(led.centre, measure)
    register.decided(led.centre, appeal, "accept")
    register.decided(led.centre, appeal, "uphold", reasons="查实误判 <b>")
    page = led.client.get(f"/appeal/{codes.write(21)}").text
    assert "查实误判 &lt;b&gt;" in page
    assert "已在各处解除" in page
    assert "<textarea" not in page
    led.centre.measures.standing._looked = 0.0
    assert opened(led, BAD).status_code != 451


def test_a_number_is_masked(led: Api) -> None:
    page = led.client.get(f"/appeal/{codes.write(23)}").text
    assert reserved.mobile(7)[-11:] not in page
    assert f"{reserved.mobile(7)[-4:]}" in page


def test_forms_from_elsewhere_are_refused(led: Api) -> None:
    client, code = led.client, codes.write(21)
    fields = form_of(client.get(f"/appeal/{code}").text) | {"text": TEXT}
    address = f"/appeal/{code}"
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Origin": "null"}):  # fmt: skip
        assert client.post(address, data=fields, headers=headers).status_code == 422
    for mark in ("", "x", "a.b.c", f"{'0' * 32}.1.{'0' * 32}", fields["mark"][:-1] + "g"):
        assert client.post(address, data=fields | {"mark": mark}).status_code == 422
    other = form_of(client.get(f"/appeal/{codes.write(22)}").text)["mark"]
    assert client.post(address, data=fields | {"mark": other}).status_code == 422
    assert client.post(address, content=b"\xff\xfe=\x00&" * 30).status_code == 422
    assert client.post(address, data=fields | {"text": "x" * 70_000}).status_code == 422
    with led.centre.measures.office.work() as work:
        measure = work.measures.by_code(21)
        assert measure is not None
        assert list(work.appeals.of(measure.id)) == []


def test_an_old_form_keeps_what_was_typed(led: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client, code = led.client, codes.write(21)
    fields = form_of(client.get(f"/appeal/{code}").text) | {"text": "\r\n 第一行\r\n第二行"}
    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real + timedelta(hours=13).total_seconds())
    late = client.post(f"/appeal/{code}", data=fields)
    assert late.status_code == 422
    assert "第一行\n第二行" in late.text
    again = form_of(late.text) | {"text": "第一行"}
    assert client.post(f"/appeal/{code}", data=again).status_code == 200


def test_guessing_is_slowed_together_with_the_api(led: Api) -> None:
    client = led.client
    seen = [client.get("/appeal", params={"code": "00000-00001"}).status_code for _ in range(12)]
    assert set(seen) == {422}
    seen = [client.get("/appeal/zzzzz-zzzzz").status_code for _ in range(12)]
    assert 429 in seen
    assert client.get(f"/v1/public/measures/{codes.write(21)}").status_code == 429
    page = client.get("/appeal", params={"code": codes.write(21)})
    assert page.status_code == 429
    accessible(page.text)


@given(st.text(max_size=60))
def test_every_word_is_escaped(words: str) -> None:
    found = tag("p", words, title=words)
    assert re.fullmatch(r'<p title="[^"<>]*">[^<>]*</p>', found, re.S)
    assert tag("b", Html("<i></i>")) == "<b><i></i></b>"
    assert text("\ud800\x00\u202e") == "���"


@given(st.text(max_size=30), st.text(max_size=250))
def test_any_language_wanted_gives_one_of_ours(wanted: str, accepted: str) -> None:
    assert speech_of(wanted, accepted).language in ("zh", "en")


def test_languages() -> None:
    assert speech_of("", "fr,en;q=0.3").language == "en"
    assert speech_of("", "en;q=0.3, zh-CN;q=0.9").language == "zh"
    assert speech_of("", "").language == "zh"
    assert speech_of("en", "zh").language == "en"
    english = Speech("en")
    assert english.article("反电信网络诈骗法第三十二条").endswith("article 32")
    assert english.article("反电信网络诈骗法第十条").endswith("article 10")
    assert english.article("刑法第三十二条") == "刑法第三十二条"
    for pair in WORDS.values():
        assert re.findall(r"{\w+}", pair[0]) == re.findall(r"{\w+}", pair[1])
