"""The workshop over HTTP: from a draft to a second person's signature, and who may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.deeds import verify
from fanzha.adapters.postgres.rules_rehearsed import SampledCase
from fanzha.detection.rules.tally import Hit
from fanzha.lifecycles.actor import Role
from fanzha.lifecycles.rule.model import Label, RehearsalState, Verdict
from fanzha.usecases.workshop.compare import History, Known, compare
from fanzha.values import reserved
from tests import fixtures
from tests.entrypoints.api.given import PASSWORD, Api
from tests.usecases.workshop.given import bench, draft

_DAY = 86_400_000


@pytest.fixture
def staffed(api: Api) -> Api:
    """An analyst, a second one, a duty officer, and a dissuader who has no business here."""
    for name, role, unit in [
        ("an", Role.ANALYST, "470100"),
        ("bo", Role.ANALYST, "470100"),
        ("luo", Role.DUTY_OFFICER, "470100"),
        ("cai", Role.DISSUADER, "470100"),
        ("dou", Role.ANALYST, "470103001"),
    ]:
        api.installed.operators.add(
            name=name, display=name, password=PASSWORD, roles=frozenset({role}),
            unit=fixtures.unit(unit), now=fixtures.NOW,
        )  # fmt: skip
    api.sign_in("an")
    return api


def saved(api: Api, **changed: Any) -> dict[str, Any]:
    answer = api.client.post("/v1/workshop/rules", json={**draft().plain(), **changed})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def do(api: Api, verb: str, state: str, note: str = "", version: int = 1) -> Any:
    return api.client.post(
        f"/v1/workshop/rules/large_payment/versions/{version}/{verb}",
        json={"expected_state": state, "note": note},
    )


def rehearsed(api: Api, *, elders_wrong: bool = False, done_at: datetime = fixtures.NOW) -> None:
    """As the runner would have left it: ninety days, five hundred cases known."""
    hits = [
        Hit("large_payment@1", k * 15_000_000, "bank", k, f"s{k}", k + 1, 0.8, "转账", "paid")
        for k in range(500)
    ]
    known = {h.subject: Known(fraud=h.event_id % 3 > 0) for h in hits}
    history = History(
        begin=0, end=90 * _DAY, rows=1_000, known=known, key_of=lambda s: s,
        is_elder=lambda h: h.event_id % 3 == 0 if elders_wrong else h.event_id % 3 == 1,
        residents=10_000, elders=2_000,
    )  # fmt: skip
    found = compare(bench().policy, history, hits, None, 1.0)
    with api.centre.workshop.work() as work:
        asked = work.rehearsals.newest("large_payment", 1)
        assert asked is not None
        done = type(asked)(
            **{n: getattr(asked, n) for n in asked.__slots__}
            | {
                "state": RehearsalState.DONE,
                "result": found.plain(),
                "done_share": 1.0,
                "finished_at": done_at,
            }
        )
        work.rehearsals.keep(done, fixtures.NOW)


def into_shadow(api: Api) -> None:
    saved(api)
    assert do(api, "replay", "draft").status_code == 200
    rehearsed(api)
    with api.centre.workshop.work() as work:
        from fanzha.usecases.workshop.act import Act, act, find

        system = fixtures.actor(Role.SYSTEM, at="86")
        before = find(work, "large_payment", 1)
        act(work, bench(), system, before, Act("record_replay", "draft"), (), fixtures.NOW)
    assert do(api, "start_shadow", "replayed").status_code == 200


def week_later(api: Api) -> None:
    with api.installed.database.transaction(fixtures.NATION) as connection:
        connection.execute(
            text("UPDATE rule_version SET shadow_since = shadow_since - interval '8 days'")
        )


def test_a_draft_is_checked_and_says_what_is_wrong_where(staffed: Api) -> None:
    body = {"channel": "transfer_payer", "when": "amount_fen > 30 min"}
    found = staffed.client.post("/v1/workshop/check", json=body).json()
    assert not found["ok"]
    assert found["fault"]["code"] == "rule_units"
    assert body["when"][found["fault"]["at"] :].startswith("30 min")
    answer = staffed.client.post(
        "/v1/workshop/rules", json={**draft().plain(), "when": "payee_knew"}
    )
    assert answer.status_code == 422 or answer.status_code == 400
    assert answer.json()["code"] == "rule_name_unknown"
    assert answer.json()["field"] == "when"
    offered = staffed.client.get("/v1/workshop/complete?channel=transfer_payer&prefix=new_").json()
    assert {o["text"] for o in offered} >= {"new_paid_24h", "new_min_24h_fen"}
    assert {o["unit"] for o in offered if o["kind"] == "name"} == {"count", "fen"}


def test_from_draft_to_live_takes_two(staffed: Api) -> None:
    into_shadow(staffed)
    early = do(staffed, "submit", "shadow")
    assert early.json()["code"] == "gates_unmet"
    assert early.json()["field"] == "shadow_days"
    week_later(staffed)
    page = do(staffed, "submit", "shadow").json()
    assert page["state"]["code"] == "submitted"
    assert [g["code"] for g in page["gates"] if not g["met"]] == ["second_person"]
    assert "publish" not in {v["verb"] for v in page["verbs"]}
    assert do(staffed, "publish", "submitted").json()["code"] == "second_person_needed"
    staffed.sign_in("luo")
    offered = staffed.client.get("/v1/workshop/rules/large_payment/versions/1").json()
    assert "publish" in {v["verb"] for v in offered["verbs"]}
    live = do(staffed, "publish", "submitted").json()
    assert (live["state"]["code"], live["published_by"]) == ("live", "luo")
    assert all(g["met"] for g in live["gates"])
    stale = do(staffed, "roll_back", "submitted", "迟了")
    assert stale.status_code == 409
    back = do(staffed, "roll_back", "live", "误报多").json()
    assert back["state"]["code"] == "rolled_back"
    assert [r["verb"] for r in back["record"]][:2] == ["roll_back", "publish"]


def test_the_next_version_replaces_and_comes_back(staffed: Api) -> None:
    into_shadow(staffed)
    week_later(staffed)
    do(staffed, "submit", "shadow")
    staffed.sign_in("bo")
    assert do(staffed, "publish", "submitted").status_code == 200
    second = saved(staffed, when="amount_fen >= 3 wan\nAND payee_new")
    assert (second["version"], second["replaces"], second["live_version"]) == (2, 1, 1)
    assert [line["changed"] for line in second["diff"]] == [True, True]
    third = saved(staffed, when=draft().when + "\nAND left_share > 50 %")
    assert [line["changed"] for line in third["diff"]] == [False, True]
    rows = staffed.client.get("/v1/workshop/rules").json()
    assert [(r["id"], r["version"], r["live_version"]) for r in rows["items"]] == [
        ("large_payment", 3, 1)
    ]


def test_the_list_holds_one_connection_at_a_time(
    staffed: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty readers at once, each with one and waiting for a second, would leave nobody any."""
    into_shadow(staffed)
    week_later(staffed)
    do(staffed, "submit", "shadow")
    staffed.sign_in("bo")
    assert do(staffed, "publish", "submitted").status_code == 200
    plain, held, most = Database.transaction, 0, 0

    @contextmanager
    def counted(database: Database, scope: Any) -> Iterator[Any]:
        nonlocal held, most
        held += 1
        most = max(most, held)
        try:
            with plain(database, scope) as connection:
                yield connection
        finally:
            held -= 1

    monkeypatch.setattr(Database, "transaction", counted)
    for path in ("rules", "rules.csv", "rules/large_payment", "rules/large_payment/versions/1",
                 "rules/large_payment/board", "models", "labels", "looks"):  # fmt: skip
        assert staffed.client.get(f"/v1/workshop/{path}").status_code == 200
        assert most == 1, path


