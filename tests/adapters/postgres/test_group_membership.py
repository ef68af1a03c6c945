"""Who belongs to the group of scorers, as several processes see it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fanzha.adapters.postgres.group import PostgresMembership
from tests.fixtures import Installed


def test_those_who_live_belong_and_who_leads_goes_on_leading(installed: Installed) -> None:
    one, two = (PostgresMembership(installed.database) for _ in range(2))
    assert one.beat("b").members == ("b",)
    both = two.beat("a")
    assert both.members == ("b", "a")
    assert one.beat("b") == two.beat("a") == both, "an epoch stands while nobody comes or goes"
    one.leave("b")
    assert two.beat("a").members == ("a",)


def test_who_comes_back_at_once_under_its_name_makes_a_new_epoch(installed: Installed) -> None:
    """It knows nothing of the steps that the others have come to: all begin again together."""
    one, two = (PostgresMembership(installed.database) for _ in range(2))
    one.beat("a")
    before = two.beat("b")
    again = PostgresMembership(installed.database).beat("a")
    assert again.number > before.number
    assert again.members == before.members
    assert two.beat("b") == again


def test_a_silent_member_that_speaks_again_does_not_hold_another_up(installed: Installed) -> None:
    """Both touch its row: one to forget it, itself to renew it."""
    members = [PostgresMembership(installed.database, silence_s=0.002) for _ in range(2)]
    failed: list[Exception] = []

    def beats(beat: Callable[[], object]) -> None:
        try:
            for _ in range(150):
                beat()
        except Exception as error:
            failed.append(error)

    threads = [
        threading.Thread(target=beats, args=(lambda m=m, n=n: m.beat(f"m{n}"),))
        for n, m in enumerate(members)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
