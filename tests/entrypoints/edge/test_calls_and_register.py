"""From a measure in the register to a refused call, its card, an appeal, and the call passing."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509 import load_pem_x509_certificates
from typer.testing import CliRunner

from fanzha.adapters.lists.packing import unpack, verify
from fanzha.adapters.sip.authority import trusted
from fanzha.adapters.sip.jcard import read
from fanzha.entrypoints.cli.card import card as command
from fanzha.entrypoints.edge.follow import Follower
from fanzha.entrypoints.edge.sip import CallWire
from fanzha.lifecycles.actor import Role
from fanzha.lists.form import Lists
from fanzha.testing.kamailio import Kamailio
from fanzha.testing.sipp import CALLED, PASSED, REFUSED, Call, Sipp
from fanzha.values import reserved
from tests import fixtures
from tests.entrypoints.api.given import PASSWORD, Api, api
from tests.entrypoints.edge.test_edge_sip import serving, until

__all__ = ["api"]
NUMBER = reserved.mobile(50_000_007)
GROUND = {
    "kind": "order", "ref": "青公反诈〔2026〕12号", "article": "反电信网络诈骗法第十四条",
    "zh": "用于电信网络诈骗", "en": "used for telecom fraud",
}  # fmt: skip


class CentreFeed:
    """The centre's own list, over its API."""

    def __init__(self, api: Api) -> None:
        key = api.installed.operators.add_sender("edge-sip", frozenset({"lists"}), fixtures.NOW)
        self._api = api
        self._headers = {"Authorization": f"Bearer {key}"}
        self._key = base64.b64decode(api.client.get("/v1/lists/key").json()["public_key"])

    def whole(self) -> Lists:
        found = self._get("/v1/lists")
        assert found is not None
        return found

    def changes(self, since: int, wait_s: float) -> Lists | None:
        return self._get(f"/v1/lists?since={since}&wait=0.2")

    def _get(self, path: str) -> Lists | None:
        answer = self._api.client.get(path, headers=self._headers)
        if answer.status_code == 204:
            return None
        verify(answer.content, answer.headers["fanzha-signature"], self._key)
        return unpack(answer.content).lists


@pytest.mark.peers
def test_a_refused_call_its_card_the_appeal_and_the_same_call_again(
    api: Api, tmp_path: Path
) -> None:
    root = _signing(api, tmp_path / "calls")
    feed = CentreFeed(api)
    wire = CallWire(tmp_path / "sip.sock")
    follower = Follower(feed, tmp_path / "kept", wait_s=0.2, back_off_s=(0.1, 0.2))
    settings = {
        "socket": str(wire.socket), "time_limit_ms": "2000",
        "jcards": "https://centre.example/v1/jcards/",
    }  # fmt: skip
    with (
        serving(wire, follower),
        Sipp(tmp_path / "called", CALLED) as called,
        Kamailio(tmp_path / "kamailio", called.port, settings) as kamailio,
    ):
        ring = _ringing(tmp_path, kamailio)
        until(lambda: follower.version is not None)
        ring(PASSED, Call(NUMBER, "10010"))
        code = _refuse(api)
        until(lambda: _stands(follower))
        call = Call(NUMBER, "10010", "", (f"<https://centre.example/v1/jcards/{code}>",))
        ring(REFUSED, call)

        answer = api.client.get(f"/v1/jcards/{code}")
        chain = load_pem_x509_certificates(api.client.get("/v1/jcards/certificates.pem").content)
        key = trusted(chain, load_pem_x509_certificates(root.read_bytes()), datetime.now(UTC))
        now = datetime.fromtimestamp(api.centre.now().timestamp(), UTC)
        card = read(answer.text, key, now)
        assert card.x5u == "https://centre.example/v1/jcards/certificates.pem"
        assert code in card.properties["note"][0]

        _appeal(api, code)
        until(lambda: not _stands(follower))
        ring(PASSED, call)


def _stands(follower: Follower) -> bool:
    standing = follower.standing
    return standing is not None and standing.number(NUMBER, int(time.time())) is not None


def _ringing(folder: Path, kamailio: Kamailio) -> Callable[[str, Call], None]:
    def ring(scenario: str, call: Call) -> None:
        into = folder / f"caller{time.monotonic_ns()}"
        with Sipp(into, scenario, to=kamailio.port, calls=[call], total=3) as caller:
            outcome = caller.wait(60)
        assert (outcome.succeeded, outcome.failed) == (3, 0), outcome.words

    return ring


def _signing(api: Api, folder: Path) -> Path:
    """The centre signs cards; gives the root that callers trust."""
    asked = ["authority", str(folder), "--number", "95496"]
    assert CliRunner().invoke(command, asked).exit_code == 0
    changed = {
        "calls_key": folder / "calls.key", "calls_certificates": folder / "calls.pem",
        "public_url": "https://centre.example",
    }  # fmt: skip
    settings = api.centre.settings.model_copy(update=changed)
    object.__setattr__(api.centre, "settings", settings)
    for name, role in (
        ("an", Role.ANALYST),
        ("luo", Role.DUTY_OFFICER),
        ("gao", Role.DUTY_OFFICER),
    ):
        api.installed.operators.add(
            name=name, display=name, password=PASSWORD, roles=frozenset({role}),
            unit=fixtures.unit("86"), now=fixtures.NOW,
        )  # fmt: skip
    return folder / "root.pem"


def _refuse(api: Api) -> str:
    """A measure is proposed and approved; gives its code."""
    api.sign_in("an")
    body = {
        "id": str(uuid.uuid4()), "kind": "number", "target": NUMBER, "effect": "refuse",
        "ground": GROUND,
    }  # fmt: skip
    proposed = api.client.post("/v1/measures", json=body)
    assert proposed.status_code == 201, proposed.text
    api.sign_in("luo")
    standing = _act(api, f"/v1/measures/{proposed.json()['id']}", "approve")
    return str(standing["code"])


def _appeal(api: Api, code: str) -> None:
    """Filed with the code, accepted and upheld."""
    filed = api.client.post(
        f"/v1/public/measures/{code}/appeals",
        json={"id": str(uuid.uuid4()), "text": "这是我的号码", "contact": "invented@example.com"},
    )
    assert filed.status_code == 201, filed.text
    api.sign_in("gao")
    (appeal,) = api.client.get("/v1/appeals").json()["items"]
    _act(api, f"/v1/appeals/{appeal['id']}", "accept")
    _act(api, f"/v1/appeals/{appeal['id']}", "uphold", reasons="查实误判")


def _act(api: Api, address: str, verb: str, **more: Any) -> dict[str, Any]:
    now = api.client.get(address).json()
    expected = {"expected_state": now["state"]["code"], "expected_revision": now["revision"]}
    answer = api.client.post(f"{address}/acts", json={"verb": verb, **expected, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