def test_what_elders_suffer_holds_a_draft_back(staffed: Api) -> None:
    into_shadow(staffed)
    rehearsed(staffed, elders_wrong=True)
    week_later(staffed)
    refused = do(staffed, "submit", "shadow").json()
    assert (refused["code"], refused["field"]) == ("gates_unmet", "elders")


def test_who_has_no_business_sees_nothing(staffed: Api) -> None:
    saved(staffed)
    for name in ("cai", "dou"):
        staffed.sign_in(name)
        for path in ("rules", "rules/large_payment", "channels", "looks", "labels", "models"):
            assert staffed.client.get(f"/v1/workshop/{path}").status_code == 403, (name, path)
    staffed.sign_in("luo")
    assert staffed.client.post("/v1/workshop/rules", json=draft().plain()).status_code == 403


def test_a_snooze_ends_by_itself_or_by_hand(staffed: Api) -> None:
    saved(staffed)
    now = staffed.centre.now()
    url = "/v1/workshop/rules/large_payment/snoozes"
    body = {"until": (now + timedelta(days=3)).isoformat(), "note": "已核实", "area": "470102"}
    made = staffed.client.post(url, json=body)
    assert made.status_code == 201, made.text
    listed = staffed.client.get("/v1/workshop/rules/large_payment").json()["snoozes"]
    assert [s["area"] for s in listed] == ["470102"]
    for wrong in ({"until": now.isoformat()}, {"note": " "}, {"subject": "no number"}):
        assert 400 <= staffed.client.post(url, json={**body, **wrong}).status_code < 500
    ended = staffed.client.post(f"/v1/workshop/snoozes/{made.json()['id']}/end")
    assert ended.status_code == 200
    assert staffed.client.get("/v1/workshop/rules/large_payment").json()["snoozes"] == []
    again = staffed.client.post(f"/v1/workshop/snoozes/{made.json()['id']}/end")
    assert again.json()["code"] == "snooze_unknown"


