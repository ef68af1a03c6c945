"""The API's fixture, for every test of this folder."""

from tests.entrypoints.api.given import api

__all__ = ["api"]
