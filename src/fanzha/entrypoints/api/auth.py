"""Who is asking: the login cookie of a person, the key of a sender, the origin of a change."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from typing import Annotated

from fastapi import Depends, Request

from fanzha.adapters.postgres.operators import Operator, SenderKey
from fanzha.entrypoints.api.centre import Centre
from fanzha.errors import Refused
from fanzha.lifecycles.actor import Role

COOKIE = "fanzha_login"
HEADER = "x-fanzha"
READERS = frozenset({Role.DISSUADER, Role.DUTY_OFFICER, Role.ANALYST, Role.AUDITOR})
"""Who may see warnings."""
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def centre(request: Request) -> Centre:
    """The wired parts, put there by `create_app`."""
    found: Centre = request.app.state.centre
    return found


def operator(request: Request, parts: Annotated[Centre, Depends(centre)]) -> Operator:
    """The signed-in person; a change must carry our header, which no foreign page can send."""
    token = request.cookies.get(COOKIE, "")
    found = parts.operators.by_token(token, parts.now()) if token else None
    if found is None or (found.demo and not demo_allowed(request, parts)):
        raise Refused("not_signed_in", zh="请先登录", en="please sign in")
    if request.method not in ("GET", "HEAD") and request.headers.get(HEADER) != "1":
        raise Refused("foreign_origin", zh="请求来源不对", en="the request came from elsewhere")
    return found


def sender(request: Request, parts: Annotated[Centre, Depends(centre)]) -> SenderKey:
    """The feeder whose key the request carries."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    found = parts.operators.sender(key) if scheme.lower() == "bearer" and key else None
    if found is None:
        raise Refused(
            "bad_key",
            zh="没有有效的发送密钥（Authorization: Bearer …）",
            en="no valid sender key (Authorization: Bearer …)",
            field="authorization",
        )
    return found


def demo_allowed(request: Request, parts: Centre) -> bool:
    """Demo accounts: only where this machine listens to itself, and only from itself.

    What a proxy passes on comes from elsewhere, though the proxy may be here; so does a page whose
    name somebody lets point at this machine, and the name is what the browser then sends.
    """
    peer = request.client.host if request.client else ""
    passed_on = any(name in request.headers for name in _PROXY_HEADERS)
    named = request.url.hostname in ("127.0.0.1", "::1", "localhost")
    here = peer in ("127.0.0.1", "::1") and named and not passed_on
    return parts.settings.demo and parts.settings.loopback and here


class Attempts:
    """Wrong sign-ins of late by address, so that nobody guesses fast. Bounded in memory."""

    def __init__(self, *, most: int = 20, within_s: float = 60.0, addresses: int = 10_000) -> None:
        self._most = most
        self._within_s = within_s
        self._addresses = addresses
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        """Refused while there were too many. Counted as wrong until it is said to be `right`:
        many at once must not all pass before the first has failed."""
        since = time.monotonic() - self._within_s
        with self._lock:
            recent = self._wrong.get(address, deque())
            while recent and recent[0] < since:
                recent.popleft()
            if len(recent) >= self._most:
                raise Refused(
                    "too_many_attempts",
                    zh="尝试过于频繁，请一分钟后再试",
                    en="too many attempts: try again in a minute",
                )
            self._wrong.setdefault(address, deque(maxlen=self._most)).append(time.monotonic())
            self._wrong.move_to_end(address)
            if len(self._wrong) > self._addresses:
                self._wrong.popitem(last=False)

    def right(self, address: str) -> None:
        """The one checked last was no guess."""
        with self._lock:
            if recent := self._wrong.get(address):
                recent.pop()


SignedIn = Annotated[Operator, Depends(operator)]
Sender = Annotated[SenderKey, Depends(sender)]
Parts = Annotated[Centre, Depends(centre)]
