"""One-time codes among texts: what a bank or a service sends to prove who asks."""

from __future__ import annotations

import polars as pl

__all__ = ["carries_code"]

_FORM = r"(?i)(?:验证码|校验码|动态码|驗證碼|verification code|security code|\bOTP\b|\bcode\b)"


def carries_code(body: pl.Expr) -> pl.Expr:
    """Whether a text speaks of a code and holds four to eight digits; null is no."""
    return (body.str.contains(_FORM) & body.str.contains(r"\d{4,8}")).fill_null(value=False)
