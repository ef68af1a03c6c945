"""Fakes and builders that anyone may use in tests."""
