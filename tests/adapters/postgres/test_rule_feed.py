"""Where a scorer goes over to editions of the rules, asked again and again."""

from __future__ import annotations

from fanzha.adapters.postgres.rules import PostgresWorkshop
from fanzha.adapters.postgres.rules_feed import PostgresRuleFeed
from fanzha.detection.rules.ruleset import Look, RuleSet
from tests.fixtures import NOW, Installed


def edition(workshop: PostgresWorkshop) -> int:
    with workshop.work() as work:
        return work.sets.add(RuleSet(0, (), Look("5a1f", 0.1, 0.2)).plain(), "test", NOW)


def test_editions_that_are_known_are_not_read_again(installed: Installed) -> None:
    """A centre makes thousands in its life, and the scorer asks every second between entries."""
    workshop = PostgresWorkshop(installed.database, installed.keyring)
    feed = PostgresRuleFeed(workshop)
    assert list(feed.take_newest(0, NOW)) == []
    first, second = edition(workshop), edition(workshop)
    known = feed.take_newest(7, NOW)
    assert [(t.after, t.rules.number) for t in known] == [(7, second)], "the newest only"
    assert feed.take_newest(9, NOW) is known
    third = edition(workshop)
    other = PostgresRuleFeed(workshop)
    assert [t.after for t in other.take_newest(11, NOW)] == [7, 11]
    found = feed.take_newest(20, NOW)
    assert [(t.after, t.rules.number) for t in found] == [(7, second), (11, third)]
    assert first < second < third
