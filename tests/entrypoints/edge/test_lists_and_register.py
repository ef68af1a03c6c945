"""A measure in the register is refused at an edge that follows over TCP, until it is lifted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from fanzha.entrypoints.edge.follow import Follower
from fanzha.entrypoints.edge.following import CentreFeed
from fanzha.errors import Refused
from fanzha.lists.form import Effect
from fanzha.lists.hits import Hit
from fanzha.lists.index import Standing
from fanzha.values import reserved
from tests import fixtures
from tests.entrypoints.api.given import Api, api
from tests.entrypoints.api.measures.test_register_routes import NUMBER, do, staffed, stands

__all__ = ["api", "staffed"]
NOW = int(fixtures.NOW.timestamp())


@contextmanager
def listening(api: Api) -> Iterator[str]:
    """The API on a port of its own beside the test client."""
    config = uvicorn.Config(api.client.app, port=0, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        end = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < end
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def heard(follower: Follower) -> Hit | None:
    standing = follower.standing
    return None if standing is None else standing.number(NUMBER, NOW)


def until(follower: Follower, *, refused: bool) -> None:
    end = time.monotonic() + 30
    while (heard(follower) is not None) != refused:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_edge_follows_the_register(staffed: Api, tmp_path: Path) -> None:
    operators = staffed.installed.operators
    key = operators.add_sender("edge-1", frozenset({"lists"}), fixtures.NOW)
    other = operators.add_sender("feeder-1", frozenset({"call"}), fixtures.NOW)
    with listening(staffed) as url:
        with pytest.raises(Refused) as caught:
            CentreFeed(url, other, "", tmp_path / "other").whole()
        assert caught.value.code == "list_key"
        feed = CentreFeed(url, key, "", tmp_path)
        with Follower(feed, tmp_path / "lists", wait_s=2, back_off_s=(0.05, 0.5)) as follower:
            until(follower, refused=False)
            measure = stands(staffed)
            until(follower, refused=True)
            hit = heard(follower)
            assert hit is not None
            assert hit.effect is Effect.REFUSE
            assert hit.code > 0
            begun = follower.version
        answer = do(staffed, measure, "lift", note="查实误判")
        assert answer.status_code == 200, answer.text
        again = CentreFeed(url, key, "", tmp_path)
        with Follower(again, tmp_path / "lists", wait_s=2, back_off_s=(0.05, 0.5)) as follower:
            until(follower, refused=False)
            assert follower.version != begun


def test_a_feed_follows_its_area(staffed: Api, tmp_path: Path) -> None:
    key = staffed.installed.operators.add_sender("area", frozenset({"lists"}), fixtures.NOW)
    other = reserved.mobile(8)
    stands(staffed)
    stands(staffed, target=other, area="470100")
    with listening(staffed) as url:
        for area, both in (("", True), ("470103001", True), ("470000", False)):
            feed = CentreFeed(url, key, "", tmp_path / f"edge{area}", area)
            lists = feed.whole()
            standing = Standing.build(lists.entries, lists.version)
            assert standing.number(NUMBER, NOW) is not None
            assert (standing.number(other, NOW) is not None) == both
            changed = feed.changes(0, 0.0)
            assert changed is not None
            assert changed.entries.num_rows == 2
