"""The API's fixture, for the workshop's tests."""

from tests.entrypoints.api.given import api

__all__ = ["api"]
