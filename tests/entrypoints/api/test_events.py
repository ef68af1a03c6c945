"""Events over HTTP: taken once, refused by row, kept for repair, refused as a whole by rule."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fanzha.adapters.postgres import counters
from fanzha.entrypoints.api.event_routes import BODY_MAX, LINES_MAX
from fanzha.errors import Unavailable
from fanzha.lifecycles.actor import NATION, Role
from fanzha.ports.event_log import LogEntry
from fanzha.values import reserved
from tests.browser.centre import serve
from tests.entrypoints.api.given import PASSWORD, SOURCE, Api
from tests.fixtures import BY_CODE, NOW

URL = "/v1/events/call"


def call(event_id: int, **changed: Any) -> dict[str, Any]:
    row = {
        "event_id": event_id,
        "at": datetime.now(UTC).isoformat(),
        "caller": reserved.mobile(1),
        "callee": reserved.mobile(2),
        "phase": "end",
        "call_id": event_id,
        "talk_s": 30.0,
    }
    return {k: v for k, v in (row | changed).items() if v is not None}


def lines(*rows: dict[str, Any] | str) -> bytes:
    texts = [r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in rows]
    return "\n".join(texts).encode()


def stored(api: Api) -> list[LogEntry]:
    return list(api.log._entries)


def quarantined(api: Api) -> int:
    with api.installed.database.transaction(NATION) as connection:
        return counters.totals(connection).get("quarantined", {}).get("call", 0)


def test_accepted_rows_are_in_the_log_before_the_answer(api: Api) -> None:
    answer = api.client.post(URL, content=lines(call(1), call(2)), headers=api.bearer)
    assert answer.status_code == 202
    said = answer.json()
    assert (said["received"], said["accepted"], said["refused"]) == (2, 2, [])
    [entry] = stored(api)
    assert (entry.position, entry.stream, entry.sender) == (said["position"], "call", SOURCE)
    assert entry.batch.column("source").to_pylist() == [SOURCE, SOURCE]


def test_the_same_body_again_is_the_same_batch(api: Api) -> None:
    body = lines(call(1), call(2, at=None), call(3))
    first = api.client.post(URL, content=body, headers=api.bearer).json()
    again = api.client.post(URL, content=body, headers=api.bearer).json()
    assert again == first
    assert len(stored(api)) == 1
    assert quarantined(api) == 1, "a row of the same delivery is kept once"


def test_refused_rows_are_named_and_the_others_are_taken(api: Api) -> None:
    body = lines(
        call(1), "", "{not json", call(4, callee=None), call(5, source="somebody"), call(6)
    )
    said = api.client.post(URL, content=body, headers=api.bearer).json()
    assert (said["received"], said["accepted"]) == (5, 2)
    refused = {r["row"]: (r["code"], r["field"]) for r in said["refused"]}
    assert set(refused) == {3, 4, 5}
    assert refused[3] == ("json_broken", None)
    assert refused[4][1] == "callee"
    assert refused[5][1] == "source"
    assert all(r["zh"] and r["en"] for r in said["refused"])
    assert quarantined(api) == 3


def test_a_refused_row_is_repaired_and_sent_again(api: Api) -> None:
    api.client.post(URL, content=lines(call(7, at=None)), headers=api.bearer)
    api.sign_in()
    [row] = api.client.get("/v1/quarantine").json()["items"]
    assert (row["stream"], row["source"], row["row"], row["field"]) == ("call", SOURCE, 1, "at")
    kept = api.client.get(f"/v1/quarantine/{row['id']}").json()["row"]
    assert kept["event_id"] == 7

    still_wrong = api.client.post(
        f"/v1/quarantine/{row['id']}/resend", json={"row": kept | {"at": "yesterday"}}
    ).json()
    assert still_wrong["accepted"] == 0
    sent = api.client.post(f"/v1/quarantine/{row['id']}/resend", json={"row": kept | call(7)})
    assert sent.json()["accepted"] == 1
    [entry] = stored(api)
    assert entry.batch.column("event_id").to_pylist() == [7]
    gone = api.client.post(f"/v1/quarantine/{row['id']}/resend", json={"row": kept})
    assert (gone.status_code, gone.json()["code"]) == (422, "not_in_quarantine")


def refused_row(api: Api) -> str:
    api.client.post(URL, content=lines(call(7, at=None)), headers=api.bearer)
    api.sign_in()
    [row] = api.client.get("/v1/quarantine").json()["items"]
    return f"/v1/quarantine/{row['id']}"


def losing_its_answer(api: Api) -> Any:
    """An append that stores, and whose answer never comes."""
    append = api.log.append

    async def lost(*args: Any, **kwargs: Any) -> int:
        await append(*args, **kwargs)
        raise Unavailable("log_unavailable", zh="日志没有应答", en="the log does not answer")

    return lost


def test_of_two_repairs_of_one_row_one_is_stored_and_the_other_is_told(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes while the first is being stored, and everybody else is served."""
    url = refused_row(api)
    reached, go_on = threading.Event(), threading.Event()
    append = api.log.append

    async def slow(*args: Any, **kwargs: Any) -> int:
        reached.set()
        await asyncio.to_thread(go_on.wait, 20)
        return await append(*args, **kwargs)

    monkeypatch.setattr(api.log, "append", slow)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(api.client.post, f"{url}/resend", json={"row": call(7)})
        assert reached.wait(20)
        second = api.client.post(f"{url}/resend", json={"row": call(7, talk_s=31.0)})
        dropped = api.client.post(f"{url}/drop")
        assert api.client.get("/v1/me").status_code == 200
        go_on.set()
        assert first.result(20).json()["accepted"] == 1
    for answer in (second, dropped, api.client.post(f"{url}/resend", json={"row": call(8)})):
        assert (answer.status_code, answer.json()["code"]) == (422, "not_in_quarantine")
    [entry] = stored(api)
    assert entry.batch.column("talk_s").to_pylist() == [30.0]
    with api.installed.database.transaction(NATION) as connection:
        sent = connection.exec_driver_sql("SELECT count(*) FROM deed WHERE verb = 'resend'")
        assert sent.scalar_one() == 1


