"""An API over a database of its own and a log in memory, with people and a sender appointed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from fanzha.entrypoints.api.app import create_app
from fanzha.entrypoints.api.centre import Centre
from fanzha.lifecycles.actor import Role
from fanzha.testing.event_log import MemoryEventLog
from tests import fixtures
from tests.browser.centre import centre_over

PASSWORD = "a password of tests"  # invented, of this database only
SOURCE = "carrier-a"
HERE = "http://127.0.0.1:8000"


@dataclass
class Api:
    """A client on the same machine, and what stands behind the API."""

    client: TestClient
    centre: Centre
    installed: fixtures.Installed
    key: str

    @property
    def log(self) -> MemoryEventLog:
        assert isinstance(self.centre.log, MemoryEventLog)
        return self.centre.log

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def sign_in(self, name: str = "officer", password: str = PASSWORD) -> None:
        answer = self.client.post("/v1/sign-in", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        self.client.headers["X-Fanzha"] = "1"


@pytest.fixture
def api(installed: fixtures.Installed) -> Iterator[Api]:
    """Everybody of every duty is `officer`; a feeder may send calls and texts."""
    centre = centre_over(installed)
    installed.operators.add(
        name="officer",
        display="何珊",
        password=PASSWORD,
        roles=frozenset(Role) - {Role.SYSTEM},
        unit=fixtures.unit("470100"),
        now=fixtures.NOW,
    )
    key = installed.operators.add_sender(SOURCE, frozenset({"call", "text"}), fixtures.NOW)
    app = create_app(centre)
    with TestClient(app, HERE, client=("127.0.0.1", 5), raise_server_exceptions=False) as client:
        yield Api(client, centre, installed, key)
