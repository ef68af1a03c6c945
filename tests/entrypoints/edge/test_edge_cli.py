"""`fanzha edge sip` as a process: follows a centre, answers, and goes on from its disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fanzha.adapters.lists.packing import pack, sign
from fanzha.entrypoints.edge.following import CentreFeed, following
from fanzha.entrypoints.edge.look import state, told
from fanzha.errors import Misconfigured, Refused, Unavailable
from fanzha.lists import code
from fanzha.lists.form import Effect, Kind, Match
from fanzha.settings import Settings
from fanzha.testing.lists import MemoryLists, entry
from fanzha.values import reserved
from tests.adapters.lists.served import KEY, PRIVATE, PUBLIC, ListCentre, give, serving

ROOT = Path(__file__).parents[3]
MOBILE = reserved.mobile(3)
LISTS = [
    entry(Kind.NUMBER, MOBILE, Effect.REFUSE, 77, ends_at=4_000_000_000),
    entry(Kind.NAME, "bad.example", Effect.WARN, 78, match=Match.BELOW),
    entry(Kind.APP, bytes(32), Effect.REFUSE, 79),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: sockets cannot have long ones."""
    with tempfile.TemporaryDirectory(prefix="fz-") as found:
        yield Path(found)


def environment(folder: Path, url: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FANZHA_")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT / "src"),
        "FANZHA_DATA": str(folder),
        "FANZHA_LISTS_URL": url,
        "FANZHA_LISTS_KEY": KEY,
        "FANZHA_SIP_SOCKET": str(folder / "sip.sock"),
    }


@contextmanager
def running(folder: Path, url: str) -> Iterator[subprocess.Popen[str]]:
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "fanzha.entrypoints.cli.main", "edge", "sip",
         "--ready-file", str(ready)],
        env=environment(folder, url), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.communicate()


def looked(folder: Path, *asked: str, kind: str = "") -> list[str]:
    return list(told(folder / "sip.sock", asked, kind))


def until_refused(folder: Path) -> list[str]:
    end = time.monotonic() + 30
    while "拒绝 refuse" not in (lines := looked(folder, MOBILE))[0]:
        assert time.monotonic() < end
        time.sleep(0.05)
    return lines


def test_an_edge_answers_from_the_centre_and_then_from_its_disk(folder: Path) -> None:
    with serving(MemoryLists(LISTS)) as centre:
        with running(folder, centre.url) as process:
            [line] = until_refused(folder)
            assert line.split("\t")[1:] == [
                "拒绝 refuse",
                f"申诉码 appeal code {code.write(77)}",
                "至 until 2096-10-02 07:06 UTC",
            ]
            assert "list 1\t" in state(folder / "sip.sock")
            assert "UTC" in state(folder / "sip.sock")
            assert "警示 warn" in looked(folder, "https://a.bad.example/x")[0]
            assert looked(folder, "95588", "good.example", "bank", "00" * 32) == [
                "95588\t放行 pass",
                "good.example\t放行 pass",
                "bank\t放行 pass",
                f"{'00' * 32}\t拒绝 refuse\t申诉码 appeal code {code.write(79)}",
            ]
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert not (folder / "sip.sock").exists()
        url = centre.url
    with running(folder, url):  # nobody is there any more
        until_refused(folder)
        assert "list 1\t" in state(folder / "sip.sock")
        assert "UTC" not in state(folder / "sip.sock")
        shown = subprocess.run(
            [sys.executable, "-m", "fanzha.entrypoints.cli.main", "edge", "look", MOBILE],
            env=environment(folder, url), capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "拒绝 refuse" in shown.stdout


def test_looking_without_an_edge(folder: Path) -> None:
    with pytest.raises(Unavailable):
        looked(folder, "95588")
    with pytest.raises(Refused):
        looked(folder, "95588", kind="colour")
    with pytest.raises(Refused):
        looked(folder, "95588", kind="app")


@pytest.fixture
def centre() -> Iterator[ListCentre]:
    with serving(MemoryLists(LISTS)) as found:
        yield found


def test_the_centre_s_key_is_pinned(folder: Path, centre: ListCentre) -> None:
    feed = CentreFeed(centre.url, KEY, "", folder)
    assert feed.whole().version == 1
    pin = folder / "centre.key"
    assert CentreFeed(centre.url, KEY, pin.read_text(), folder).whole().version == 1
    pin.write_text("x")
    with pytest.raises(Misconfigured):
        CentreFeed(centre.url, KEY, "", folder).whole()
    other = "A" * 43 + "="
    pin.write_text(other)
    with pytest.raises(Refused):
        CentreFeed(centre.url, KEY, "", folder).whole()


def test_no_older_list_is_brought_up_after_a_restart(folder: Path, centre: ListCentre) -> None:
    old = pack(centre.lists.whole(), made_at=centre.made_at, centre="清澜")
    centre.lists.put(LISTS[0])
    centre.made_at += 60
    assert CentreFeed(centre.url, KEY, "", folder).whole().version == 2
    again = CentreFeed(centre.url, KEY, "", folder)
    centre.twists = [lambda h: give(h, 200, old, **{"Fanzha-Signature": sign(old, PRIVATE)})]
    with pytest.raises(Refused) as caught:
        again.whole()
    assert caught.value.code == "list_old"
    assert again.whole().version == 2
    (folder / "centre.newest").write_text("nonsense")
    assert CentreFeed(centre.url, KEY, "", folder).whole().version == 2


def test_settings_that_cannot_be_meant(folder: Path) -> None:
    for given in (
        {},
        {"lists_key": KEY, "lists_url": "http://centre.example"},
        {"lists_key": KEY, "lists_public_key": "short"},
    ):
        with pytest.raises(Misconfigured):
            following(Settings(data=folder, **given), "sip")
    following(Settings(data=folder, lists_key=KEY), "sip")  # type: ignore[arg-type]
    assert len(PUBLIC) == 32
