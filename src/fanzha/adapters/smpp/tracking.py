"""What a client remembers of messages that are out: the parts of each, until all are told of."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from fanzha.adapters.smpp.codec import Dlr
from fanzha.ports.short_message import DeliveryReport, Outcome, reference_of

_KEPT_MAX = 100_000


@dataclass(slots=True)
class Out:
    """A message that is out; `ids` and `told` by part, from 0."""

    id: str
    number: str
    reference: int
    parts: int
    ids: dict[int, str] = field(default_factory=dict)
    told: dict[str, Outcome] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int]:
        return self.number, self.reference


class Tracker:
    """Joins the receipts of parts. Bounded: the oldest message is forgotten first.

    A receipt of a message that is not remembered (sent before a restart) is passed on with what
    it says: its last part's id is the one that was recorded, if any was.
    """

    def __init__(self) -> None:
        self._by_reference: OrderedDict[tuple[str, int], Out] = OrderedDict()
        self._by_id: dict[str, Out] = {}

    def begin(self, id: str, number: str, parts: int) -> Out:
        """A message is about to leave; `number` as the wire writes it."""
        out = Out(id, number, reference_of(id), parts)
        self._by_reference[out.key] = out
        if len(self._by_reference) > _KEPT_MAX:
            self.end(next(iter(self._by_reference.values())))
        return out

    def answered(self, out: Out, part: int, smsc_id: str) -> None:
        """The centre took a part and named it."""
        out.ids[part] = smsc_id
        if self._by_reference.get(out.key) is out:
            self._by_id[smsc_id] = out

    def knows(self, dlr: Dlr) -> bool:
        """Whether this receipt is about a message that is remembered."""
        return dlr.message_id in self._by_id or self._unanswered(dlr) is not None

    def end(self, out: Out) -> None:
        """Nothing more will come of it."""
        if self._by_reference.get(out.key) is out:
            del self._by_reference[out.key]
        for smsc_id in out.ids.values():
            if self._by_id.get(smsc_id) is out:
                del self._by_id[smsc_id]

    def take(self, dlr: Dlr) -> DeliveryReport | None:
        """The report that this receipt completes; None while more is to come.

        Delivered when every part is; the first part that is not decides otherwise.
        """
        if dlr.outcome is None:
            return None
        out = self._by_id.get(dlr.message_id) or self._unanswered(dlr)
        if out is None:
            to = f"+{dlr.number}"
            return DeliveryReport(dlr.message_id, dlr.outcome, to=to, reference=dlr.reference)
        # Parts whose answer was lost have no id of ours; their receipts still count once each.
        out.told[dlr.message_id] = dlr.outcome
        if dlr.outcome is Outcome.DELIVERED and len(out.told) < out.parts:
            return None
        self.end(out)
        return DeliveryReport(out.ids.get(out.parts - 1, dlr.message_id), dlr.outcome, out.id)

    def _unanswered(self, dlr: Dlr) -> Out | None:
        """A message to this phone, with this reference of ours, that the centre did not name."""
        if dlr.reference is None:
            return None
        out = self._by_reference.get((dlr.number, dlr.reference))
        return None if out is None or len(out.ids) == out.parts else out