def sampled(api: Api) -> str:
    """Two cases of the newest rehearsal, as the runner would have drawn them; its id."""
    with api.centre.workshop.work() as work:
        newest = work.rehearsals.newest("large_payment", 1)
        assert newest is not None
        cases = [
            (
                SampledCase(n, fixtures.NOW, "转账", "paid", 0.8, None, 0.5, bytes([n]) * 32),
                "account",
                f"6217:{n}",
            )
            for n in range(2)
        ]
        work.rehearsals.add_cases(newest.id, cases)
    return str(newest.id)


def judged(api: Api, n: int = 0, verdict: str = "fraud") -> Any:
    return api.client.post(
        f"/v1/workshop/rules/large_payment/versions/1/cases/{n}/judge", json={"verdict": verdict}
    )


def test_cases_are_judged_by_others_and_it_stands_in_the_record_of_deeds(staffed: Api) -> None:
    into_shadow(staffed)
    rehearsal = sampled(staffed)
    url = "/v1/workshop/rules/large_payment/versions/1"
    refused = judged(staffed)
    assert (refused.status_code, refused.json()["code"]) == (403, "own_case")
    assert staffed.client.get(url).json()["may_judge"] is False
    assert staffed.client.get(f"{url}/cases").json()["fraud"] == 0
    staffed.sign_in("bo")
    assert staffed.client.get(url).json()["may_judge"] is True
    week_later(staffed)
    assert do(staffed, "submit", "shadow").status_code == 200
    assert judged(staffed).json()["code"] == "own_case", "nor by who submitted it"
    staffed.sign_in("luo")
    assert judged(staffed).status_code == 204
    assert judged(staffed, 0, "false").status_code == 204
    assert judged(staffed, 7).json()["code"] == "case_unknown"
    assert staffed.client.get(f"{url}/cases").json()["false"] == 1
    with staffed.installed.database.transaction(fixtures.NATION) as connection:
        lines = connection.execute(
            text(
                "SELECT chain, actor_display, object_id, body FROM deed"
                " WHERE verb = 'judge' ORDER BY seq"
            )
        ).all()
        assert all(verify(connection, line.chain).broken_at is None for line in lines)
    assert [(line.actor_display, line.object_id) for line in lines] == [
        ("luo", "large_payment@1")
    ] * 2
    detail = [json.loads(line.body) for line in lines]
    assert [d["after"] for d in detail] == ["fraud", "false"]
    assert detail[0]["detail"] == {"about": f"sample:{rehearsal}:0"}
    record = staffed.client.get("/v1/workshop/rules/large_payment").json()["record"]
    assert "judge" not in {r["verb"] for r in record}, "four hundred lines would hide the acts"


