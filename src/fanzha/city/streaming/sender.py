"""Sends lines to a centre and does not let go until they are in, or time is up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from fanzha.errors import Refused, Unavailable

_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0)
_BUSY = 429


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the centre made of one body."""

    accepted: int
    refused: int


class Sender:
    """One connection to `POST /v1/events/{stream}`.

    `wait` sleeps for so many seconds and says whether to stop. The same body is sent again until it
    is acknowledged, for `patience_s` at most: the centre knows a body it has had.
    """

    def __init__(
        self,
        client: httpx.Client,
        key: str,
        wait: Callable[[float], bool],
        *,
        patience_s: float = 120.0,
    ) -> None:
        self._client = client
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/x-ndjson",
        }
        self._wait = wait
        self._patience_s = patience_s

    def send(self, stream: str, body: bytes) -> Receipt | None:
        """None when told to stop before it was acknowledged.

        Raises `Refused` for an answer that will not change, `Unavailable` when patience ends.
        """
        waited, turn = 0.0, 0
        while True:
            answer = self._post(stream, body)
            if answer is not None and answer.is_success:
                return _receipt(answer)
            if answer is not None and answer.is_client_error and answer.status_code != _BUSY:
                raise _refused(answer)
            if waited >= self._patience_s:
                raise Unavailable(
                    "centre_away",
                    zh=f"中心 {waited:.0f} 秒没有接收数据",
                    en=f"the centre took nothing for {waited:.0f} s",
                )
            pause = _WAITS_S[min(turn, len(_WAITS_S) - 1)]
            if self._wait(pause):
                return None
            waited, turn = waited + pause, turn + 1

    def _post(self, stream: str, body: bytes) -> httpx.Response | None:
        """None when nobody answered."""
        try:
            return self._client.post(f"/v1/events/{stream}", content=body, headers=self._headers)
        except httpx.TransportError:
            return None


def _receipt(answer: httpx.Response) -> Receipt:
    said: dict[str, Any] = answer.json()
    accepted, received = int(said["accepted"]), int(said["received"])
    return Receipt(accepted, received - accepted)


def _refused(answer: httpx.Response) -> Refused:
    """The centre's own words where it has some."""
    try:
        said = answer.json()
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    return Refused(
        str(said.get("code", "centre_refused")),
        zh=str(said.get("zh", f"中心拒收，状态 {answer.status_code}")),
        en=str(said.get("en", f"the centre refused with status {answer.status_code}")),
        field=said.get("field"),
    )
