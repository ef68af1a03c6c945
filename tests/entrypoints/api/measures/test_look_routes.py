"""The list for browsers and proxies: files with their heads, hashes, verdicts by key."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from fanzha.lifecycles.measure.model import Effect
from fanzha.lifecycles.measure.target import MeasureKind
from fanzha.lists import code as codes
from fanzha.lists.expressions import hashes
from fanzha.usecases.measure.listing import protected_entries
from fanzha.values import reserved, url
from tests import fixtures
from tests.browser import register
from tests.entrypoints.api.given import Api

PAGE = "http://pay.shop.example/verify/login"


@pytest.fixture
def listed(api: Api) -> Api:
    centre = api.centre
    register.standing(centre, MeasureKind.NAME, "bad.example", effect=Effect.WARN, code=11)
    register.standing(centre, MeasureKind.NAME, "=alone.example", code=12)
    register.standing(centre, MeasureKind.URL, PAGE, code=13)
    register.standing(centre, MeasureKind.NUMBER, reserved.mobile(7), code=14)
    register.standing(centre, MeasureKind.NUMBER, reserved.mobile(8), effect=Effect.LABEL, code=15)
    register.standing(centre, MeasureKind.APP, "ab" * 32, code=16)
    return api


@pytest.fixture
def edge(api: Api) -> dict[str, str]:
    key = api.installed.operators.add_sender("proxy", frozenset({"lists"}), fixtures.NOW)
    return {"Authorization": f"Bearer {key}"}


def test_files_say_what_they_are(listed: Api) -> None:
    client = listed.client
    hosts = client.get("/v1/lists/hosts")
    assert hosts.status_code == 200
    assert "0.0.0.0 alone.example\n0.0.0.0 bad.example\n" in hosts.text
    for said in ("# Version: 6", "# Made at: ", "# Expires at: ", "# Licence: CC0-1.0"):
        assert said in hosts.text
    assert client.get("/v1/lists/domains").text.endswith("alone.example\nbad.example\n")
    abp = client.get("/v1/lists/abp").text
    assert abp.startswith("[Adblock Plus]\n")
    assert "||bad.example^\n" in abp
    made = parsedate_to_datetime(hosts.headers["last-modified"])
    assert abs(made - datetime.now(UTC)) < timedelta(minutes=5)
    expires = datetime.fromisoformat(hosts.headers["fanzha-expires-at"])
    assert expires - made == timedelta(hours=6)
    assert reserved.mobile(7) not in hosts.text


def test_files_are_packed_and_not_sent_twice(listed: Api) -> None:
    client = listed.client
    plain = client.get("/v1/lists/domains", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    refused = client.get("/v1/lists/domains", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers
    with client.stream("GET", "/v1/lists/domains", headers={"Accept-Encoding": "gzip"}) as sent:
        assert sent.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(sent.iter_raw())) == plain.content
    tag = plain.headers["etag"]
    again = client.get("/v1/lists/domains", headers={"If-None-Match": f'"x", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/v1/lists/nosuch").status_code == 422


def test_an_upheld_appeal_leaves_the_files(listed: Api) -> None:
    measure = register.standing(listed.centre, MeasureKind.NAME, "mistake.example", code=17)
    assert "mistake.example" in listed.client.get("/v1/lists/domains").text
    appeal = register.appealed(listed.centre, measure)
    for verb, words in (("accept", {}), ("uphold", {"reasons": "查实误判"})):
        register.decided(listed.centre, appeal, verb, **words)
    listed.centre.measures.files._rest_s = 0.0
    listed.centre.measures.standing._looked = 0.0
    assert "mistake.example" not in listed.client.get("/v1/lists/domains").text
    found = listed.client.get(
        "/v1/lists/hashes/" + hashes(url.parse("http://mistake.example/"))[0].hex()
    )
    assert found.json()["hashes"] == []


def test_hashes_are_found_by_how_they_begin(listed: Api) -> None:
    client = listed.client
    body = client.get("/v1/lists/prefixes").content
    head, _, rest = body.partition(b" of 4 bytes\n")
    count = int(head.rpartition(b": ")[2])
    assert count == 3
    assert len(rest) == 12
    held = {rest[n : n + 4] for n in range(0, 12, 4)}
    for address, code, alone in [
        (PAGE, 13, False),
        ("https://www.bad.example/x?y", 11, False),
        ("http://alone.example/", 12, True),
    ]:  # fmt: skip
        [mine] = [h for h in hashes(url.parse(address)) if h[:4] in held]
        answer = client.get(f"/v1/lists/hashes/{mine[:4].hex()}").json()
        [found] = [f for f in answer["hashes"] if f["hash"] == mine.hex()]
        assert (found["code"], found["alone"]) == (codes.write(code), alone)
        assert found["appeal_url"].endswith(f"/appeal/{codes.write(code)}")
    assert client.get("/v1/lists/hashes/00000000").json()["hashes"] == []
    for bad in ("000000", "zz000000", "0" * 66, "0000000"):
        assert client.get(f"/v1/lists/hashes/{bad}").json()["code"] == "hash_prefix"


def test_a_verdict_for_whoever_has_a_key(listed: Api, edge: dict[str, str]) -> None:
    def look(**asked: str) -> dict[str, Any]:
        answer = listed.client.post("/v1/look", json=asked, headers=edge)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    centre = listed.centre.measures
    with centre.office.work() as work:
        work.lists.protect(protected_entries(centre.register.protected))
    number = look(number=reserved.mobile(7))
    assert number["verdict"]["effect"]["code"] == "refuse"
    assert number["verdict"]["code"] == codes.write(14)
    assert reserved.mobile(7) not in json.dumps(number)
    assert look(url="https://a.bad.example:8443/x")["verdict"]["effect"]["code"] == "warn"
    assert look(url=PAGE + "?id=1")["verdict"]["effect"]["code"] == "refuse"
    assert look(name="b.alone.example")["verdict"]["effect"]["code"] == "pass"
    assert look(app="sha256:" + "AB" * 32)["verdict"]["effect"]["code"] == "refuse"
    both = look(number=reserved.mobile(8), url="http://bad.example/")
    assert both["verdict"]["effect"]["code"] == "warn"
    assert both["found"]["number"]["effect"]["code"] == "label"
    protected = look(number="110", name="bad.example")
    assert protected["found"]["number"]["effect"]["code"] == "protected"
    assert protected["verdict"]["effect"]["code"] == "warn"
    passed = {"code": "pass", "zh": "放行", "en": "Pass"}
    nothing = dict.fromkeys(("code", "ends_at", "appeal_url"))
    assert look(number="110")["verdict"] == {"effect": passed, **nothing}
    for odd in ("", "\u0000", "%" * 3000, "http://[::1", "https://" + "a." * 200):
        assert look(url=odd)["verdict"]["effect"]["code"] == "pass"


def test_a_verdict_is_not_for_everybody(listed: Api, edge: dict[str, str]) -> None:
    client = listed.client
    asked = {"number": reserved.mobile(7)}
    assert client.post("/v1/look", json=asked).status_code == 401
    assert client.post("/v1/look", json=asked, headers=listed.bearer).status_code == 403
    assert client.post("/v1/look", json={}, headers=edge).json()["code"] == "nothing_asked"
    assert client.post("/v1/look", json={"app": "x"}, headers=edge).json()["field"] == "app"
    assert client.post("/v1/look", json={"mail": "x"}, headers=edge).status_code == 422


def test_an_appeal_is_taken_back_by_who_filed_it(listed: Api) -> None:
    measure = register.standing(listed.centre, MeasureKind.NAME, "mistake.example", code=17)
    appeal = register.appealed(listed.centre, measure)
    address = f"/v1/public/measures/{codes.write(17)}/appeals/withdraw"
    wrong = listed.client.post(address, json={"id": str(measure.id)})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "appeal_unknown")
    right = listed.client.post(address, json={"id": str(appeal.id)})
    assert right.json()["appeal"]["state"]["code"] == "withdrawn"
