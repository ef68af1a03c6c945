"""The words of warning texts by scam class and grade: dated data, checked by the content rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from fanzha.errors import Misconfigured, policy_reader
from fanzha.lifecycles.message.content import NotSendable, check
from fanzha.lifecycles.warning.grade import WarningGrade

GENERAL = "general"
LANGUAGES = ("zh", "en")
_KEYS = {"version", "in_force_on", "approved_by", "signature", "parts_max", "openings", "classes"}
_FORMS = ("short", "long")


@dataclass(frozen=True)
class Wording:
    """Every text that can be sent, made and checked when the file is read."""

    version: str
    in_force_on: date
    approved_by: str
    parts_max: Mapping[WarningGrade, int]
    texts: Mapping[tuple[str, WarningGrade, str], str]
    """(main class or type or `general`, grade, language) -> text"""

    @classmethod
    @policy_reader
    def load(cls, path: Path) -> Wording:
        """Read the file. Misconfigured names the entry and the rule that it breaks."""
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise _bad(path.name, f"cannot be read: {type(error).__name__}") from error
        return cls.of(data)

    @classmethod
    def of(cls, data: Any) -> Wording:
        """Check what a file held; `load` without the file."""
        _only(data, _KEYS, "file")
        if not isinstance(data["in_force_on"], date):
            raise _bad("in_force_on", "is not a date")
        grades = {g.code for g in WarningGrade}
        _only(data["parts_max"], grades, "parts_max")
        _only(data["openings"], grades, "openings")
        parts = {g: data["parts_max"][g.code] for g in WarningGrade}
        if any(type(n) is not int or not 1 <= n <= 3 for n in parts.values()):
            raise _bad("parts_max", "must be 1, 2 or 3")
        if not isinstance(data["classes"], dict) or GENERAL not in data["classes"]:
            raise _bad("classes", f"`{GENERAL}` is missing")
        signature = _words(data["signature"], "signature")
        texts: dict[tuple[str, WarningGrade, str], str] = {}
        for code, forms in data["classes"].items():
            _only(forms, set(_FORMS), code)
            told = {form: _words(forms[form], f"{code}.{form}") for form in _FORMS}
            for grade in WarningGrade:
                opening = _words(data["openings"][grade.code], f"openings.{grade.code}")
                # One part is what a full-screen message can hold on every phone.
                form = "short" if parts[grade] == 1 else "long"
                for language in LANGUAGES:
                    text = _compose(language, signature, opening, told[form])
                    _checked(text, parts[grade], f"{code}.{form}.{grade.code}.{language}")
                    texts[code, grade, language] = text
        return cls(
            version=_text(data["version"], "version"),
            in_force_on=data["in_force_on"],
            approved_by=_text(data["approved_by"], "approved_by"),
            parts_max=parts,
            texts=texts,
        )

    def text(self, scam_type: str | None, grade: WarningGrade, language: str = "zh") -> str:
        """The text for a type; one without words of its own gets its class's, else the general."""
        code = scam_type or GENERAL
        for name in (code, code.rstrip("0123456789"), GENERAL):
            if (found := self.texts.get((name, grade, language))) is not None:
                check(found, self.parts_max[grade])
                return found
        raise _bad("language", "is none of the languages")


def _compose(
    language: str, signature: Mapping[str, str], opening: Mapping[str, str], told: Mapping[str, str]
) -> str:
    if language == "zh":
        return f"【{signature['zh']}】{opening['zh']}{told['zh']}"
    return f"[{signature['en']}] {opening['en']} {told['en']}"


def _checked(text: str, parts_max: int, where: str) -> None:
    try:
        check(text, parts_max)
    except NotSendable as error:
        raise Misconfigured(error.code, zh=error.zh, en=error.en, field=where) from error


def _only(item: Any, wanted: set[str], where: str) -> None:
    if not isinstance(item, dict):
        raise _bad(where, "is not a mapping")
    if wrong := sorted(str(k) for k in set(item) ^ wanted):
        raise _bad(where, f"unknown or missing keys {wrong}")


def _words(item: Any, where: str) -> Mapping[str, str]:
    _only(item, set(LANGUAGES), where)
    return {language: _text(item[language], where) for language in LANGUAGES}


def _text(item: Any, where: str) -> str:
    if not isinstance(item, str) or not item.strip():
        raise _bad(where, "must be text")
    return item.strip()


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "wording_invalid",
        zh=f"短信文案文件有误：{what}",
        en=f"the file of warning texts is wrong: {what}",
        field=field,
    )
