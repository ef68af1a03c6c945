"""What a client remembers of messages that are out: the parts of each, until all are told of."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from fanzha.adapters.smpp.codec import Dlr
from fanzha.ports.short_message import DeliveryReport, Outcome

#: Half of the 16-bit references, so that a reference in use is never given out again.
_KEPT_MAX = 32_768


@dataclass(slots=True)
class Out:
    """A message that is out; `ids` and `told` by part, from 0."""

    id: str
    number: str
    reference: int
    parts: int
    ids: dict[int, str] = field(default_factory=dict)
    told: dict[str, Outcome] = field(default_factory=dict)


class Tracker:
    """Joins the receipts of parts. Bounded: the oldest message is forgotten first.

    A receipt of a message that is not remembered (sent before a restart) is passed on as it is:
    its last part's id is the one that was recorded.
    """

    def __init__(self, first: int = 0) -> None:
        """`first` differs from one start of the program to the next, so that references do."""
        self._next = first
        self._by_reference: OrderedDict[int, Out] = OrderedDict()
        self._by_id: dict[str, Out] = {}

    def begin(self, id: str, number: str, parts: int) -> Out:
        """A message is about to leave; `number` as the wire writes it."""
        self._next = self._next % 0xFFFF + 1
        out = Out(id, number, self._next, parts)
        self._by_reference[out.reference] = out
        if len(self._by_reference) > _KEPT_MAX:
            self.end(next(iter(self._by_reference.values())))
        return out

    def answered(self, out: Out, part: int, smsc_id: str) -> None:
        """The centre took a part and named it."""
        out.ids[part] = smsc_id
        if self._by_reference.get(out.reference) is out:
            self._by_id[smsc_id] = out

    def end(self, out: Out) -> None:
        """Nothing more will come of it."""
        self._by_reference.pop(out.reference, None)
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
            return DeliveryReport(dlr.message_id, dlr.outcome) if dlr.message_id else None
        # Parts whose answer was lost have no id of ours; their receipts still count once each.
        out.told[dlr.message_id] = dlr.outcome
        if dlr.outcome is Outcome.DELIVERED and len(out.told) < out.parts:
            return None
        self.end(out)
        return DeliveryReport(out.ids.get(out.parts - 1, dlr.message_id), dlr.outcome, out.id)

    def _unanswered(self, dlr: Dlr) -> Out | None:
        """A message to this phone, with this reference of ours, that the centre did not name."""
        out = None if dlr.reference is None else self._by_reference.get(dlr.reference)
        if out is None or len(out.ids) == out.parts or out.number != dlr.number:
            return None
        return out
