"""A caller of a few calls a second that times them finely: sipp's clock steps by 4 ms here."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Sequence

_CALL = """INVITE sip:10010@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{n}
From: "Caller" <sip:{caller}@127.0.0.1>;tag={n}
To: <sip:10010@127.0.0.1>
Call-ID: {n}.{port}
CSeq: 1 INVITE
Contact: <sip:c@127.0.0.1:{port}>
Max-Forwards: 70
Content-Length: 0

"""
_WITHIN = """{method} {contact} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{n}.{method}
{route}{parties}
CSeq: {cseq} {method}
Max-Forwards: 70
Content-Length: 0

"""
_FIELD = re.compile(r"^(From|To|Call-ID|Contact|Record-Route): *(.*?)\r?$", re.MULTILINE)


def probe(to: int, callers: Sequence[str], seconds: float, rate: float = 50) -> list[float]:
    """Milliseconds from INVITE to ringing of one call after the other; calls that were not
    answered are left out."""
    sent: dict[str, float] = {}
    found: dict[str, float] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", 0))
        link.connect(("127.0.0.1", to))
        port = link.getsockname()[1]
        begun = time.perf_counter()
        n = 0
        while (now := time.perf_counter()) < begun + seconds + 1:
            if n < seconds * rate and now >= begun + n / rate:
                text = _CALL.format(port=port, n=n, caller=callers[n % len(callers)])
                sent[f"{n}.{port}"] = time.perf_counter()
                link.send(text.replace("\n", "\r\n").encode())
                n += 1
            link.settimeout(max(0.0005, begun + n / rate - time.perf_counter()))
            try:
                answer = link.recv(9000)
            except OSError:
                continue
            _take(answer.decode(), time.perf_counter(), link, sent, found)
    return list(found.values())


def _take(
    text: str, at: float, link: socket.socket, sent: dict[str, float], found: dict[str, float]
) -> None:
    fields = dict(_FIELD.findall(text))
    call = fields["Call-ID"]
    if text.startswith("SIP/2.0 180"):
        found.setdefault(call, (at - sent[call]) * 1000)
    elif text.startswith("SIP/2.0 200") and "CSeq: 1 INVITE" in text:
        parties = "\r\n".join(f"{name}: {fields[name]}" for name in ("From", "To", "Call-ID"))
        route = f"Route: {fields['Record-Route']}\r\n" if "Record-Route" in fields else ""
        for method, cseq in (("ACK", 1), ("BYE", 2)):
            text = _WITHIN.format(
                method=method, cseq=cseq, contact=fields["Contact"].strip("<>"), n=call,
                port=link.getsockname()[1], route=route, parties=parties,
            )  # fmt: skip
            link.send(re.sub(r"\r?\n", "\r\n", text).encode())
