"""The register over HTTP: proposed, approved, followed by an edge, appealed with a code, lifted."""

from __future__ import annotations

import base64
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fanzha.adapters.lists.packing import unpack, verify
from fanzha.adapters.sip.jcard import read
from fanzha.errors import Refused
from fanzha.lifecycles.actor import Role
from fanzha.lists import code as codes
from fanzha.lists.index import Standing
from fanzha.values import reserved
from tests import fixtures
from tests.entrypoints.api.given import PASSWORD, Api

NUMBER = reserved.mobile(7)
GROUND = {
    "kind": "order",
    "ref": "青公反诈〔2026〕12号",
    "article": "反电信网络诈骗法第十四条",
    "zh": "用于电信网络诈骗",
    "en": "used for telecom fraud",
}


@pytest.fixture
def staffed(api: Api) -> Api:
    for name, role in [
        ("an", Role.ANALYST),
        ("luo", Role.DUTY_OFFICER),
        ("gao", Role.DUTY_OFFICER),
        ("shen", Role.AUDITOR),
        ("cai", Role.DISSUADER),
    ]:
        api.installed.operators.add(
            name=name, display=name, password=PASSWORD, roles=frozenset({role}),
            unit=fixtures.unit("86"), now=fixtures.NOW,
        )  # fmt: skip
    return api


@pytest.fixture
def edge(api: Api) -> dict[str, str]:
    key = api.installed.operators.add_sender("edge-sip", frozenset({"lists"}), fixtures.NOW)
    return {"Authorization": f"Bearer {key}"}


