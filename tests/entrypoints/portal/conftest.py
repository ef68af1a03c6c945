"""The API's fixture, for the public pages' tests."""

from tests.entrypoints.api.given import api

__all__ = ["api"]
