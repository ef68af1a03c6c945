"""Real SIP callers and a called switch (sipp) for tests, benchmarks and demos."""

from __future__ import annotations

import csv
import re
import signal
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from xml.sax.saxutils import escape

from fanzha.testing.kamailio import free_port

_SDP = """
v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""
_HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="{name}">
"""
#: Fields of a caller's line: 0 the user it calls from, 1 the user it calls, 2 more header lines.
_INVITE = f"""<send retrans="500" start_rtd="1"><![CDATA[
INVITE sip:[field1]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "Caller" <sip:[field0]@[local_ip]:[local_port]>;tag=[pid]T[call_number]
To: <sip:[field1]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
Feature-Caps: *;+sip.608
[field2]Content-Type: application/sdp
Content-Length: [len]
{_SDP}]]></send>
<recv response="100" optional="true"></recv>
"""
_SAME = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "Caller" <sip:[field0]@[local_ip]:[local_port]>;tag=[pid]T[call_number]
To: <sip:[field1]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
"""
REFUSED = f"""{_HEAD.format(name="refused")}{_INVITE}
<recv response="608" rtd="1"><action>
<ereg regexp="@0@" search_in="hdr" header="Call-Info:" check_it="true" assign_to="1"/>
<ereg regexp="SIP;cause=608" search_in="msg" check_it="true" assign_to="2"/>
</action></recv>
<Reference variables="1,2"/>
<send><![CDATA[
ACK sip:[field1]@[remote_ip]:[remote_port] SIP/2.0
{_SAME.replace("[branch]", "[branch-3]")}CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
</scenario>
"""
"""The call must be refused with a Call-Info in which the first expectation is found."""


# Over UDP a busy machine may turn ringing and answer round: ringing is therefore optional.
def _passing(name: str, checks: str, again: bool) -> str:
    invite_again = (
        f"""<send retrans="500"><![CDATA[
INVITE [next_url] SIP/2.0
{_SAME}[routes]
CSeq: 2 INVITE
Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]
{_SDP}]]></send>
<recv response="100" optional="true"></recv>
<recv response="180" optional="true"></recv>
<recv response="200"></recv>
<send><![CDATA[
ACK [next_url] SIP/2.0
{_SAME}[routes]
CSeq: 2 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
"""
        if again
        else ""
    )
    return f"""{_HEAD.format(name=name)}{_INVITE}
<recv response="180" rtd="1" optional="true"></recv>
<recv response="200" rtd="1" rrs="true">{checks}</recv>
<send><![CDATA[
ACK [next_url] SIP/2.0
{_SAME}[routes]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
{invite_again}<pause milliseconds="200"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
{_SAME}[routes]
CSeq: 3 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"></recv>
</scenario>
"""


_UNTOUCHED = """<action>
<ereg regexp="Caller" search_in="hdr" header="X-Seen-From:" check_it="true" assign_to="1"/>
<ereg regexp="https" search_in="hdr" header="X-Seen-Info:" check_it_inverse="true" assign_to="2"/>
</action>"""
_MARKED = """<action>
<ereg regexp="@0@" search_in="hdr" header="X-Seen-From:" check_it="true" assign_to="1"/>
<ereg regexp="@1@" search_in="hdr" header="X-Seen-Info:" check_it="true" assign_to="2"/>
</action>"""
_REFER = '<Reference variables="1,2"/>\n</scenario>'
PASSED = _passing("passed", _UNTOUCHED, again=False).replace("</scenario>", _REFER)
"""The call must pass and be as it was."""
PASSED_TWICE = _passing("passed-twice", _UNTOUCHED, again=True).replace("</scenario>", _REFER)
"""The same, with an INVITE within the call."""
MARKED = _passing("marked", _MARKED, again=False).replace("</scenario>", _REFER)
"""The call must pass, the first expectation be found in From, the second in Call-Info."""
ANSWERED = _passing("answered", "", again=False)
"""The call must pass, marked or not."""

_UAS_SAME = """[last_Via:]
[last_From:]
[last_To:];tag=[pid]S[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:called@[local_ip]:[local_port];transport=[transport]>
"""
CALLED = f"""{_HEAD.format(name="called")}
<recv request="INVITE" crlf="true"><action>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="1"/>
<ereg regexp=".*" search_in="hdr" header="Call-Info:" assign_to="2"/>
<ereg regexp=".*" search_in="hdr" header="P-Asserted-Identity:" assign_to="3"/>
<ereg regexp=".*" search_in="hdr" header="Identity:" assign_to="4"/>
</action></recv>
<send><![CDATA[
SIP/2.0 180 Ringing
{_UAS_SAME}Content-Length: 0

]]></send>
<pause milliseconds="50"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
{_UAS_SAME}X-Seen-From: [$1]
X-Seen-Info: [$2]
X-Seen-Asserted: [$3]
X-Seen-Identity: [$4]
Content-Type: application/sdp
Content-Length: [len]
{_SDP}]]></send>
<recv request="ACK" optional="true"></recv>
<recv request="INVITE" optional="true" next="again"></recv>
<recv request="BYE"></recv>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<nop next="end"/>
<label id="again"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:called@[local_ip]:[local_port];transport=[transport]>
Content-Type: application/sdp
Content-Length: [len]
{_SDP}]]></send>
<recv request="ACK" optional="true"></recv>
<recv request="BYE"></recv>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<label id="end"/>
<timewait milliseconds="4000"/>
<Reference variables="1,2,3,4"/>
</scenario>
"""
"""A switch that rings, answers every call, and says in its answer what it has seen of the caller.
It rings for a while: over UDP two messages sent at once may change places."""


_LET_THROUGH = re.compile(r"Aborting.*'608'.*received 'SIP/2.0 (?:180|2)|Failed regexp")
_TURNED_AWAY = re.compile(r"received 'SIP/2.0 6|Failed regexp")


@dataclass(frozen=True)
class Call:
    """A line of a caller's file: who calls whom, with what more. `expected`: regular expressions
    that stand in the scenario, the same for all calls of a run."""

    caller: str
    called: str
    headers: str = ""
    expected: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """sipp's own escapes: a semicolon ends a field, `\\r\\n` an injected line."""
        return ";".join((self.caller, self.called, self.headers))


@dataclass(frozen=True)
class Outcome:
    """How a caller's run ended."""

    succeeded: int
    failed: int
    words: str
    rate: float = 0.0
    """Calls made a second."""
    wrong: int = 0
    """Of those that failed: let through though they were to be refused, refused though not, or seen
    otherwise than expected. The rest were lost, late or out of order."""


class Sipp:
    """One sipp at work: `Sipp(folder, scenario, …)`; ended when the block is left."""

    def __init__(
        self,
        folder: Path,
        scenario: str,
        *,
        to: int | None = None,
        calls: Sequence[Call] = (),
        rate: float = 50,
        total: int | None = None,
        tcp: bool = False,
        options: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, free_port()
        self._wrong = _LET_THROUGH if 'response="608"' in scenario else _TURNED_AWAY
        for nth, expected in enumerate(calls[0].expected if calls else ()):
            scenario = scenario.replace(f"@{nth}@", escape(expected))
        if "@0@" in scenario or any(call.expected != calls[0].expected for call in calls):
            raise ValueError("the scenario expects something, and the same of all its calls")
        (folder / "scenario.xml").write_text(scenario, encoding="utf-8")
        self._command = [
            "sipp", "-sf", "scenario.xml", "-i", "127.0.0.1", "-p", str(self.port), "-nostdin",
            "-trace_err", "-error_file", "errors.log", "-trace_stat", "-stf", "stat.csv",
            "-fd", "1", "-t", "t1" if tcp else "u1", *options,
        ]  # fmt: skip
        if to is not None:
            lines = "\n".join(["SEQUENTIAL", *(call.line for call in calls), ""])
            (folder / "calls.csv").write_text(lines, encoding="utf-8")
            self._command += [
                "-inf", "calls.csv", "-r", str(rate), "-m", str(total or len(calls)),
                "-timeout", "120", f"127.0.0.1:{to}",
            ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Sipp:
        with (self.folder / "screen.log").open("wb") as out:
            self._process = subprocess.Popen(
                self._command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        return self

    def wait(self, seconds: float = 150) -> Outcome:
        """Until all its calls are over; a caller whose expectation was not met has failed."""
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
        return self.outcome()

    def outcome(self) -> Outcome:
        """What stands in its statistics so far."""
        rows = list(csv.DictReader(_lines(self.folder / "stat.csv"), delimiter=";"))
        words = "\n".join(_lines(self.folder / "errors.log"))
        if not rows:
            return Outcome(0, 0, words + "\n".join(_lines(self.folder / "screen.log"))[-2000:])
        last = rows[-1]
        good, bad = int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])
        wrong = len(self._wrong.findall(words))
        return Outcome(good, bad, words[:4000], float(last["CallRate(C)"]), wrong)

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Sipp:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()


def _lines(path: Path) -> Iterable[str]:
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8", errors="replace").splitlines()