def propose(api: Api, **changed: Any) -> dict[str, Any]:
    api.sign_in("an")
    body = {
        "id": str(uuid.uuid4()), "kind": "number", "target": NUMBER, "effect": "refuse",
        "ground": GROUND, **changed,
    }  # fmt: skip
    answer = api.client.post("/v1/measures", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def do(api: Api, measure: dict[str, Any], verb: str, **more: Any) -> Any:
    now = api.client.get(f"/v1/measures/{measure['id']}").json()
    return api.client.post(
        f"/v1/measures/{measure['id']}/acts",
        json={
            "verb": verb,
            "expected_state": now["state"]["code"],
            "expected_revision": now["revision"],
            **more,
        },
    )


def stands(api: Api, **changed: Any) -> dict[str, Any]:
    measure = propose(api, **changed)
    api.sign_in("luo")
    answer = do(api, measure, "approve")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def followed(api: Api, edge: dict[str, str]) -> Standing:
    answer = api.client.get("/v1/lists", headers=edge)
    assert answer.status_code == 200, answer.text
    key = base64.b64decode(api.client.get("/v1/lists/key").json()["public_key"])
    verify(answer.content, answer.headers["fanzha-signature"], key)
    lists = unpack(answer.content).lists
    assert answer.headers["etag"] == f'"{lists.version}"'
    return Standing.build(lists.entries, lists.version)


def test_from_a_proposal_to_the_wire_and_back(staffed: Api, edge: dict[str, str]) -> None:
    api = staffed
    measure = stands(api)
    assert measure["state"]["code"] == "standing"
    assert NUMBER not in str(measure)
    standing = followed(api, edge)
    hit = standing.number(NUMBER, int(fixtures.NOW.timestamp()))
    assert hit is not None
    assert hit.effect.name == "REFUSE"

    told = api.client.get(f"/v1/public/measures/{measure['code']}").json()
    assert told["ground"]["article"] == GROUND["article"]
    assert told["remedy"]["documents"]
    assert NUMBER not in str(told)
    filed = api.client.post(
        f"/v1/public/measures/{measure['code'].lower().replace('-', ' ')}/appeals",
        json={"id": str(uuid.uuid4()), "text": "这是我的号码", "contact": "invented@example.com"},
    )
    assert filed.status_code == 201, filed.text

    api.sign_in("gao")
    page = api.client.get("/v1/appeals").json()
    assert page["open"] == 1
    appeal = api.client.get(f"/v1/appeals/{page['items'][0]['id']}").json()
    assert appeal["text"] == "这是我的号码"
    for verb, more in (("accept", {}), ("uphold", {"reasons": "查实误判"})):
        now = api.client.get(f"/v1/appeals/{appeal['id']}").json()
        answer = api.client.post(
            f"/v1/appeals/{appeal['id']}/acts",
            json={"verb": verb, "expected_state": now["state"]["code"],
                  "expected_revision": now["revision"], **more},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
    changed = api.client.get(f"/v1/lists?since={standing.version}", headers=edge)
    assert changed.status_code == 200
    lists = unpack(changed.content).lists
    standing.apply(lists.entries, lists.version)
    assert standing.number(NUMBER, int(fixtures.NOW.timestamp())) is None
    after = api.client.get(f"/v1/public/measures/{measure['code']}").json()
    assert after["state"]["code"] == "lifted"
    assert after["appeal"]["reasons"] == "查实误判"


def test_an_edge_waits_and_hears(staffed: Api, edge: dict[str, str]) -> None:
    api = staffed
    version = followed(api, edge).version
    assert api.client.get(f"/v1/lists?since={version}", headers=edge).status_code == 204
    heard: list[Any] = []

    def wait() -> None:
        heard.append(api.client.get(f"/v1/lists?since={version}&wait=20", headers=edge))

    waiting = threading.Thread(target=wait)
    waiting.start()
    measure = stands(api)
    waiting.join(20)
    assert heard[0].status_code == 200
    assert unpack(heard[0].content).lists.entries.num_rows == 1
    now = api.client.get(f"/v1/lists?since={version + 1}", headers=edge)
    assert now.status_code == 204
    echoes = api.client.get(f"/v1/measures/{measure['id']}").json()["echoes"]
    assert [(e["edge"], e["has_it"]) for e in echoes] == [("edge-sip", True)]


def test_a_list_is_for_keys_that_are_good_for_it(staffed: Api, edge: dict[str, str]) -> None:
    api = staffed
    assert api.client.get("/v1/lists").status_code == 401
    assert api.client.get("/v1/lists", headers=api.bearer).status_code == 403
    answer = api.client.get("/v1/lists?since=99999", headers=edge)
    assert answer.status_code == 410
    whole = api.client.get("/v1/lists", headers=edge)
    again = api.client.get("/v1/lists", headers={**edge, "If-None-Match": whole.headers["etag"]})
    assert again.status_code == 304
    with pytest.raises(Refused, match="list_signature"):
        verify(whole.content + b"x", whole.headers["fanzha-signature"], b"\0" * 32)


def test_who_may_not(staffed: Api) -> None:
    api = staffed
    measure = propose(api)
    assert do(api, measure, "approve").status_code == 403  # an analyst
    api.sign_in("cai")
    assert api.client.get("/v1/measures").status_code == 403
    assert api.client.get(f"/v1/measures/{measure['id']}").status_code == 403
    api.sign_in("officer")  # of a city below
    assert api.client.get(f"/v1/measures/{measure['id']}").status_code == 404
    api.sign_in("shen")
    assert do(api, measure, "approve").status_code == 403
    assert api.client.get("/v1/measures.csv").status_code == 200


def test_incomplete_measures_are_refused_by_field(staffed: Api) -> None:
    api = staffed
    api.sign_in("an")
    good = {"id": str(uuid.uuid4()), "kind": "number", "target": NUMBER, "effect": "refuse"}
    for changed, field in [
        ({"ground": {**GROUND, "article": "某法"}}, "ground.article"),
        ({"ground": {**GROUND, "kind": "finding", "ref": "nosuch"}}, "ground.ref"),
        ({"ground": GROUND, "target": "hello"}, "number"),
        ({"ground": GROUND, "effect": "warn"}, "effect"),
        ({"ground": GROUND, "area": "99"}, "area"),
        ({"ground": GROUND, "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"ground": GROUND, "target": "13*"}, "target"),
    ]:
        answer = api.client.post("/v1/measures", json={**good, **changed})
        assert answer.status_code == 422, (changed, answer.text)
        assert answer.json()["field"] == field, answer.text


def test_guessing_codes_is_slowed(staffed: Api) -> None:
    api = staffed
    seen = {api.client.get("/v1/public/measures/00000-00000").status_code for _ in range(40)}
    assert 429 in seen


def test_the_card_of_a_refused_call(staffed: Api, tmp_path: Path) -> None:
    api = staffed
    measure = stands(api)
    address = f"/v1/jcards/{measure['code']}"
    assert api.client.get(address).status_code == 404
    key = generate_private_key(SECP256R1())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "calls.key").write_bytes(secret)
    changed = {"calls_key": tmp_path / "calls.key", "public_url": "https://centre.example"}
    settings = api.centre.settings.model_copy(update=changed)
    object.__setattr__(api.centre, "settings", settings)
    answer = api.client.get(address)
    assert answer.headers["content-type"] == "application/jose"
    card = read(answer.text, key.public_key(), datetime.now(UTC))
    assert card.properties["url"] == [f"https://centre.example/appeal/{measure['code']}"]
    assert GROUND["zh"] in card.properties["note"][0]
    assert NUMBER not in answer.text
    assert api.client.get("/v1/jcards/00000-00001").status_code in (404, 422)


def test_edges_tell_what_measures_did_once(staffed: Api, edge: dict[str, str]) -> None:
    api = staffed
    measure = stands(api)
    told = {
        "run": str(uuid.uuid4()), "seq": 1, "wire": "sip",
        "hits": [{"code": codes.read(measure["code"]), "effect": 3, "hits": 4,
                  "last_at": "2026-11-24T02:10:00Z"}],
    }  # fmt: skip
    for _ in range(3):
        assert api.client.post("/v1/lists/hits", json=told, headers=edge).status_code == 204
    found = api.client.get(f"/v1/measures/{measure['id']}").json()["hits"]
    assert [(h["wire"], h["effect"]["code"], h["hits"]) for h in found] == [("sip", "refuse", 4)]
    api.client.post("/v1/lists/hits", json={**told, "seq": 2}, headers=edge)
    again = {**told, "run": str(uuid.uuid4())}
    api.client.post("/v1/lists/hits", json=again, headers=edge)
    (last,) = api.client.get("/v1/measures/hits").json()
    assert (last["hits"], last["number"]) == (12, measure["number"])
    assert NUMBER not in str(last)
    assert api.client.post("/v1/lists/hits", json=told, headers=api.bearer).status_code == 403


def test_an_edge_hears_what_holds_in_its_area(staffed: Api, edge: dict[str, str]) -> None:
    api = staffed
    other = reserved.mobile(8)
    stands(api)
    here = stands(api, target=other, area="470100")
    now = int(fixtures.NOW.timestamp())

    def followed_in(area: str, since: int | None = None) -> tuple[Standing, int]:
        asked = f"/v1/lists?area={area}" + ("" if since is None else f"&since={since}")
        lists = unpack(api.client.get(asked, headers=edge).content).lists
        if since is not None:
            return Standing.build(lists.entries.drop_columns(["gone"]), lists.version), sum(
                lists.entries["gone"].to_pylist()
            )
        return Standing.build(lists.entries, lists.version), 0

    inside, _ = followed_in("470103001")
    outside, _ = followed_in("470000")
    assert inside.number(other, now)
    assert inside.number(NUMBER, now)
    assert outside.number(other, now) is None
    assert outside.number(NUMBER, now)
    # What holds elsewhere is told as gone: the same number may have been listed here before.
    _, gone = followed_in("470000", since=0)
    assert gone == 1
    do(api, here, "lift", note="误判")
    _, gone = followed_in("470103001", since=inside.version)
    assert gone == 1
    assert api.client.get("/v1/lists?area=99", headers=edge).json()["field"] == "area"
