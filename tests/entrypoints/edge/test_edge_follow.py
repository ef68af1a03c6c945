"""An edge has the list as soon as its disk is read, follows the centre, and outlives both."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fanzha.entrypoints.edge import kept as kept_module
from fanzha.entrypoints.edge.follow import Follower
from fanzha.entrypoints.edge.kept import KeptLists
from fanzha.errors import Refused, Unavailable
from fanzha.lists.form import Kind, Lists
from fanzha.lists.index import Standing
from fanzha.testing.lists import MemoryLists, entry

ROOT = Path(__file__).parents[3]


def until(true: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def following(
    lists: MemoryLists, folder: Path, on_change: Callable[[Lists], None] | None = None
) -> Follower:
    return Follower(lists, folder, on_change, wait_s=0.05, back_off_s=(0.01, 0.05))


def number(n: int, code: int = 1) -> tuple[int, int, bytes, int, int, int]:
    return entry(Kind.NUMBER, str(95_000 + n), code=code)


def test_follows_and_goes_on_from_disk(tmp_path: Path) -> None:
    lists = MemoryLists([number(1)])
    told: list[Lists] = []
    with following(lists, tmp_path / "kept", told.append) as follower:
        until(lambda: follower.version == 1)
        for n in range(2, 6):
            version = lists.put(number(n))
            until(lambda version=version: follower.version == version)
        assert follower.age_s is not None
        assert follower.standing is not None
        assert follower.standing.number("95005", 0) is not None
    assert [one.since for one in told] == [None, 1, 2, 3, 4]

    lists.problems = [Unavailable("x", zh="不在", en="away")] * 100_000
    again: list[Lists] = []
    with following(lists, tmp_path / "kept", again.append) as follower:
        assert follower.loaded(30)
        assert follower.version == 5
        assert follower.age_s is None, "the centre has not said anything yet"
        assert follower.standing is not None
        assert follower.standing.dump().entries.equals(lists_now(lists).entries)
    assert [one.version for one in again] == [1, 2, 3, 4, 5]


def lists_now(lists: MemoryLists) -> Lists:
    lists.problems = []
    return lists.whole()


def test_nothing_stands_before_anything_is_known(tmp_path: Path) -> None:
    lists = MemoryLists([number(1)])
    lists.problems = [Refused("list_key", zh="不许", en="no")] * 20
    with following(lists, tmp_path) as follower:
        assert follower.loaded(30)
        assert follower.standing is None
        assert follower.version is None
        until(lambda: follower.version == 1)


def test_what_is_too_old_is_taken_whole(tmp_path: Path) -> None:
    lists = MemoryLists([number(1)], keep=2)
    with following(lists, tmp_path) as follower:
        until(lambda: follower.version == 1)
        lists.problems = [Unavailable("x", zh="不在", en="away")] * 5
        for n in range(10):
            lists.put(number(n))
        until(lambda: follower.version == 11)
        assert follower.standing is not None
        assert len(follower.standing) == 10


def test_a_centre_that_was_set_back_is_followed(tmp_path: Path) -> None:
    lists = MemoryLists([number(1)], version=50)
    with following(lists, tmp_path) as follower:
        until(lambda: follower.version == 50)
    with following(MemoryLists([number(2)], version=9), tmp_path) as follower:
        until(lambda: follower.version == 9)
        assert follower.standing is not None
        assert follower.standing.number("95001", 0) is None
    with following(MemoryLists(version=9), tmp_path) as follower:
        assert follower.loaded(30)
        assert follower.version == 9, "the folder holds no older whole list beside it"


def test_who_is_told_may_fail(tmp_path: Path) -> None:
    lists = MemoryLists([number(1)])
    seen: list[int | None] = []

    def fail(one: Lists) -> None:
        seen.append(one.since)
        if len(seen) == 2:
            raise ValueError("cannot take this in")

    with following(lists, tmp_path, fail) as follower:
        until(lambda: follower.version == 1)
        lists.put(number(2))
        until(lambda: len(seen) == 3)
        assert seen[2] is None, "after a failure the whole list is told again"
        lists.put(number(3))
        until(lambda: follower.version == 3)


def test_a_full_disk_costs_nothing_now(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where a folder should be")
    lists = MemoryLists([number(1)])
    with following(lists, tmp_path / "kept") as follower:
        until(lambda: follower.version == 1)
        lists.put(number(2))
        until(lambda: follower.version == 2)


def test_many_changes_become_a_whole_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "_FILES", 5)
    lists = MemoryLists([number(1)])
    with following(lists, tmp_path) as follower:
        for n in range(40):
            version = lists.put(number(n))
            until(lambda version=version: follower.version == version)
            until(lambda: len(list(tmp_path.iterdir())) <= 7)
    assert rebuilt(tmp_path).dump().entries.equals(lists.whole().entries)


def rebuilt(folder: Path) -> Standing:
    whole, *changes = KeptLists(folder).load()
    standing = Standing.build(whole.entries, whole.version)
    for one in changes:
        standing.apply(one.entries, one.version)
    return standing


def test_damage_is_left_out(tmp_path: Path) -> None:
    lists, kept = MemoryLists([number(1)]), KeptLists(tmp_path)
    kept.whole(lists.whole())
    for n in range(2, 7):
        since = lists.version
        lists.put(number(n))
        changes = lists.changes(since, 0)
        assert changes is not None
        kept.changes(changes)
    assert len(rebuilt(tmp_path)) == 6
    third = sorted(tmp_path.glob("changes-*"))[2]
    data = bytearray(third.read_bytes())
    data[len(data) // 2] ^= 1
    third.write_bytes(data)
    (tmp_path / ".aside-1").write_text("left")
    (tmp_path / "notes.txt").write_text("not ours")
    assert rebuilt(tmp_path).version == 3
    [whole] = tmp_path.glob("whole-*")
    whole.write_bytes(whole.read_bytes()[:-40])
    assert list(KeptLists(tmp_path).load()) == []
    assert sorted(p.name for p in tmp_path.iterdir() if "list" not in p.name) == ["notes.txt"]


@pytest.mark.parametrize("nth", [1, 3, 5])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_a_renaming_what_was_kept_is_there(tmp_path: Path, nth: int, moment: str) -> None:
    """A whole list (version 1), three sets of changes (to 4), and a whole list again."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.entrypoints.edge.kept_process", str(tmp_path), str(nth),
         moment],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}, check=False,
    )  # fmt: skip
    assert process.returncode == -signal.SIGKILL
    version = {1: 0, 3: 2, 5: 4}[nth] + (moment == "after" and nth < 5)
    found = list(KeptLists(tmp_path).load())
    assert (found[-1].version if found else 0) == version
    assert not list(tmp_path.glob(".aside-*"))
    if version:
        assert len(rebuilt(tmp_path)) == version


def test_killed_while_it_writes_the_edge_has_a_list_that_was(tmp_path: Path) -> None:
    """SIGKILL at any moment, writing and renaming included, leaves a list that can be read."""
    rng, versions = random.Random(3), []
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.entrypoints.edge.follower_process", str(tmp_path)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        before = versions[-1] if versions else 0
        until(lambda before=before: newest(tmp_path) > before)
        time.sleep(rng.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        standing = rebuilt(tmp_path)
        versions.append(standing.version)
        assert standing.version == newest(tmp_path), "what was renamed is whole"
        assert not list(tmp_path.glob(".aside-*")), "what was not is removed"
    assert versions == sorted(versions)


def newest(folder: Path) -> int:
    return max((int(path.name.split("-")[1][:20]) for path in folder.glob("*.list")), default=0)
