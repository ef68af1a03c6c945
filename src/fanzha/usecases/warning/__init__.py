"""Warnings: issued from risks, signed, handled, handed on, closed."""
