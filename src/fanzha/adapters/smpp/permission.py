"""Whom a connection may text: the allow-list, and the wall between invented and living people."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from fanzha.errors import Misconfigured, Refused
from fanzha.values.reserved import is_reserved_number

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_ENTRY = re.compile(r"\+[1-9]\d{0,14}")


def is_loopback(host: str) -> bool:
    """Whether an address or name stands for this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Permission:
    """`send_to` holds numbers and prefixes in normal form; empty means nobody.

    A live connection refuses the numbers of invented people. A simulated one texts nobody else,
    and only a centre on this machine.
    """

    def __init__(self, send_to: Sequence[str], *, simulated: bool, host: str) -> None:
        for entry in send_to:
            if not _ENTRY.fullmatch(entry):
                raise Misconfigured(
                    "bad_allow_list",
                    zh="短信白名单的每一项须为 + 开头的国际号码或号段",
                    en="each entry of the allow-list must be an international number or prefix",
                    field="send_to",
                )
        if simulated and not is_loopback(host):
            raise Misconfigured(
                "simulated_not_loopback",
                zh="模拟短信只能连接本机的短信中心",
                en="simulated texts may go only to a message centre on this machine",
                field="smpp_host",
            )
        self._send_to = tuple(send_to)
        self._simulated = simulated

    def check(self, number: str) -> None:
        """Refused, with the rule, unless this number may be texted."""
        if not _NUMBER.fullmatch(number):
            raise _refused("not_a_phone", "号码不能接收短信", "the number takes no texts")
        if self._simulated and not is_reserved_number(number):
            raise _refused(
                "only_invented_numbers",
                "模拟连接只能发给虚构号码",
                "a simulated connection texts only invented numbers",
            )
        if not self._simulated and is_reserved_number(number):
            raise _refused(
                "reserved_number",
                "虚构人物使用的号码不能真实发送",
                "a number kept for invented people is never texted for real",
            )
        if not number.startswith(self._send_to):
            raise _refused(
                "not_on_allow_list",
                "号码不在短信白名单内",
                "the number is not on the allow-list",
            )


def _refused(code: str, zh: str, en: str) -> Refused:
    return Refused(code, zh=zh, en=en, field="to")
