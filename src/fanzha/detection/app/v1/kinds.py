"""What kind of app it is: a bank's, a meeting app, one from outside the stores, one that poses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml

from fanzha.detection.words import invalid

__all__ = ["AppKinds", "load_app_kinds"]

_KEYS = {"version", "in_force_on", "stores", "bank", "meeting", "institutions"}


@dataclass(frozen=True)
class AppKinds:
    """Lists of package prefixes, label words and installers that decide an app's kind."""

    stores: tuple[str, ...]
    bank_words: tuple[str, ...]
    bank_packages: tuple[str, ...]
    meeting_words: tuple[str, ...]
    meeting_packages: tuple[str, ...]
    institutions: tuple[str, ...]

    def mark(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add `app_kind` and `posing`. Off-store beats the rest: a bank's own app is in a store."""
        label = pl.col("label").fill_null("") if "label" in frame.columns else pl.lit("")
        package = pl.col("package").fill_null("")
        installer = pl.col("installer") if "installer" in frame.columns else pl.lit(None, pl.String)
        off_store = (
            (pl.col("action") == "install")
            & installer.is_not_null()
            & ~installer.is_in(list(self.stores))
        )
        kind = (
            pl.when(off_store)
            .then(pl.lit("offstore"))
            .when(_any(package, self.meeting_packages) | _any(label, self.meeting_words))
            .then(pl.lit("meeting"))
            .when(_any(package, self.bank_packages) | _any(label, self.bank_words))
            .then(pl.lit("bank"))
            .otherwise(None)
        )
        posing = off_store & _any(label, self.institutions)
        return frame.with_columns(kind.alias("app_kind"), posing.alias("posing"))


def load_app_kinds(path: Path) -> AppKinds:
    """Read and check the lists; unknown keys are refused."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
    if not isinstance(data, dict) or set(data) != _KEYS:
        raise invalid(path.name, f"needs {sorted(_KEYS)} and nothing else")
    for kind in ("bank", "meeting"):
        if set(data[kind]) != {"packages", "words"}:
            raise invalid(kind, "needs packages and words and nothing else")
    return AppKinds(
        stores=_texts(data["stores"], "stores"),
        bank_words=_texts(data["bank"]["words"], "bank"),
        bank_packages=_texts(data["bank"]["packages"], "bank"),
        meeting_words=_texts(data["meeting"]["words"], "meeting"),
        meeting_packages=_texts(data["meeting"]["packages"], "meeting"),
        institutions=_texts(data["institutions"], "institutions"),
    )


def _texts(items: object, where: str) -> tuple[str, ...]:
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise invalid(where, "must be a list of texts; quote what consists of digits")
    return tuple(items)


def _any(text: pl.Expr, words: tuple[str, ...]) -> pl.Expr:
    return text.str.contains_any(list(words), ascii_case_insensitive=True)
