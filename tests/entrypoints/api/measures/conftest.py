"""The API's fixture, for the register's tests."""

from tests.entrypoints.api.given import api

__all__ = ["api"]
