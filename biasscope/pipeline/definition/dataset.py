"""What question 1 can be asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from biasscope.core.errors import UsageError
from biasscope.pipeline.definition.base import Definition, option

READING = ("format_in", "images", "sizes", "split_column", "columns", "box_convention")
"""Options that say how boxes are read."""
COMPARING = ("compare_format_in", "compare_box_convention")


class DatasetAnalysis(Definition, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    minimum: int | None = None
    scale_reference: Literal["others", "log-uniform"] = "others"
    compare: str | None = None
    compare_format_in: str = "auto"
    compare_box_convention: str | None = None
    augment: list[str] = []
    evaluation: str = "Resize(256), CenterCrop(224)"
    leakage: bool = True

    def tests(self) -> dict[str, Any]:
        """Options of every test over classes; each has a minimum of its own where none is given.

        >>> DatasetAnalysis().tests()
        {'alpha': 0.05, 'correction': 'bh', 'seed': 0}
        >>> DatasetAnalysis(minimum=20).tests()["minimum"]
        20
        """
        least = {} if self.minimum is None else {"minimum": self.minimum}
        return {"alpha": self.alpha, "correction": self.correction, "seed": self.seed, **least}

    def __post_init__(self) -> None:
        """Refuse values that no statistic can use."""
        Definition.__post_init__(self)
        self.refuse(
            ("alpha", 0 < self.alpha < 1, "It is a level, such as 0.05."),
            ("minimum", self.minimum is None or self.minimum >= 2, "A test needs at least 2 boxes."),
        )
        if self.compare is None:
            self._refuse_given(COMPARING, "there is nothing to compare", "Give --compare PATH.")
        if not self.paths:
            reads = READING if self.compare is None else READING[:1]  # the others are of the second dataset too
            self._refuse_given(reads, "it says how to read boxes, and there are none to read", "Give a PATH.")

    def _refuse_given(self, names: Iterable[str], what: str, hint: str) -> None:
        """Refuse options that are said but have nothing to act on."""
        defaults = {field.name: field.default for field in msgspec.structs.fields(self)}
        for name in names:
            if (given := getattr(self, name)) and given != defaults[name]:
                raise UsageError(what, where=option(name), hint=hint)
