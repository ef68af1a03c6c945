"""Conditions over a few rows, written out as plain functions."""
