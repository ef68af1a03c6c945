"""Odd and broken SIP after RFC 4475, and the ways of asking for trouble that hooks meet."""

from __future__ import annotations

_TAIL = """CSeq: 7 INVITE
Contact: <sip:c@127.0.0.1:{port}>
Content-Length: 0

"""


def _request(first: str, *lines: str, tail: str = _TAIL) -> bytes:
    return "\n".join([first, *lines, tail]).replace("\n", "\r\n").encode()


def messages(host: str, caller: str) -> dict[str, bytes]:
    """Name (that of RFC 4475, or ours) -> a message; `host` is where we listen for answers."""
    via = f"Via: SIP/2.0/UDP {host};branch=z9hG4bK"
    port = host.rpartition(":")[2]
    said = [f'From: "x" <sip:{caller}@x.example>;tag=1', "To: <sip:10010@y.example>"]
    head = "INVITE sip:10010@y.example SIP/2.0"
    tail = _TAIL.format(port=port)

    def plain(name: str, *more: str, first: str = head, end: str = tail) -> bytes:
        lines = [via + name, "Max-Forwards: 9", *said, f"Call-ID: {name}@x", *more]
        return _request(first, *lines, tail=end)

    deep = '"' + "\\\\" * 4000
    return {
        "badinv01": plain("a", "Via: SIP/2.0/UDP 192.0.2.15;;,;,,", "Contact: <sip:j@x>\n  ;;,;"),
        "clerr": plain("b", end=tail.replace("Length: 0", "Length: 9999")),
        "ncl": plain("c", end=tail.replace("Length: 0", "Length: -999")),
        "scalar02": plain("d", end=tail.replace("CSeq: 7", "CSeq: 36893488147419103232")),
        "quotbal": _request(
            head, via + "e", "Max-Forwards: 9", 'From: "x <sip:y@z>;tag=2',
            'To: "Mr. J. User <sip:j@x>', "Call-ID: e@x", tail=tail,
        ),
        "ltgtruri": plain("f", first="INVITE <sip:10010@y.example> SIP/2.0"),
        "lwsruri": plain("g", first="INVITE sip:10010@y.example; lr SIP/2.0"),
        "lwsstart": plain("h", first="INVITE  sip:10010@y.example  SIP/2.0"),
        "escruri": plain("i", first="INVITE sip:10010@y.example?Route=%3Csip:x%3E SIP/2.0"),
        "badvers": plain("j", first="INVITE sip:10010@y.example SIP/7.0"),
        "mismatch01": plain("k", end=tail.replace("7 INVITE", "8 OPTIONS")),
        "mismatch02": plain("l", first="NEWMETHOD sip:10010@y.example SIP/2.0"),
        "unkscm": plain("m", first="INVITE nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"),
        "novelsc": plain("n", first="INVITE soap.beep://192.0.2.103:3002 SIP/2.0"),
        "insuf": _request(head, "CSeq: 193942 INVITE", via + "o", tail="Content-Length: 0\n\n"),
        "multi01": plain("p", "From: <sip:a@b>;tag=3", "To: <sip:c@d>", "Max-Forwards: 5"),
        "mcl01": plain("q", "Content-Length: 13", end=tail),
        "zeromf": plain("r").replace(b"Max-Forwards: 9", b"Max-Forwards: 0"),
        "badbranch": plain("").replace(b"branch=z9hG4bK", b"branch=z9hG4bK;x"),
        "dblreq": plain("s") + plain("t"),
        "longreq": plain("u", *(f"X-{n}: {'long ' * 100}" for n in range(40))),
        "unreason": b"SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe\r\n\r\n",
        "bigcode": b"SIP/2.0 4294967301 better not break the receiver\r\n\r\n",
        "folded": plain("H", end=tail.replace("7 INVITE", "7\n  INVITE")),
        "nothing": b"\r\n\r\n",
        "keepalive": b"\0\0\0\0",
        "zeros": plain("v").replace(b"sip:10010", b"sip:1\0\0\0"),
        "bytes": plain("w").replace(b'"x"', b'"\xff\xfe\x80"'),
        "surrogate": plain("x").replace(b'"x"', b'"\xed\xa0\x80"'),
        "deep": plain("y", f"P-Asserted-Identity: {deep}"),
        "many": plain("z", *(f"P-Asserted-Identity: <sip:{n}@x>" for n in range(200))),
        "passport": plain("A", "Identity: eyJ.W1tbW1tbW1tb.x;info=<y>", "y: a.b.c"),
        "bomb": plain("B", "Identity: e." + "W1tb" * 1800 + ".x"),
        "no-number": plain("C").replace(caller.encode(), b"%00%0d%0a%ff"),
        "no-from": plain("D").replace(b"From:", b"Form:"),
        "preloaded": plain("E", f"Route: <sip:{host};lr>, <sip:x.example;lr>"),
        "urn": plain("F", first="INVITE urn:service:sos.fire SIP/2.0"),
        "tel": plain("G", first="INVITE tel:+86-110;phone-context=+86 SIP/2.0"),
    }  # fmt: skip


def valid_but_odd(host: str, caller: str) -> dict[str, bytes]:
    """Calls written as one may write them and hardly anybody does: they must be understood."""
    via = f"SIP/2.0/UDP {host};branch=z9hG4bK"
    port = host.rpartition(":")[2]
    wsinv = f"""INVITE sip:10010@y.example SIP/2.0
TO :
 sip:10010@y.example ;   tag1    = 1918181833n
from   : "J Rosenberg \\\\\\""       <sip:{caller}@x.example>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : 0
cseq: 0009   INVITE
Via  : SIP/2.0/UDP
    {host};branch=z9hG4bKwsinv
s :
NewFangledHeader:   newfangled value
 continued newfangled value
Content-Type: application/sdp
m:"Quoted string \\"\\"" <sip:j@127.0.0.1:{port}>
   ; newparam = newvalue ;
  secondparam ; q = 0.33

"""
    short = f"""INVITE sip:10010@y.example SIP/2.0
v: {via}short
Max-Forwards: 70
f: {{who}};tag=1
t: <sip:10010@y.example>
i: short@x
CSeq: 1 INVITE
m: <sip:c@127.0.0.1:{port}>
l: 0

"""
    escaped = "".join(f"%{ord(char):02x}" for char in caller)
    found = {
        "wsinv": wsinv,
        "compact": short.format(who=f"<sip:{caller}@x.example>"),
        "bytes": short.format(who=f'"\udcff\udced\udca0" <sip:{caller}@x>').replace("short", "b"),
        "long": short.format(who=f'"{"long " * 2000}" <sip:{caller}@x>').replace("short", "long"),
        "bare": short.format(who=f"sip:{caller}@x.example").replace("short", "bare"),
        "escaped": short.format(who=f"<SIP:{escaped}@x.example>").replace("short", "esc"),
        "comma": short.format(who=f'"a, <sip:1@x>" <sip:{caller}:pw@x>').replace("short", "comma"),
        "tel": short.format(who=f"<tel:{caller[:4]}-{caller[4:8]}.({caller[8:]})>").replace(
            "short", "tel"
        ),
    }
    return {
        name: text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")
        for name, text in found.items()
    }
