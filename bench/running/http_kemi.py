"""What one writes into Kamailio in an afternoon: Python that asks an HTTP service about callers."""

import http.client
import json
import os

import KSR  # type: ignore[import-not-found]


class Hook:
    """One kept connection a worker, half a second at most, everything passes where it fails."""

    def child_init(self, rank: int) -> int:
        self.link = http.client.HTTPConnection("127.0.0.1", int(os.environ["POLICY_PORT"]), 0.5)
        return 0

    def judge(self, message: object, *unused: object) -> int:
        try:
            caller = KSR.pv.get("$fU")
            self.link.request("GET", f"/callers/{caller}")
            effect = json.loads(self.link.getresponse().read())["effect"]
        except Exception:
            self.link.close()
            return 1
        if effect == 3:
            KSR.hdr.append_to_reply(
                "Call-Info: <https://x.example/jcards/x>;purpose=jwscard\r\n"
                "Reason: SIP;cause=608\r\n"
            )
            KSR.sl.sl_send_reply(608, "Rejected")
            return 2
        if effect == 1:
            KSR.uac.uac_replace_from('"Suspected fraud"', "")
            KSR.hdr.append("Call-Info: <https://x.example/>;purpose=info\r\n")
        return 1


def mod_init() -> Hook:
    return Hook()
