"""What a lifecycle is: states, and rules that say which verb leads where, by whom, needing what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fanzha.errors import Refused
from fanzha.lifecycles.actor import Actor, Role

BACK = "back"
"""The target of a rule that leads to the state in which the one it is used in was entered."""


@dataclass(frozen=True, slots=True)
class State:
    """A state with its words. A final state has no clock and is not listed as open."""

    code: str
    zh: str
    en: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the law: in these states, this verb, by these roles, leads there.

    `target` None means the state stays, BACK that it becomes again what it was. `clock` names the
    clock that starts (None: keep the running one; "" : stop it). `needs` are the fields without
    which the verb is refused.
    """

    verb: str
    zh: str
    en: str
    sources: tuple[str, ...]
    target: str | None
    who: frozenset[Role]
    needs: tuple[str, ...] = ()
    clock: str | None = None
    article: str = ""

    def leads(self, state: str, before: str | None = None) -> str:
        """Where the verb leads from `state`, which was entered from `before`."""
        if self.target != BACK:
            return self.target or state
        if before is None:
            raise NotAllowed(
                "nothing_to_undo",
                zh="没有可以撤回的一步",
                en="there is no step to take back",
                field="verb",
            )
        return before


class NotAllowed(Refused):
    """The verb does not exist in this state, or this person may not use it."""


@dataclass(frozen=True)
class Lifecycle:
    """A closed table. It answers questions; only a repository's `advance` changes a state."""

    name: str
    states: tuple[State, ...]
    rules: tuple[Rule, ...]
    _by_state: Mapping[str, State] = field(init=False, repr=False)
    _by_pair: Mapping[tuple[str, str], Rule] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_state = {s.code: s for s in self.states}
        pairs: dict[tuple[str, str], Rule] = {}
        for rule in self.rules:
            for source in rule.sources:
                known = source if rule.target in (None, BACK) else rule.target
                if source not in by_state or known not in by_state:
                    raise ValueError(f"{self.name}: {rule.verb} names an unknown state")
                if (source, rule.verb) in pairs:
                    raise ValueError(f"{self.name}: {rule.verb} stands twice for {source}")
                pairs[source, rule.verb] = rule
        for source, verb in [p for p, rule in pairs.items() if rule.target == BACK]:
            if not self.origins(source):
                raise ValueError(f"{self.name}: {verb} has nowhere to lead back to from {source}")
        object.__setattr__(self, "_by_state", by_state)
        object.__setattr__(self, "_by_pair", pairs)

    def state(self, code: str) -> State:
        return self._by_state[code]

    def rules_of(self, state: str) -> tuple[Rule, ...]:
        """The verbs that exist in a state, in the table's order."""
        return tuple(r for r in self.rules if state in r.sources)

    def origins(self, state: str) -> frozenset[str]:
        """The states from which a verb leads here: where BACK may lead."""
        return frozenset(s for r in self.rules if r.target == state for s in r.sources)

    def remembers(self, state: str) -> bool:
        """Whether a verb leads back from here, so that what was before must be kept."""
        return any(r.target == BACK for r in self.rules_of(state))

    def rule(self, state: str, verb: str, actor: Actor) -> Rule:
        """The rule that lets this actor use the verb now; refused with the reason otherwise."""
        rule = self._by_pair.get((state, verb))
        if rule is None:
            now = self._by_state[state]
            can = [r for r in self.rules_of(state) if actor.may(r.who)]
            zh = "、".join(r.zh for r in can) or "无"
            en = ", ".join(r.en for r in can) or "nothing"
            raise NotAllowed(
                "not_in_this_state",
                zh=f"「{now.zh}」状态下不能这样做；可做：{zh}",
                en=f"not possible while the state is “{now.en}”; possible: {en}",
                field="verb",
            )
        if not actor.may(rule.who):
            raise NotAllowed(
                "not_allowed",
                zh=f"「{rule.zh}」不在您的职责内",
                en=f"“{rule.en}” is not among your duties",
                field="verb",
            )
        return rule
