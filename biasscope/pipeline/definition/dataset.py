"""What question 1 can be asked."""

from __future__ import annotations

from typing import Literal

import msgspec

from biasscope.core.errors import UsageError


class DatasetAnalysis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Question 1: where and how large are the objects of each class?

    The fields are the options of ``dataset``; see ``python -m biasscope.analyze dataset --help``.
    """

    paths: list[str] = []
    format_in: str = "auto"
    images: str | None = None
    sizes: str | None = None
    split_column: str | None = None
    columns: dict[str, str] = {}
    box_convention: str = "auto"
    stream: bool = False
    cache: bool = True
    per_image: Literal["one", "all"] = "one"
    alpha: float = 0.05
    correction: Literal["bh", "by", "holm"] = "bh"
    minimum: int = 10
    scale_reference: Literal["others", "log-uniform"] = "others"
    compare: str | None = None
    compare_format_in: str = "auto"
    compare_box_convention: str | None = None
    augment: list[str] = []
    leakage: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that no statistic can use."""
        for name, holds, hint in (
            ("alpha", 0 < self.alpha < 1, "It is a level, such as 0.05."),
            ("minimum", self.minimum >= 2, "A test needs at least 2 boxes."),
            ("seed", 0 <= self.seed < 2**63, "Seeds lie between 0 and 9223372036854775807."),
        ):
            if not holds:
                raise UsageError(f"{getattr(self, name)} is out of range", where=f"--{name}", hint=hint)
        for name, given in (
            ("compare-format-in", self.compare_format_in != "auto"),
            ("compare-box-convention", self.compare_box_convention is not None),
        ):
            if given and self.compare is None:
                raise UsageError("there is nothing to compare", where=f"--{name}", hint="Give --compare PATH.")