def test_a_row_stays_in_quarantine_until_its_repair_is_stored(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer of the log is lost: the same repair again is one entry, another one is stored."""
    url = refused_row(api)
    repaired = call(7)
    with monkeypatch.context() as patch:
        patch.setattr(api.log, "append", losing_its_answer(api))
        answer = api.client.post(f"{url}/resend", json={"row": repaired})
        assert answer.status_code == 503
    assert api.client.get(url).status_code == 200
    answer = api.client.post(f"{url}/resend", json={"row": repaired})
    assert answer.json()["accepted"] == 1
    assert len(stored(api)) == 1
    assert api.client.get(url).status_code == 422


def test_another_repair_after_a_lost_answer_is_stored_too(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told `accepted` because it is: two repairs never share the name of a batch."""
    url = refused_row(api)
    with monkeypatch.context() as patch:
        patch.setattr(api.log, "append", losing_its_answer(api))
        api.client.post(f"{url}/resend", json={"row": call(7)})
    answer = api.client.post(f"{url}/resend", json={"row": call(7, talk_s=31.0)})
    assert answer.json()["accepted"] == 1
    assert [e.batch.column("talk_s").to_pylist() for e in stored(api)] == [[30.0], [31.0]]


@pytest.mark.parametrize(
    ("unit", "status"), [("470103001", 403), ("470103", 403), ("470100", 200), ("86", 200)]
)
def test_refused_rows_of_anybody_are_seen_from_a_city_upward(
    api: Api, unit: str, status: int
) -> None:
    api.installed.operators.add(
        name="analyst",
        display="林越",
        password=PASSWORD,
        roles=frozenset({Role.ANALYST}),
        unit=BY_CODE[unit],
        now=NOW,
    )
    api.sign_in("analyst")
    assert api.client.get("/v1/quarantine").status_code == status


@pytest.mark.parametrize("header", [None, "Bearer fz_wrong", "Basic abc", "Bearer", "Bearer 钥匙"])
def test_without_a_good_key_nothing_is_read(api: Api, header: str | None) -> None:
    headers = {"Authorization": header.encode()} if header else {}
    answer = api.client.post(URL, content=lines(call(1)), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_key")
    assert stored(api) == []


def test_a_revoked_key_is_no_key(api: Api) -> None:
    api.installed.operators.revoke_sender(SOURCE)
    assert api.client.post(URL, content=lines(call(1)), headers=api.bearer).status_code == 401


@pytest.mark.parametrize(
    ("stream", "status", "code"),
    [("transfer", 403, "stream_not_yours"), ("calls", 404, "unknown_stream")],
)
def test_a_stream_that_is_not_ones_own(api: Api, stream: str, status: int, code: str) -> None:
    answer = api.client.post(f"/v1/events/{stream}", content=lines(call(1)), headers=api.bearer)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["field"] == "stream"
    assert stored(api) == []


def test_a_huge_body_is_refused_before_it_is_held(api: Api) -> None:
    piece = b"x" * (1 << 20)
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(2 * BODY_MAX // len(piece)):
            sent += 1
            yield piece

    answer = api.client.post(URL, content=endless(), headers=api.bearer)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert stored(api) == []
    declared = api.client.post(
        URL, content=b"{}", headers=api.bearer | {"Content-Length": str(BODY_MAX + 1)}
    )
    assert (declared.status_code, declared.json()["code"]) == (413, "too_large")


def test_a_log_that_is_away_says_so_and_keeps_nothing(api: Api) -> None:
    body = lines(call(1), call(2, at=None))
    asyncio.run(api.log.close())
    answer = api.client.post(URL, content=body, headers=api.bearer)
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
    asyncio.run(api.log.start())
    again = api.client.post(URL, content=body, headers=api.bearer).json()
    assert (again["accepted"], len(again["refused"])) == (1, 1)
    assert quarantined(api) == 1


async def _cut(port: int, head: bytes, part: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + part)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def test_a_body_that_is_cut_off_leaves_nothing_behind(api: Api) -> None:
    body = lines(call(1), call(2))
    head = (
        f"POST {URL} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    with serve(api.centre) as served:
        port = int(served.url.rpartition(":")[2])
        for size in (0, 1, len(body) // 2, len(body) - 1):
            asyncio.run(_cut(port, head, body[:size]))
        assert stored(api) == []
        whole = httpx.post(f"{served.url}{URL}", content=body, headers=api.bearer)
        assert whole.json()["accepted"] == 2
    assert [e.batch.num_rows for e in stored(api)] == [2]


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip
_NAMES = st.sampled_from(["event_id", "at", "source", "caller", "callee", "phase", "call_id"])
_ROWS = st.dictionaries(_NAMES | st.text(max_size=5), _VALUES, max_size=8).map(json.dumps)
_LINES = st.one_of(_ROWS.map(str.encode), st.binary(max_size=40))


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example([b"\xef\xbb\xbf"])
@given(st.lists(_LINES, max_size=6))
def test_whatever_comes_every_row_is_accounted_for(api: Api, pieces: list[bytes]) -> None:
    before = sum(e.batch.num_rows for e in stored(api))
    body = b"\n".join(pieces)
    answer = api.client.post(URL, content=body, headers=api.bearer)
    assert answer.status_code == 202, answer.text
    said = answer.json()
    lines = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")  # a byte order mark is no row
    rows = [p for p in lines if p and not p.isspace()]
    assert said["received"] == said["accepted"] + len(said["refused"]) == len(rows)
    added = sum(e.batch.num_rows for e in stored(api)) - before
    assert added in (0, said["accepted"]), "all of it, or it was there already"


def test_a_flood_of_refused_rows_is_kept_and_its_answer_is_short(api: Api) -> None:
    body = b"no object\n" * 3_000
    answer = api.client.post(URL, content=body, headers=api.bearer).json()
    assert (answer["received"], answer["accepted"], len(answer["refused"])) == (3_000, 0, 100)
    assert quarantined(api) == 3_000
    again = api.client.post(URL, content=body, headers=api.bearer).json()
    assert again["received"] == 3_000
    assert quarantined(api) == 3_000


def test_more_lines_than_any_rows_fill_are_refused_as_a_whole(api: Api) -> None:
    answer = api.client.post(URL, content=b"\n" * (LINES_MAX + 1), headers=api.bearer)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_rows")
    assert quarantined(api) == 0
