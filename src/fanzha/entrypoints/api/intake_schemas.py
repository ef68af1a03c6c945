"""What travels between a feeder, or who repairs its rows, and the API."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fanzha.entrypoints.api.schemas import Wire


class RefusedRow(Wire):
    row: int
    code: str
    field: str | None
    zh: str
    en: str


class Accepted(Wire):
    """Answer to a batch of events: the accepted ones are on disk; the others are in quarantine."""

    stream: str
    received: int
    accepted: int
    refused: list[RefusedRow]
    position: int | None
    unknown_columns: list[str]


class QuarantineRow(Wire):
    id: int
    stream: str
    source: str
    row: int
    code: str
    field: str | None
    zh: str
    en: str
    at: datetime
    state: Literal["open", "resent", "dropped"]


class QuarantinePage(Wire):
    items: list[QuarantineRow]
    next: str | None


class Resend(Wire):
    row: dict[str, object]
