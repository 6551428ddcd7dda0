"""What the definitions of all questions share."""

from __future__ import annotations

import msgspec

from biasscope.core.errors import UsageError

READING = ("image_column", "label_column", "box_columns", "classes_file", "split", "stream")
"""Options that say how pictures are read."""
SOURCES = ("paths", "images", "sizes", "compare", "held_out", "classes_file")
"""Options that name what is read."""


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an analysis is asked: a question has one of its own, and all have a seed."""

    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that nothing can be measured with."""
        self.refuse(("seed", 0 <= self.seed < 2**63, "Seeds lie between 0 and 9223372036854775807."))
        for name in SOURCES:
            given = getattr(self, name, None)
            if given == "" or (isinstance(given, list) and "" in given):
                hint = "Is a variable not set? Leave it out for the default."
                raise UsageError("the name is empty", where=option(name), hint=hint)

    def refuse(self, *rules: tuple[str, bool, str]) -> None:
        """Name the first field that is out of range: field, whether its value will do, what would."""
        for name, holds, hint in rules:
            if not holds:
                raise UsageError(f"{getattr(self, name)} is out of range", where=option(name), hint=hint)

    def refuse_reading(self) -> None:
        """Refuse options that say how pictures are read where none are named."""
        for name in READING:
            if getattr(self, name, None) and getattr(self, "images", None) is None:
                raise UsageError("it says how to read pictures", where=option(name), hint="Give --images SOURCE.")


def option(name: str) -> str:
    """Option of the command line that fills a field in.

    >>> option("label_column")
    '--label-column'
    """
    return f"--{name.replace('_', '-')}"