def test_a_case_that_is_drawn_again_is_counted_once(staffed: Api) -> None:
    """The second rehearsal knows what was judged after the first, and draws the same cases."""
    into_shadow(staffed)
    sampled(staffed)
    url = "/v1/workshop/rules/large_payment/versions/1"

    def counted() -> tuple[str, int]:
        page = staffed.client.get(url).json()
        gate = next(g for g in page["gates"] if g["code"] == "judged")
        return gate["shown"]["en"], page["judged"]["n"] if page["judged"] else 0

    assert counted() == ("500 judged", 0)
    staffed.sign_in("bo")
    for n in (0, 1):
        assert judged(staffed, n).status_code == 204
    assert counted() == ("502 judged", 2)
    assert do(staffed, "replay", "shadow").status_code == 200
    assert counted() == ("0 judged", 2), "under way"
    rehearsed(staffed, done_at=staffed.centre.now() + timedelta(seconds=1))
    sampled(staffed)
    assert counted() == ("500 judged", 2)
    assert judged(staffed, 0, "false").status_code == 204
    assert counted() == ("500 judged", 2)
    assert staffed.client.get(url).json()["judged"]["share"] == 0.5, "the later word counts"


def test_labels_of_one_instant_are_not_lost_between_pages(staffed: Api) -> None:
    """All findings of a warning are labelled as of the instant of its outcome."""
    labels = [
        Label(f"f{n}", bytes(32), Verdict.FRAUD, "outcome", 1.0, "luo",
              fixtures.NOW - timedelta(minutes=n // 3))
        for n in range(10)
    ]  # fmt: skip
    with staffed.centre.workshop.work() as work:
        work.labels.add(labels)
    for limit in (1, 2, 4, 10, 20):
        seen: list[str] = []
        after: str | None = None
        while True:
            asked = {"limit": limit} | ({"after": after} if after else {})
            page = staffed.client.get("/v1/workshop/labels", params=asked).json()
            seen += [label["about"] for label in page["items"]]
            if (after := page["next"]) is None:
                break
        assert seen == [label.about for label in labels], limit


def test_a_rule_is_muted_altogether_for_a_day_at_most_and_within_ones_unit(staffed: Api) -> None:
    saved(staffed)
    now = staffed.centre.now()
    url = "/v1/workshop/rules/large_payment/snoozes"

    def asked(hours: float, **more: str) -> Any:
        until = (now + timedelta(hours=hours)).isoformat()
        return staffed.client.post(url, json={"until": until, "note": "误报", **more})

    for more in ({}, {"area": "4702"}, {"area": "47"}, {"area": "11"}):
        refused = asked(1, **more)
        assert (refused.status_code, refused.json()["code"]) == (403, "beyond_unit"), more
    assert asked(24 * 60, area="470103").status_code == 201
    for name in ("ma", "ning"):
        staffed.installed.operators.add(
            name=name, display=name, password=PASSWORD, roles=frozenset({Role.DUTY_OFFICER}),
            unit=staffed.centre.bench.root, now=fixtures.NOW,
        )  # fmt: skip
    staffed.sign_in("ma")
    refused = asked(25)
    assert (refused.json()["code"], refused.json()["field"]) == ("mute_too_long", "until")
    assert asked(20).status_code == 201
    staffed.sign_in("ning")
    assert asked(23).status_code == 201, "what is muted twice over counts once"
    assert asked(30).json()["code"] == "mute_too_long", "renewals count, whoever asks"
    listed = staffed.client.get("/v1/workshop/rules/large_payment").json()["snoozes"]
    everywhere = next(s["id"] for s in listed if s["area"] is None)
    staffed.sign_in("an")
    refused = staffed.client.post(f"/v1/workshop/snoozes/{everywhere}/end")
    assert (refused.status_code, refused.json()["code"]) == (403, "beyond_unit")
    still = staffed.client.get("/v1/workshop/rules/large_payment").json()["snoozes"]
    assert everywhere in {s["id"] for s in still}, "nothing was ended"
    subject = asked(2, subject=reserved.mobile(1)).json()["id"]
    assert staffed.client.post(f"/v1/workshop/snoozes/{subject}/end").status_code == 200


def test_a_city_that_is_the_whole_centre_is_not_muted_by_its_name(staffed: Api) -> None:
    saved(staffed)
    now = staffed.centre.now()
    url = "/v1/workshop/rules/large_payment/snoozes"

    def asked(days: float, area: str) -> Any:
        until = (now + timedelta(days=days)).isoformat()
        return staffed.client.post(url, json={"until": until, "note": "误报", "area": area})

    refused = asked(89, "4701")
    assert (refused.status_code, refused.json()["code"]) == (422, "mute_too_long")
    assert asked(1, "470100").json()["area"] == "4701"
    assert (asked(1, "470199").status_code, asked(1, "470199").json()["code"]) == (
        422, "area_unknown",
    )  # fmt: skip


def test_who_judged_does_not_submit_and_who_submitted_never_judges(staffed: Api) -> None:
    into_shadow(staffed)
    week_later(staffed)
    sampled(staffed)
    url = "/v1/workshop/rules/large_payment/versions/1"
    staffed.sign_in("luo")
    assert judged(staffed).status_code == 204
    staffed.sign_in("bo")
    assert judged(staffed).status_code == 204
    assert "submit" not in {v["verb"] for v in staffed.client.get(url).json()["verbs"]}
    refused = do(staffed, "submit", "shadow")
    assert (refused.status_code, refused.json()["code"]) == (403, "judged_it")
    staffed.sign_in("an")
    assert "submit" in {v["verb"] for v in staffed.client.get(url).json()["verbs"]}
    assert do(staffed, "submit", "shadow").status_code == 200
    assert do(staffed, "send_back", "submitted", "再看").status_code == 200
    assert staffed.client.get(url).json()["may_judge"] is False
    assert do(staffed, "submit", "shadow").status_code == 200
    staffed.sign_in("bo")
    assert do(staffed, "publish", "submitted").status_code == 200


def test_a_rule_that_adds_nothing_is_refused(staffed: Api) -> None:
    for score in (1e-320, 0.0009):
        refused = staffed.client.post(
            "/v1/workshop/rules", json={**draft().plain(), "score": score}
        )
        assert (refused.status_code, refused.json()["field"]) == (422, "score")


def test_boards_answer_before_anything_has_happened(staffed: Api) -> None:
    saved(staffed)
    board = staffed.client.get("/v1/workshop/rules/large_payment/board").json()
    assert (board["daily"], board["precision"], board["latency"]) == ([], None, None)
    assert staffed.client.get("/v1/workshop/models").json() == []
    csv = staffed.client.get("/v1/workshop/rules.csv")
    assert csv.text.splitlines()[1].startswith("large_payment,大额转给新收款人")
    spread = staffed.client.get("/v1/workshop/spread?channel=transfer_payer&name=amount_fen").json()
    assert sum(spread["counts"]) == 0
    assert len(spread["lower"]) == len(spread["counts"])
