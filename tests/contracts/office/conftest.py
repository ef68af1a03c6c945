"""The fixtures of every test of this folder."""

from tests.contracts.office.given import appoint, office

__all__ = ["appoint", "office"]
