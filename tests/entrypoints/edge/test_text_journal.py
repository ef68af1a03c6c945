"""The firewall's journal, policy and accounts: nothing is lost, in the clear, or guessed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from fanzha.adapters.cmpp.dialect import Cmpp
from fanzha.adapters.sealing.keyring import Keyring
from fanzha.adapters.smpp.firewall.settings import Recorded
from fanzha.entrypoints.edge.sms import place_of
from fanzha.entrypoints.edge.texts.accounts import Accounts, load_accounts, sealed_password
from fanzha.entrypoints.edge.texts.journal import Journal, unavailable
from fanzha.entrypoints.edge.texts.policy import FILE, load_text_policy
from fanzha.entrypoints.edge.texts.run import Firewall, poster
from fanzha.errors import Misconfigured, Refused, Unavailable
from fanzha.ports.text_wire import Ground, Login, Said, Verdict
from fanzha.records.door import admit
from fanzha.records.ndjson import read_ndjson
from fanzha.values import reserved
from tests.fixtures import POLICIES

ROOT = Path(__file__).resolve().parents[3]
RING = Keyring.create()


def told(text: str, *, refuse: bool = True) -> Recorded:
    said = Said(0, 1, "+" + reserved.mobile(1).lstrip("+"), reserved.mobile(2), text)
    return Recorded("esme1", said, Verdict(refuse, Ground.WORDS, 0, 0.97))


def journal(folder: Path, *, octets_max: int = 1 << 20, basis: str = "第十四条") -> Journal:
    return Journal(folder, RING, basis=basis, octets_max=octets_max, now=lambda: 1_795_000_000.0)


class Centre:
    """Takes NDJSON, or does not."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.away = False

    def __call__(self, lines: bytes) -> None:
        if self.away:
            raise unavailable("away")
        self.rows += [json.loads(line) for line in lines.splitlines()]


def test_what_is_written_reaches_the_centre_once_it_is_there(tmp_path: Path) -> None:
    book, centre = journal(tmp_path), Centre()
    centre.away = True
    for n in range(5):
        book.write([told(f"骗局{n}")])
        book.ship(centre)
    assert (book.problem, centre.rows) == ("centre_away", [])
    assert book.waiting > 0
    centre.away = False
    book.ship(centre)
    book.ship(centre)
    assert [row["body"] for row in centre.rows] == [f"骗局{n}" for n in range(5)]
    assert (book.problem, book.waiting, book.told, book.lost) == (None, 0, 5, 0)
    assert not list(tmp_path.glob("*.sealed"))


def test_a_refused_text_has_no_recipient_and_a_passed_one_has(tmp_path: Path) -> None:
    """Nobody got it: what is found in it is about its sender."""
    book, centre = journal(tmp_path), Centre()
    book.write([told("甲"), told("乙", refuse=False)])
    book.ship(centre)
    assert [row["recipient"] for row in centre.rows] == [None, reserved.mobile(2)]
    assert {row["lawful_basis"] for row in centre.rows} == {"第十四条"}


def test_the_door_takes_the_rows(tmp_path: Path) -> None:
    book = journal(tmp_path)
    book.write([told("甲"), told("乙" * 70_000), told("", refuse=False)])
    seen: list[bytes] = []
    book.ship(seen.append)
    import io

    [chunk] = list(read_ndjson(io.BytesIO(seen[0]), "text", "edge"))
    admitted = admit("text", chunk.table, "edge", rows=chunk.rows)
    assert not chunk.unknown_columns
    assert admitted.batch.num_rows == 3
    assert not admitted.refused


def test_nothing_lies_there_in_the_clear(tmp_path: Path) -> None:
    book = journal(tmp_path)
    book.write([told("兼职刷单")])
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for plain in ("兼职", "esme1", reserved.mobile(2)[3:], "recipient"):
        assert plain.encode() not in held
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_what_has_no_room_is_counted(tmp_path: Path) -> None:
    book, centre = journal(tmp_path, octets_max=2_000), Centre()
    for _ in range(20):
        book.write([told("骗")])
    assert book.waiting <= 2_000
    assert book.lost > 0
    book.ship(centre)
    assert len(centre.rows) + book.lost == 20
    book.write([told("骗")])
    book.ship(centre)
    assert len(centre.rows) + book.lost == 21, "there is room again"


def test_without_a_basis_words_are_not_kept(tmp_path: Path) -> None:
    book, centre = journal(tmp_path, basis=""), Centre()
    book.write([told("骗")])
    book.ship(centre)
    assert (centre.rows, book.waiting) == ([], 0)


