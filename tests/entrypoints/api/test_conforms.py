"""The API keeps to its own description, whatever is sent: no 5xx, every answer of its shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks

from fanzha.entrypoints.api.auth import COOKIE
from fanzha.lifecycles.actor import NATION
from fanzha.usecases.warning.issue import issue
from tests import fixtures
from tests.entrypoints.api.given import PASSWORD, Api

_CHECKS = (
    checks.not_a_server_error,
    checks.response_schema_conformance,
    checks.status_code_conformance,
    checks.content_type_conformance,
)


@schemathesis.serializer("application/x-ndjson")
def _as_lines(context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture
def described(api: Api) -> Any:
    """Signed in, with a warning to act on; endless news and the way out are left aside."""
    with api.installed.office.work(NATION) as work:
        issue(
            work, fixtures.policies(), person=fixtures.person(), episode="e1",
            place="470103001", case=fixtures.case(), now=fixtures.NOW,
        )  # fmt: skip
    schema = schemathesis.openapi.from_asgi("/openapi.json", api.client.app)
    return schema.exclude(path=["/v1/stream", "/v1/sign-out"])


def test_every_route_answers_as_described(described: Any, api: Api) -> None:
    """One random walk over each operation; what fails names the request that did it."""
    token, _ = api.installed.operators.sign_in(
        "officer", PASSWORD, api.centre.now(), demo_allowed=False
    )
    headers = {"X-Fanzha": "1", "Authorization": f"Bearer {api.key}"}
    walked, failed = 0, []
    for found in described.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=10, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def walk(case: Any) -> None:
            response = case.call(headers=headers, cookies={COOKIE: token})
            case.validate_response(response, checks=_CHECKS)
            if response.status_code >= 400:
                problem = json.loads(response.text)
                assert all(problem[name] for name in ("code", "zh", "en", "id"))

        try:
            walk()
        except Exception as error:  # each operation is walked, then all failures are told
            failed.append(f"{operation.label}: {error}")
        walked += 1
    assert walked >= 20
    assert not failed, "\n\n".join(failed)
