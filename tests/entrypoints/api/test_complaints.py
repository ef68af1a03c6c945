"""What is wrong with a request is said in words, whatever it is."""

from __future__ import annotations

import gzip
import re
from typing import Any
from uuid import uuid4

import pytest

from fanzha.entrypoints.api.complaints import complaint
from fanzha.lifecycles.actor import Role
from fanzha.lifecycles.warning.states import WARNING
from tests import fixtures
from tests.entrypoints.api.given import Api
from tests.entrypoints.api.test_hostile import issued

JSON = {"Content-Type": "application/json"}
HALF = r'"\ud800"'
"""Half a sign: JSON can write it, no text can hold it."""


def signing_in(name: str) -> str:
    return f'{{"name":{name},"password":"x"}}'


@pytest.mark.parametrize(
    ("body", "field", "zh", "en"),
    [
        ('{"password":"x"}', "name", "字段 name 不能缺少", "the field name must be given"),
        ('{"name":1,"password":"x"}', "name", "字段 name 须为文本", "the field name must be text"),
        ('{"name":"","password":"x"}', "name", "至少 1 个字符", "must have 1 characters or more"),
        (signing_in('"' + "a" * 65 + '"'), "name", "最长 64 个字符", "64 characters"),
        ('{"name":"a","password":"x","as":1}', "as", "不是这里的字段", "not a field of this"),
        (signing_in(HALF), "name", "无法保存的字符", "cannot be stored"),
        ('{"name":"a","pass', "body", "请求内容不是有效的 JSON", "body is not valid JSON"),
        ("[]", "body", "请求内容须为 JSON 对象", "the request body must be a JSON object"),
        ("", "body", "请求内容不能缺少", "the request body must be given"),
    ],
)
def test_a_body_that_is_wrong(api: Api, body: str, field: str, zh: str, en: str) -> None:
    answer = api.client.post("/v1/sign-in", content=body, headers=JSON)
    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "invalid_field", field)
    assert zh in told["zh"]
    assert en in told["en"]
    assert not re.search(r"[a-z]+_[a-z]+", told["zh"] + told["en"]), told


@pytest.mark.parametrize(
    ("query", "field", "zh", "en"),
    [
        ("limit=x", "limit", "须为整数", "must be a whole number"),
        ("limit=0", "limit", "不得小于 1", "must be 1 or more"),
        ("limit=9999", "limit", "不得大于", "or less"),
        ("grade=x", "grade.0", "须为以下之一：critical, high, medium, low", "must be one of"),
        ("late=x", "late", "须为 true 或 false", "must be true or false"),
        ("since=x", "since", "须为 ISO 8601 时间", "must be a time"),
        ("since=2026-01-01T00:00:00", "since", "须带时区", "must carry a time zone"),
        ("q=" + "a" * 41, "q", "最长 40 个字符", "must have 40 characters or fewer"),
    ],
)
def test_a_query_that_is_wrong(api: Api, query: str, field: str, zh: str, en: str) -> None:
    api.sign_in()
    answer = api.client.get(f"/v1/warnings?{query}")
    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "invalid_field", field)
    assert zh in told["zh"]
    assert en in told["en"]


def test_a_path_that_is_wrong(api: Api) -> None:
    api.sign_in()
    assert "字段 id 不是有效的编号" in api.client.get("/v1/warnings/x").json()["zh"]


@pytest.mark.parametrize("error", [{"type": "never_heard_of"}, {"type": "greater_than"}])
def test_a_complaint_nobody_foresaw_has_words_without_its_code(error: dict[str, Any]) -> None:
    told = complaint({**error, "loc": ("body", "name")})
    assert told == ("name", "字段 name 不符合要求", "the field name is not valid")


def test_a_verb_that_is_none_is_told_with_those_there_are(api: Api) -> None:
    api.sign_in()
    for id in (issued(api), uuid4()):
        answer = api.client.post(f"/v1/warnings/{id}/nonsense", json={"expected_state": "pushed"})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_verb")
        assert "record_dissuaded" in answer.json()["en"]


def test_every_verb_of_people_is_known(api: Api) -> None:
    api.sign_in()
    id = issued(api)
    for rule in WARNING.rules_of("pushed"):
        url = f"/v1/warnings/{id}/{rule.verb}"
        answer = api.client.post(url, json={"expected_state": "archived"})
        known = answer.json()["code"] == "state_changed"
        assert known == any(role.value != "system" for role in rule.who), rule.verb


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
def test_a_compressed_body_is_refused_as_one(api: Api, encoding: str) -> None:
    headers = {**api.bearer, "Content-Encoding": encoding}
    answer = api.client.post("/v1/events/call", content=gzip.compress(b"{}"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "encoding_not_supported")


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("reveal", '{"fields":[%s],"purpose":"contact"}'),
        ("reveal", '{"fields":["number"],"purpose":%s}'),
        ("reveal", '{"fields":["number"],"purpose":"other","note":%s}'),
        ("sign", '{"expected_state":"pushed","agreed":[%s]}'),
        ("sign", '{"expected_state":"pushed","unit":%s}'),
        ("sign", '{"expected_state":"pushed","owner":%s}'),
        ("hand_down", '{"expected_state":"pushed","unit":%s}'),
        ("sign", '{"expected_state":%s}'),
    ],
)
def test_half_a_sign_is_refused_in_words_and_changes_nothing(
    api: Api, verb: str, body: str
) -> None:
    id = issued(api)
    api.sign_in()
    answer = api.client.post(f"/v1/warnings/{id}/{verb}", content=body % HALF, headers=JSON)
    assert answer.status_code in (403, 404, 409, 422), answer.text
    assert api.client.get(f"/v1/warnings/{id}").json()["state"]["code"] == "pushed"


@pytest.mark.parametrize(
    "line",
    [r'{"event_id":"\ud800","\ud800":1}', '{"event_id":NaN}', "[" * 50_000, '{"event_id":1e999}'],
)
def test_a_row_that_json_can_write_and_nobody_read_waits_for_repair(api: Api, line: str) -> None:
    """The analyst sees it, and what is sent in its place is judged like any row."""
    answer = api.client.post("/v1/events/call", content=line + "\n", headers=api.bearer)
    assert answer.status_code == 202, answer.text
    assert len(answer.json()["refused"]) == 1
    api.installed.operators.add(
        name="analyst",
        display="甲",
        password="a password of tests",
        roles=frozenset({Role.ANALYST}),
        unit=fixtures.unit("470100"),
        now=fixtures.NOW,
    )
    api.sign_in("analyst")
    (waiting,) = api.client.get("/v1/quarantine").json()["items"]
    url = f"/v1/quarantine/{waiting['id']}"
    assert api.client.get(url).status_code == 200
    repaired = f'{{"row":{{"event_id":{HALF}}}}}'
    sent = api.client.post(f"{url}/resend", content=repaired, headers=JSON)
    assert (sent.status_code, len(sent.json()["refused"])) == (200, 1), sent.text
