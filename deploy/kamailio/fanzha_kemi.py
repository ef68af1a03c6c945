"""Asks fanzha about the caller of each new call and lets it pass, marks or refuses it.

Runs inside Kamailio's own Python (app_python3, KEMI); the standard library only. Whatever goes
wrong in here or with the edge, the call passes, is counted, and is told of at a bounded rate.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from pathlib import Path

import fanzha_claims as reads
import fanzha_edge as edge
import KSR

PASS, REFUSED = 1, 2
"""What `judge` returns to the routing script; never 0, which would end it."""
_LEFT_ALONE = 3
"""Passes, and needs no further look."""
_MOST_HEADERS = 4
_LONGEST = 8192
_RESPONSE = "608", "Rejected"


class Hook:
    """What one worker of Kamailio keeps: its settings, its connection, what it has to tell."""

    def __init__(self, settings: edge.Settings) -> None:
        self.settings = settings
        as_refused = settings.warn == "refuse"
        self._refused = (edge.REFUSE, edge.WARN) if as_refused else (edge.REFUSE,)
        self.edge = edge.Edge(settings)
        self.cards = edge.Cards(settings)
        self._untold: Counter[str] = Counter()
        self._told_at = 0.0

    def child_init(self, rank: int) -> int:
        """Each worker opens a connection of its own at its first call."""
        self.edge = edge.Edge(self.settings)
        self.cards = edge.Cards(self.settings)
        return 0

    def judge(self, message: object, *unused: object) -> int:
        """Called for each new INVITE. Never raises: a call is not lost to a fault of ours."""
        try:
            return self._judge()
        except Exception as error:
            self._tell(f"fault: {type(error).__name__}")
            return PASS

    def _judge(self) -> int:
        if reads.is_emergency(_read("ru"), self.settings.always):
            return _counted("emergency")
        source = KSR.pv.get("$si") or ""
        claims = reads.claims(
            _headers("P-Asserted-Identity"),
            _headers("Identity") or _headers("y"),
            _headers("Remote-Party-ID"),
            _read("fu") if KSR.pv.is_null("$fu") < 1 else "",
            not self.settings.believed or source in self.settings.believed,
        )
        if not claims:
            return PASS
        inside = bool(self.settings.cards) and source in self.settings.inside
        if inside and self._present(claims[0].number):
            return PASS
        done = self._judge_by_list(claims)
        if done == PASS and not inside and self._is_imitation(claims, source):
            if self.settings.imitated == "refuse":
                return self._refuse(0)
            self._write_name(self.settings.imitated_mark)
        return REFUSED if done == REFUSED else PASS

    def _judge_by_list(self, claims: list[reads.Claim]) -> int:
        found, why = self.edge.ask([claim.number for claim in claims])
        if found is None:
            self._tell(why)
            return _counted("unasked")
        _counted("asked")
        hit = edge.verdict(found, [claim.protects for claim in claims])
        if hit.effect == edge.ALLOW:
            return _counted("protected")
        if hit.effect in self._refused:
            return self._refuse(hit.code)
        if hit.effect:
            self._mark(hit.code)
            return _LEFT_ALONE
        return PASS

    def _refuse(self, code: int) -> int:
        """608 with the way to appeal (RFC 8688 3.1); what else for who does not know it, 3.4."""
        status, words = _RESPONSE
        if self.settings.unannounced != status and not reads.announces_608(
            _headers("Feature-Caps")
        ):
            if self.settings.unannounced == "announce":
                KSR.pv.sets("$ru", self.settings.announce)
                KSR.hdr.append(f"Call-Info: {self._card(code)};purpose=jwscard\r\n")
                return _counted("refused")
            status, words = "603", "Decline"
        KSR.hdr.append_to_reply(
            f"Call-Info: {self._card(code)};purpose=jwscard\r\n"
            f'Reason: SIP;cause=608;text="Suspected fraud; appeal code {edge.written(code)}"\r\n'
            'Reason: Q.850;cause=21;text="Call rejected"\r\n'
        )
        KSR.sl.sl_send_reply(int(status), words)
        _counted("refused")
        return REFUSED

    def _announce(self, code: int) -> int:
        """The caller hears why; the machine that says it learns the code from Call-Info."""
        KSR.pv.sets("$ru", self.settings.announce)
        KSR.pv.sets("$du", self.settings.announce)
        KSR.hdr.append(f"Call-Info: {self._card(code)};purpose=jwscard\r\n")
        _counted("refused")
        return _LEFT_ALONE

    def _card(self, code: int) -> str:
        return f"<{self.settings.jcards}{edge.written(code)}>"

    def _mark(self, code: int) -> None:
        """The doubt is written where phones show who calls; nothing else of the call changes."""
        self._write_name(self.settings.mark)
        reason = f'call-reason="{self.settings.mark}"'
        field = f"Call-Info: {self._card(code)};purpose=info;{reason}\r\n"
        if "call-info" in self.settings.mark_in:
            KSR.hdr.append(field)
        if "reply" in self.settings.mark_in:
            KSR.hdr.append_to_reply(field)
        _counted("marked")

    def _write_name(self, text: str) -> None:
        name = f'"{text}"'
        if "from" in self.settings.mark_in:
            KSR.uac.uac_replace_from(name, "")
        asserted = _headers("P-Asserted-Identity")
        if "pai" in self.settings.mark_in and asserted:
            KSR.hdr.remove("P-Asserted-Identity")
            for uri in (uri for value in asserted for uri in reads.uris_in(value)):
                KSR.hdr.append(f"P-Asserted-Identity: {name} <{_one_line(uri)}>\r\n")

    def _present(self, caller: str) -> bool:
        """A call of ours gets its card; without an answer it goes as it is, and is judged."""
        called = reads.number_in(_read("ru"))
        found = self.cards.ask({"card": {"orig": caller, "dest": called}})
        if not {"identity", "call_info", "name"} <= set(found):
            return False
        KSR.hdr.append(f"Identity: {found['identity']}\r\n")
        KSR.hdr.append(f"Call-Info: {found['call_info']}\r\n")
        name = re.sub(r'["\\]', "", found["name"])
        KSR.uac.uac_replace_from(f'"{name}"', "")
        _counted("presented")
        return True

    def _is_imitation(self, claims: list[reads.Claim], source: str) -> bool:
        """A number of ours, or one dressed up as it, from outside: the edge knows, and reports."""
        numbers = [claim.number for claim in claims]
        if not self.settings.cards or not reads.may_imitate(numbers, self.settings.ours):
            return False
        if "imitates" not in self.cards.ask({"imitated": {"claims": numbers, "from": source}}):
            return False
        _counted("imitated")
        return self.settings.imitated != "pass"

    def _tell(self, why: str) -> None:
        """At most one line each `log_every_s` from a worker, with what came together since."""
        self._untold[why] += 1
        now = time.monotonic()
        if self._told_at and now < self._told_at + self.settings.log_every_s:
            return
        told = ", ".join(f"{count} {reason}" for reason, count in self._untold.most_common(8))
        KSR.warn(f"fanzha: calls passed unasked: {told}\n")
        self._untold.clear()
        self._told_at = now


def _headers(name: str) -> list[str]:
    """Values of the first headers of that name."""
    if KSR.hdr.is_present(name) < 1:
        return []
    count = min(KSR.pv.get(f"$hdrc({name})") or 0, _MOST_HEADERS)
    return [_read(f"hdr({name})", f"[{nth}]") for nth in range(count)]


def _read(name: str, nth: str = "") -> str:
    """What a request holds, whatever bytes these are: Kamailio's strings must be UTF-8, so they
    come in hexadecimal. A caller could otherwise hide behind one odd byte."""
    value = KSR.pv.get(f"$({name}{nth}{{s.substr,0,{_LONGEST}}}{{s.encode.hexa}})")
    return bytes.fromhex(value).decode("utf-8", "replace") if isinstance(value, str) else ""


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n<>]", "", text)


def _counted(what: str) -> int:
    KSR.statistics.update_stat(f"fanzha_{what}", 1)
    return PASS


def mod_init() -> Hook:
    """Kamailio asks for the hook once, before it makes its workers; a wrong setting stops it."""
    named = os.environ.get("KAMAILIO_FANZHA_INI")
    path = Path(named) if named else Path(__file__).with_name("fanzha.ini")
    settings = edge.Settings()
    if named or path.exists():
        settings = edge.read_settings(path.read_text(encoding="utf-8"))
    return Hook(settings)
