"""What every resolver that follows our zones must do: dnspython's secondary, Unbound, BIND."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from fanzha.adapters.dns.access import keys_of
from fanzha.adapters.dns.policy import PolicySettings
from fanzha.entrypoints.supervisor.plans import free_port
from fanzha.lists.form import Effect, Match
from tests.adapters.dns.names_edge import KEY, WARN_TO, Edge, changes, edge, row, whole
from tests.adapters.dns.resolvers import Bind, Unbound, Upstream, until
from tests.adapters.dns.secondary import UPSTREAM, Secondary

ZONES = [
    f"{label}.rpz.fanzha" for label in ("allow", "refuse-urgent", "refuse", "warn-urgent", "warn")
]
REFUSED, PASSED = ("NXDOMAIN", list[str]()), ("NOERROR", [UPSTREAM])
WARNED = ("NOERROR", [WARN_TO[0]])
FIRST = [
    row("fraud.example"),
    row("alone.example", match=Match.EXACT),
    row("doubtful.example", Effect.WARN),
    row("a.b.deep.example", match=Match.EXACT),
    row("deep.example"),
    row("bank.example", Effect.ALLOW),
    row("bank.example"),
    row("label.example", Effect.LABEL),
]


class Asked(Protocol):
    def ask(self, name: str, kind: str = "A") -> tuple[str, list[str]]: ...


class Stage:
    """The edge and one resolver, each ended and begun again as a test wants."""

    def __init__(self, kind: str, folder: Path, ends: ExitStack) -> None:
        self.kind = kind
        self.folder = folder
        self.port = free_port()
        self._ends = ends
        self._edge = ExitStack()
        ends.callback(self.end_edge)
        self.upstream = ends.enter_context(Upstream())
        self.resolver: Any = None
        self.running: Edge | None = None

    @property
    def key(self) -> str | None:
        """Unbound has no TSIG key in its rpz clause; the others sign."""
        return None if self.kind == "unbound" else "carrier-a"

    def begin_edge(self, rows: list[dict[str, Any]], policy: PolicySettings | None = None) -> Edge:
        where = f"127.0.0.1@{self.resolver_port} {self.key or ''}"
        self.running = self._edge.enter_context(
            edge(self.folder, [where], keys=[KEY], port=self.port, policy=policy)
        )
        self.running.feed(whole(rows))
        return self.running

    def end_edge(self) -> None:
        self._edge.close()

    def begin_resolver(self) -> Asked:
        self._ends.enter_context(self.resolver)
        return self.resolver

    @property
    def resolver_port(self) -> int:
        if self.resolver is None:
            if self.kind == "simulated":
                key = next(iter(keys_of([KEY]).values()))
                self.resolver = Secondary(self.port, ZONES, key)
            else:
                kind = Unbound if self.kind == "unbound" else Bind
                self.resolver = kind(self.folder / self.kind, self.port, self.upstream.port)
        return int(self.resolver.port)

    def answers(self, name: str, wanted: tuple[str, list[str]], kind: str = "A") -> None:
        last: list[object] = [None]

        def so() -> bool:
            last[0] = self.resolver.ask(name, kind)
            return last[0] == wanted

        try:
            until(so)
        except AssertionError:
            raise AssertionError(f"{name} {kind}: {last[0]}, not {wanted}") from None


@pytest.fixture(
    params=[
        "simulated",
        pytest.param("unbound", marks=pytest.mark.peers),
        pytest.param("bind", marks=pytest.mark.peers),
    ]
)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as ends:
        yield Stage(request.param, tmp_path, ends)


def test_every_effect_as_its_list_says(stage: Stage) -> None:
    stage.begin_edge(FIRST)
    stage.begin_resolver()
    stage.answers("fraud.example", REFUSED)
    stage.answers("www.pay.fraud.example", REFUSED)
    stage.answers("alone.example", REFUSED)
    stage.answers("www.alone.example", PASSED)
    stage.answers("doubtful.example", WARNED)
    stage.answers("doubtful.example", ("NOERROR", [WARN_TO[1]]), "AAAA")
    stage.answers("www.doubtful.example", WARNED)
    stage.answers("bank.example", PASSED)
    stage.answers("www.bank.example", PASSED)
    stage.answers("label.example", PASSED)
    stage.answers("other.example", PASSED)
    # An owner between a wildcard and a name must not hide the wildcard.
    stage.answers("x.b.deep.example", REFUSED)
    stage.answers("b.deep.example", REFUSED)


def test_what_comes_and_goes_is_followed(stage: Stage) -> None:
    running = stage.begin_edge([*FIRST, *(row(f"n{k}.example") for k in range(300))])
    stage.begin_resolver()
    stage.answers("n299.example", REFUSED)
    running.feed(changes([row("new.example"), row("caution.example", Effect.WARN)]))
    stage.answers("www.new.example", REFUSED)
    stage.answers("caution.example", WARNED)
    running.feed(changes([row("new.example", Effect.ALLOW)], since=2))
    stage.answers("new.example", PASSED)
    # An upheld appeal: the name resolves again, and so does what is below it.
    running.feed(changes(gone=[row("fraud.example"), row("caution.example")], since=3))
    stage.answers("fraud.example", PASSED)
    stage.answers("www.pay.fraud.example", PASSED)
    stage.answers("caution.example", PASSED)
    # What stood below a lifted measure stands again.
    running.feed(changes(gone=[row("deep.example")], since=4))
    stage.answers("deep.example", PASSED)
    stage.answers("a.b.deep.example", REFUSED)
    stage.answers("n7.example", REFUSED)


def test_an_end_comes_without_the_centre(stage: Stage) -> None:
    ends_at = int(time.time()) + 4
    stage.begin_edge([row("short.example", ends_at=ends_at), row("fraud.example")])
    stage.begin_resolver()
    stage.answers("fraud.example", REFUSED)
    stage.answers("short.example", PASSED)
    stage.answers("fraud.example", REFUSED)


def test_urgent_names_move_and_are_never_missed(stage: Stage) -> None:
    policy = PolicySettings(warn_to=WARN_TO, fold_after_s=1.0, settle_s=2.0)
    running = stage.begin_edge(FIRST, policy)
    stage.begin_resolver()
    stage.answers("fraud.example", REFUSED)
    running.feed(changes([row("new.example")]))
    stage.answers("new.example", REFUSED)
    end = time.monotonic() + 6
    while time.monotonic() < end:  # over both moves
        assert stage.resolver.ask("new.example") == REFUSED
        time.sleep(0.02)


def test_the_edge_dies_and_comes_again_with_other_names(stage: Stage) -> None:
    running = stage.begin_edge(FIRST)
    stage.begin_resolver()
    stage.answers("fraud.example", REFUSED)
    running.feed(changes([row("new.example")]))
    stage.answers("new.example", REFUSED)
    stage.end_edge()
    assert stage.resolver.ask("fraud.example") == REFUSED  # the resolver goes on
    assert stage.resolver.ask("doubtful.example") == WARNED
    assert stage.resolver.ask("other.example") == PASSED
    # Another list, smaller, and of an older version: serials grow all the same.
    stage.begin_edge([row("after.example"), row("doubtful.example", Effect.WARN)])
    stage.answers("after.example", REFUSED)
    stage.answers("fraud.example", PASSED)
    stage.answers("doubtful.example", WARNED)


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["unbound", "bind"])
def test_the_resolver_dies_and_comes_again(kind: str, tmp_path: Path) -> None:
    with ExitStack() as ends:
        stage = Stage(kind, tmp_path, ends)
        running = stage.begin_edge(FIRST)
        stage.begin_resolver()
        stage.answers("fraud.example", REFUSED)
        stage.resolver.kill()
        running.feed(changes([row("new.example")], [row("fraud.example")]))
        stage.resolver.start()
        stage.answers("new.example", REFUSED)
        stage.answers("fraud.example", PASSED)
        stage.answers("doubtful.example", WARNED)


@pytest.mark.peers
def test_bind_is_not_served_without_its_key(tmp_path: Path) -> None:
    with ExitStack() as ends:
        upstream = ends.enter_context(Upstream())
        other = KEY.replace("c2Vj", "b3Ro")
        port = free_port()
        resolver = Bind(tmp_path / "bind", port, upstream.port)
        peer = f"127.0.0.1@{resolver.port} carrier-a"
        with edge(tmp_path, [peer], keys=[other], port=port) as running:
            running.feed(whole(FIRST))
            ends.enter_context(resolver)
            until(lambda: "tsig verify failure" in resolver.log.lower(), "no word of the key")
            assert resolver.ask("fraud.example") == PASSED
        with edge(tmp_path, [peer], keys=[KEY], port=port) as running:
            running.feed(whole(FIRST))
            until(lambda: resolver.ask("fraud.example") == REFUSED, "not loaded with its key")