_DYING = """
import os, sys
from pathlib import Path
from tests.entrypoints.edge.test_text_journal import Keyring, Journal, told
book = Journal(Path(sys.argv[1]), Keyring.load(Path(sys.argv[2])), basis="b", octets_max=1 << 20,
               now=lambda: 0.0)
for n in range(3):
    book.write([told(f"killed {n}")])
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_wrote_is_shipped_by_the_next(tmp_path: Path) -> None:
    keys, folder = tmp_path / "keys.json", tmp_path / "journal"
    ring = Keyring.load_or_create(keys)
    subprocess.run(
        [sys.executable, "-c", _DYING, str(folder), str(keys)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": "src:."}, check=False,
    )  # fmt: skip
    [segment] = folder.glob("*.sealed")
    segment.write_bytes(segment.read_bytes() + b"torn")
    segment.write_bytes(b"bm9uc2Vuc2U=\n" + segment.read_bytes())
    book, centre = Journal(folder, ring, basis="b", octets_max=1, now=lambda: 0.0), Centre()
    book.ship(centre)
    assert [row["body"] for row in centre.rows] == [f"killed {n}" for n in range(3)]
    assert book.lost == 1, "a line that is none of ours is counted"
    book.ship(centre)
    assert len(list(folder.glob("*.lock"))) == 1


def test_two_that_run_leave_each_other_alone(tmp_path: Path) -> None:
    one, two, centre = journal(tmp_path), journal(tmp_path), Centre()
    one.write([told("one")])
    two.ship(centre)
    assert centre.rows == []
    one.close()
    two.ship(centre)
    assert [row["body"] for row in centre.rows] == ["one"]


@pytest.mark.parametrize(
    ("status", "error"), [(202, None), (503, Unavailable), (429, Unavailable), (401, Refused)]
)
def test_answers_of_the_centre(
    status: int, error: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/events/text"
        assert request.headers["authorization"] == "Bearer key"
        return httpx.Response(status)

    plain = httpx.Client
    monkeypatch.setattr(
        httpx, "Client", lambda **told: plain(transport=httpx.MockTransport(answer), **told)
    )
    post = poster("http://centre.example/", "key")
    if error is None:
        post(b"{}\n")
    else:
        with pytest.raises(error):
            post(b"{}\n")


# ── policy and accounts ──────────────────────────────────────────────────────────────────────────


def test_the_policy_that_ships_is_read() -> None:
    policy = load_text_policy(POLICIES / FILE)
    words, sender = Verdict(True, Ground.WORDS), Verdict(True, Ground.SENDER)
    assert policy.answer("smpp", "esme1", words) == 0x45
    assert policy.answer("smpp", "esme1", sender) == 0x0A
    assert policy.answer("cmpp", "esme1", words) == 20


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["words", "refuse_from"], 0.3),
        (["words", "more"], 1),
        (["lists", "warn"], "drop"),
        (["status", "smpp", "words"], 0),
        (["status", "smpp", "words"], "0x45"),
        (["status", "xmpp"], {}),
        (["parts", "texts"], 0),
        (["accounts"], {"a": {"colour": 3}}),
        (["accounts"], {"a": {"words": -1}}),
        (["judging", "slow_calls"], 0),
        (["record", "octets_max"], None),
    ],
)
def test_a_policy_that_says_something_else_is_refused(
    path: list[str], value: object, tmp_path: Path
) -> None:
    data = yaml.safe_load((POLICIES / FILE).read_text(encoding="utf-8"))
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    file = tmp_path / "texts.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(Misconfigured):
        load_text_policy(file)


def test_an_accounts_own_code(tmp_path: Path) -> None:
    data = yaml.safe_load((POLICIES / FILE).read_text(encoding="utf-8"))
    data["accounts"] = {"esme1": {"words": 0x440}}
    file = tmp_path / "texts.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    policy = load_text_policy(file)
    assert policy.answer("smpp", "esme1", Verdict(True, Ground.WORDS)) == 0x440
    assert policy.answer("smpp", "esme2", Verdict(True, Ground.WORDS)) == 0x45


def test_accounts_of_our_own(tmp_path: Path) -> None:
    sealed = sealed_password("s3cret", b"salt")
    file = tmp_path / "accounts.yaml"
    data = {"a": {"password": sealed, "from": ["192.0.2.0/24"]}, "b": {}}
    file.write_text(yaml.safe_dump({"accounts": data}))
    assert "s3cret" not in file.read_text()
    ask = load_accounts(file).asker({"unbound": 4, "unknown": 15, "password": 14})

    async def answers(*asked: tuple[Login | None, str]) -> list[int | None]:
        return [await ask(*one) for one in asked]

    assert asyncio.run(
        answers(
            (Login("a", "s3cret"), "192.0.2.7"), (Login("a", "other"), "192.0.2.7"),
            (Login("a", "s3cret"), "198.51.100.1"), (Login("b", "any"), "2001:db8::1"),
            (Login("c", "any"), "192.0.2.7"), (None, "192.0.2.7"), (Login("a", None), "192.0.2.7"),
        )
    ) == [None, 14, 15, None, 15, 4, 14]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "[]", "accounts: 3", "accounts: {a: {word: x}}", "accounts: {a: {password: x}}",
             "accounts: {a: {from: [x]}}", "\0"],
)  # fmt: skip
def test_accounts_that_are_none(text: str, tmp_path: Path) -> None:
    file = tmp_path / "accounts.yaml"
    file.write_text(text)
    with pytest.raises(Misconfigured):
        load_accounts(file)


def test_places() -> None:
    assert place_of("127.0.0.1:2775", "to") == ("127.0.0.1", 2775)
    assert place_of("[::1]:2775", "to") == ("::1", 2775)
    for wrong in ("", "host", ":1", "host:", "host:x", "host:70000"):
        with pytest.raises(Misconfigured):
            place_of(wrong, "to")
    assert Accounts({}).by_name == {}


def test_measures_that_are_met_are_told(tmp_path: Path) -> None:
    met: list[tuple[int, int]] = []
    firewall = Firewall(
        Cmpp(), load_text_policy(POLICIES / FILE), None, journal(tmp_path),  # type: ignore[arg-type]
        ("127.0.0.1", 0), ("127.0.0.1", 0), lambda: None,
        met=lambda code, effect, _: met.append((code, effect)),
    )  # fmt: skip
    said = told("x").said
    firewall.record(
        [
            Recorded("a", said, Verdict(True, Ground.SENDER, 7)),
            Recorded("a", said, Verdict(False, Ground.ADDRESS, 8)),
            told("by its words"),
        ]
    )
    assert met == [(7, 3), (8, 1)]
