"""The four grades 紧急 / 高危 / 中危 / 低危."""

from __future__ import annotations

import enum


class WarningGrade(enum.IntEnum):
    """1 is the most pressing, so that sorting by grade puts it first."""

    CRITICAL = 1
    HIGH = 2
    MEDIUM = 3
    LOW = 4

    @property
    def code(self) -> str:
        """`critical`, `high`, `medium`, `low`: the same word everywhere outside."""
        return self.name.lower()

    @property
    def zh(self) -> str:
        return ("紧急", "高危", "中危", "低危")[self - 1]

    @property
    def en(self) -> str:
        return self.name.title()

    @property
    def raised(self) -> WarningGrade:
        """One grade more pressing; critical stays critical."""
        return WarningGrade(max(1, self - 1))

    @classmethod
    def of(cls, code: str) -> WarningGrade:
        """The grade of a code; KeyError for anything else."""
        return cls[code.upper()]
